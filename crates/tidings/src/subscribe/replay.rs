//! Replays: a stream's history in order, and then what follows.

use std::future::IntoFuture;
use std::marker::PhantomData;
use std::pin::Pin;
use std::time::Duration;

use super::subscription::{Receiver, Subscription};
use crate::delivery::Stored;
use crate::link::Link;
use crate::message::{Decode, StreamEvent};
use crate::prefetch::Prefetch;
use crate::stream::EventStream as _;
use crate::subject::{Subject, SubjectError};
use crate::subscribe::SubscribeError;
use crate::transport::DeliverFrom;

/// A replay to be opened by `.await`.
///
/// # Errors
/// Awaited, [`SubscribeError`].
///
/// # Cancel safety
/// Dropping the future, or the replay, deletes its consumer. Where the server can't be told, it
/// forgets one by itself after 30 s.
#[derive(Debug)]
#[must_use = "await it to start the replay"]
pub struct Replay<E> {
    link: Link,
    filters: Result<Vec<Subject>, SubjectError>,
    from: DeliverFrom,
    event: PhantomData<fn() -> E>,
}

impl<E: StreamEvent + Decode> Replay<E> {
    pub(crate) fn new(
        link: Link,
        filters: Result<Vec<Subject>, SubjectError>,
        from: DeliverFrom,
    ) -> Self {
        Self { link, filters, from, event: PhantomData }
    }

    async fn open(self) -> Result<Subscription<E, Stored>, SubscribeError> {
        let stream = E::Stream::NAME;
        let filters = self.filters?;
        // Nothing is settled, and so nothing waits in vain.
        let prefetch = Prefetch::new(u64::MAX, Duration::MAX);
        let (link, from) = (&self.link, self.from);
        let pull = link.transport.replay(stream, filters, from, prefetch.room()).await;
        pull.map(|pull| Subscription::new(Receiver::Stream(pull, Some(prefetch)), link, None))
            .map_err(|fault| SubscribeError::of_stream(fault, stream))
    }
}

impl<E: StreamEvent + Decode> IntoFuture for Replay<E> {
    type Output = Result<Subscription<E, Stored>, SubscribeError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.open())
    }
}
