//! Two versions of a service: other events, another shape of one of them, other policies.

use std::sync::Arc;
use std::time::Duration;

use tidings::prelude::*;
use tidings::{Retry, Route};

use super::verify::Record;

/// The durable consumer that all instances share.
pub(super) const CONSUMER: &str = "shop";
/// Stream in which the registry puts aside what it can't handle.
pub(super) const DEAD_LETTERS: &str = "mixed-dead-letters";

/// Everything that happens in the shop.
#[derive(Debug, EventStream)]
#[stream(name = "SHOP", subjects("shop.>"), duplicate_window = "1h")]
pub(super) struct Shop;

/// Kind of what happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(super) enum Kind {
    Created,
    Shipped,
    /// A kind that the new version alone knows.
    Cancelled,
}

impl Kind {
    pub(super) fn of(number: u32) -> Self {
        match number % 4 {
            0 | 1 => Self::Created,
            2 => Self::Shipped,
            _ => Self::Cancelled,
        }
    }
}

/// Version of the service that an instance is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    Old,
    New,
}

impl Version {
    pub(super) fn registry(self, record: Arc<Record>) -> Registry {
        let registry = Registry::new("mixed").version(match self {
            Self::Old => "1.0.0",
            Self::New => "2.0.0",
        });
        match self {
            Self::Old => registry.route(
                Route::of::<v1::Event>(move |event: v1::Event, _: Context| {
                    let record = Arc::clone(&record);
                    async move { record.handle(event.number(), event.is_itself()).await }
                })
                .durable(CONSUMER)
                .concurrency(8)
                .ack_wait(Duration::from_secs(5))
                .retry(Retry::fixed(Duration::from_millis(100)).max_attempts(10)),
            ),
            Self::New => registry.route(
                Route::of::<v2::Event>(move |event: v2::Event, _: Context| {
                    let record = Arc::clone(&record);
                    async move { record.handle(event.number(), event.is_itself()).await }
                })
                .durable(CONSUMER)
                .concurrency(16)
                .ack_wait(Duration::from_secs(8))
                .retry(Retry::fixed(Duration::from_millis(150)).max_attempts(20)),
            ),
        }
    }

    pub(super) fn pause(self, control: &tidings::Control, paused: bool) -> anyhow::Result<()> {
        match (self, paused) {
            (Self::Old, true) => control.pause::<v1::Event>()?,
            (Self::Old, false) => control.resume::<v1::Event>()?,
            (Self::New, true) => control.pause::<v2::Event>()?,
            (Self::New, false) => control.resume::<v2::Event>()?,
        }
        Ok(())
    }
}

/// The version that was there first.
pub(super) mod v1 {
    use tidings::prelude::*;

    use super::{Kind, Shop};

    #[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
    #[event(subject = "shop.created", stream = Shop)]
    pub(in super::super) struct Created {
        #[event(id)]
        pub(super) number: u32,
        pub(super) kind: Kind,
    }

    #[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
    #[event(subject = "shop.shipped", stream = Shop)]
    pub(in super::super) struct Shipped {
        #[event(id)]
        pub(super) number: u32,
        pub(super) kind: Kind,
    }

    #[derive(Debug, Event)]
    #[event(stream = Shop)]
    pub(in super::super) enum Event {
        Created(Created),
        Shipped(Shipped),
    }

    impl Event {
        pub(super) fn number(&self) -> u32 {
            match self {
                Self::Created(event) => event.number,
                Self::Shipped(event) => event.number,
            }
        }

        /// Returns `true` if it is what it was published as.
        pub(super) fn is_itself(&self) -> bool {
            match self {
                Self::Created(event) => event.kind == Kind::Created,
                Self::Shipped(event) => event.kind == Kind::Shipped,
            }
        }
    }
}

/// The version that is rolled out.
pub(super) mod v2 {
    use tidings::PublishError;
    use tidings::prelude::*;

    use super::{Kind, Shop};

    #[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
    #[event(subject = "shop.created", stream = Shop)]
    pub(in super::super) struct Created {
        #[event(id)]
        number: u32,
        kind: Kind,
        /// A field that the old version does not know.
        #[serde(default)]
        note: Option<String>,
    }

    #[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
    #[event(subject = "shop.shipped", stream = Shop)]
    pub(in super::super) struct Shipped {
        #[event(id)]
        number: u32,
        kind: Kind,
    }

    #[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
    #[event(subject = "shop.cancelled", stream = Shop)]
    pub(in super::super) struct Cancelled {
        #[event(id)]
        number: u32,
        kind: Kind,
    }

    #[derive(Debug, Event)]
    #[event(stream = Shop)]
    pub(in super::super) enum Event {
        Created(Created),
        Shipped(Shipped),
        Cancelled(Cancelled),
    }

    impl Event {
        fn new(number: u32, kind: Kind) -> Self {
            match kind {
                Kind::Created => Self::Created(Created { number, kind, note: Some("new".into()) }),
                Kind::Shipped => Self::Shipped(Shipped { number, kind }),
                Kind::Cancelled => Self::Cancelled(Cancelled { number, kind }),
            }
        }

        pub(super) fn number(&self) -> u32 {
            match self {
                Self::Created(event) => event.number,
                Self::Shipped(event) => event.number,
                Self::Cancelled(event) => event.number,
            }
        }

        /// Returns `true` if it is what it was published as.
        pub(super) fn is_itself(&self) -> bool {
            match self {
                Self::Created(event) => event.kind == Kind::Created,
                Self::Shipped(event) => event.kind == Kind::Shipped,
                Self::Cancelled(event) => event.kind == Kind::Cancelled,
            }
        }
    }

    pub(in super::super) async fn publish(
        bus: &Bus,
        number: u32,
        kind: Kind,
    ) -> Result<(), PublishError> {
        bus.publish(&Event::new(number, kind)).await.map(drop)
    }
}
