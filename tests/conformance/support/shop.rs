//! A shop of which two versions run beside each other: its events, and who handled which.

use std::sync::Arc;

use tidings::prelude::*;
use tokio::sync::watch;

use crate::support::env::{BY_AND_BY, within};

#[derive(EventStream)]
#[stream(name = "SHOP", subjects("shop.>"))]
pub(crate) struct Shop;

/// Event of which either version reads the other's payload.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "shop.created", stream = Shop)]
pub(crate) struct Created {
    #[event(id)]
    pub(crate) number: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "shop.{region}.cancelled", stream = Shop)]
pub(crate) struct Cancelled {
    #[event(id)]
    pub(crate) number: u64,
    pub(crate) region: String,
}

pub(crate) fn created(number: u64) -> Created {
    Created { number }
}

pub(crate) fn cancelled(number: u64) -> Cancelled {
    Cancelled { number, region: "eu".into() }
}

/// Events that the new version handles.
#[derive(Debug, Clone, PartialEq, Event)]
#[event(name = "shop.any", stream = Shop)]
pub(crate) enum ShopEvent {
    Created(Created),
    Cancelled(Cancelled),
}

/// Record of what was handled, in its order, and by whom.
#[derive(Clone, Default)]
pub(crate) struct Book(Arc<watch::Sender<Vec<(&'static str, String)>>>);

impl Book {
    pub(crate) fn enter(&self, who: &'static str, what: impl Into<String>) {
        self.0.send_modify(|entries| entries.push((who, what.into())));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.borrow().is_empty()
    }

    /// Waits until so much was handled, and gives all of it.
    #[track_caller]
    pub(crate) fn all(
        &self,
        count: usize,
    ) -> impl Future<Output = Vec<(&'static str, String)>> + use<> {
        let mut entries = self.0.subscribe();
        within(BY_AND_BY, async move {
            entries.wait_for(|entries| entries.len() >= count).await.expect("it is open").clone()
        })
    }
}

pub(crate) fn text(event: &ShopEvent) -> String {
    match event {
        ShopEvent::Created(created) => format!("created {}", created.number),
        ShopEvent::Cancelled(cancelled) => format!("cancelled {}", cancelled.number),
    }
}
