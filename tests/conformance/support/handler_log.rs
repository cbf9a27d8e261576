//! A record of which instance handled which event.

use std::collections::BTreeMap;
use std::sync::Arc;

use tidings::prelude::*;
use tokio::sync::watch;

use crate::support::env::{BY_AND_BY, within};
use crate::support::message::Sent;

/// Numbers of events, with the names of those who handled them.
pub(crate) type Entries = BTreeMap<u64, Vec<&'static str>>;

/// Counts who handled what, and how often.
#[derive(Clone)]
pub(crate) struct HandlerLog(Arc<watch::Sender<(Entries, usize)>>);

impl Default for HandlerLog {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::default()))
    }
}

impl HandlerLog {
    /// A handler that enters each event under this name.
    pub(crate) fn handler(&self, instance: &'static str) -> impl Handler<Sent> + use<> {
        let log = self.clone();
        move |event: Sent, _: Context| {
            log.enter(instance, event.number);
            std::future::ready(Ok(()))
        }
    }

    /// Enters that this instance handled the event of this number.
    pub(crate) fn enter(&self, instance: &'static str, number: u64) {
        self.0.send_modify(|(entries, times)| {
            entries.entry(number).or_default().push(instance);
            *times += 1;
        });
    }

    pub(crate) fn entries(&self) -> Entries {
        self.0.borrow().0.clone()
    }

    /// Waits until so many different events were handled, so many times altogether.
    #[track_caller]
    pub(crate) fn wait_for(&self, events: usize, times: usize) -> impl Future<Output = ()> + use<> {
        let mut changes = self.0.subscribe();
        within(BY_AND_BY, async move {
            let enough =
                |(entries, count): &(Entries, usize)| entries.len() >= events && *count >= times;
            changes.wait_for(enough).await.expect("the log is open");
        })
    }
}
