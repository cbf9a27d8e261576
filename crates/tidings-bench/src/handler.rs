//! Handler of an event on both sides: it is counted.

use std::hint::black_box;

use tidings::{Context, Decode, Event, Failure, Handler};

use crate::meter::Meter;

/// Counts events.
#[derive(Debug, Clone)]
pub(crate) struct Counting {
    pub(crate) meter: Meter,
}

impl Counting {
    /// The work itself. Whether it was the last one.
    #[expect(
        clippy::unused_async,
        reason = "a handler is async, also where it has nothing to await"
    )]
    pub(crate) async fn count<E>(&self, event: E) -> bool {
        drop(black_box(event));
        self.meter.hit()
    }
}

impl<E: Event + Decode> Handler<E> for Counting {
    async fn handle(&self, event: E, _: Context) -> Result<(), Failure> {
        self.count(event).await;
        Ok(())
    }
}
