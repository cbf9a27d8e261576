//! Replays: a stream's history in order, and then what follows.

use std::future::IntoFuture;
use std::marker::PhantomData;
use std::pin::Pin;
use std::time::{Duration, SystemTime};

use super::{Ahead, Source, Subscription};
use crate::delivery::Stored;
use crate::link::Link;
use crate::message::{Decode, StreamEvent};
use crate::stream::EventStream as _;
use crate::subject::{Subject, SubjectError};
use crate::subscribe::SubscribeError;
use crate::transport::DeliverFrom;

/// Where in a stream a replay or a new durable consumer starts.
///
/// It is not in the prelude, where it would hide the standard library's `From`: write
/// `tidings::From::Beginning`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum From {
    /// At the first message that is kept.
    Beginning,
    /// At the message with this sequence, or the first one after it.
    ///
    /// Where a stream keeps messages by interest, start no later than behind its last one: as a
    /// consumer that did goes, while there is another such, a server (2.15.1) can purge the stream.
    Sequence(u64),
    /// At the first message stored at or after this time.
    Time(SystemTime),
    /// With the last message of each subject, and then all that follow. Where the consumer of a
    /// replay is lost meanwhile, one of those that has been replaced by then may be left out.
    LastPerSubject,
    /// With the first message stored from now on.
    New,
}

impl std::convert::From<From> for DeliverFrom {
    fn from(from: From) -> Self {
        match from {
            From::Beginning => Self::Beginning,
            From::Sequence(sequence) => Self::Sequence(sequence),
            From::Time(time) => Self::Time(time),
            From::LastPerSubject => Self::LastPerSubject,
            From::New => Self::New,
        }
    }
}

/// A replay to be made: await it.
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
    from: From,
    event: PhantomData<fn() -> E>,
}

impl<E: StreamEvent + Decode> Replay<E> {
    pub(crate) fn new(link: Link, filters: Result<Vec<Subject>, SubjectError>, from: From) -> Self {
        Self { link, filters, from, event: PhantomData }
    }

    async fn open(self) -> Result<Subscription<E, Stored>, SubscribeError> {
        let stream = E::Stream::NAME;
        let filters = self.filters?;
        // Nothing is settled, and so nothing waits in vain.
        let ahead = Ahead::new(u64::MAX, Duration::MAX);
        let (transport, from) = (&self.link.transport, self.from.into());
        let pull = transport.replay(stream, filters, from, ahead.room()).await;
        pull.map(|pull| Subscription::new(Source::Stream(pull, Some(ahead))))
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
