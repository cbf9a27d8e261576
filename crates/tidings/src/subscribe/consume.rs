//! Durable consumers: each message until it is settled, also across restarts.

use std::future::IntoFuture;
use std::marker::PhantomData;
use std::pin::Pin;
use std::time::Duration;

use super::live::check_name;
use super::subscription::{Receiver, Subscription};
use crate::delivery::Durable;
use crate::link::Link;
use crate::message::{Decode, StreamEvent};
use crate::prefetch::Prefetch;
use crate::retry::LONGEST;
use crate::stream::EventStream as _;
use crate::subject::{Subject, SubjectError};
use crate::subscribe::SubscribeError;
use crate::topology::{self, Topology};
use crate::transport::{ConsumerConfig, DeliverFrom};

/// Default ack wait: the time that a delivery may stay unsettled before it comes again.
pub(crate) const ACK_WAIT: Duration = Duration::from_secs(30);

/// A durable consumer to be opened: await it, or first change how it is made and read.
///
/// Its name holds no white space, `.`, `*`, `>`, `/` or `\`, and at most 255 bytes.
///
/// # Errors
/// Awaited, [`SubscribeError`]. A consumer that is there must have the same filters, and the ack
/// wait and the number of deliveries that were asked for, if they were.
///
/// # Cancel safety
/// A consumer that was created stays.
#[derive(Debug)]
#[must_use = "await it to open the consumer"]
pub struct Consume<E> {
    link: Link,
    name: String,
    filters: Result<Vec<Subject>, SubjectError>,
    from: DeliverFrom,
    ack_wait: Option<Duration>,
    prefetch: Option<usize>,
    max_ack_pending: u64,
    max_deliver: Option<u64>,
    event: PhantomData<fn() -> E>,
}

impl<E: StreamEvent + Decode> Consume<E> {
    pub(crate) fn new(
        link: Link,
        name: String,
        filters: Result<Vec<Subject>, SubjectError>,
    ) -> Self {
        Self {
            link,
            name,
            filters,
            from: DeliverFrom::Beginning,
            ack_wait: None,
            prefetch: None,
            max_ack_pending: topology::MAX_ACK_PENDING,
            max_deliver: None,
            event: PhantomData,
        }
    }

    /// Sets where the consumer starts when it is made; the default is the stream's beginning.
    pub fn from(mut self, from: DeliverFrom) -> Self {
        self.from = from;
        self
    }

    /// Sets the time that a delivery may stay unsettled before it comes again; the default is that
    /// of the consumer that is there, and 30 s where it is made.
    pub fn ack_wait(mut self, ack_wait: Duration) -> Self {
        self.ack_wait = Some(ack_wait);
        self
    }

    /// Sets the maximum number of messages that wait here and nobody has taken, at least 1. Their
    /// ack wait runs while they wait.
    ///
    /// Where nothing is said it is 16 at first. It grows up to 1000, as long as half of them are
    /// taken within 50 ms and a 64th of the ack wait, and have no more than 8 MiB together; and it
    /// shrinks where they wait longer.
    pub fn prefetch(mut self, prefetch: usize) -> Self {
        self.prefetch = Some(prefetch.max(1));
        self
    }

    /// Sets the maximum number of messages that are unsettled at a time, over all readers; the
    /// default is 1000.
    pub fn max_ack_pending(mut self, max: u64) -> Self {
        self.max_ack_pending = max;
        self
    }

    /// Sets the maximum number of deliveries of one message, at least 1; the default is that of the
    /// consumer that is there, and without limit where it is made.
    ///
    /// Nothing handles what was delivered as often and not acknowledged: it becomes no dead letter, as it
    /// does on a [`Route`](crate::Route). It is not delivered to this consumer again, it stays in its stream
    /// as long as that keeps it (in a work queue until somebody removes it), and the server says so once, on
    /// `$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.<stream>.<consumer>`. Whoever has the last delivery
    /// ([`Delivery::attempt`](crate::Delivery::attempt)) is the one who can put it aside.
    pub fn max_deliver(mut self, times: u64) -> Self {
        self.max_deliver = Some(times.max(1));
        self
    }

    async fn open(self) -> Result<Subscription<E, Durable>, SubscribeError> {
        check_name(&self.name, "durable consumer")?;
        let stream = E::Stream::NAME;
        let link = self.link;
        let config = ConsumerConfig {
            filters: self.filters?,
            from: self.from,
            ack_wait: self.ack_wait.unwrap_or(ACK_WAIT).min(LONGEST),
            max_deliver: self.max_deliver,
            max_ack_pending: Some(self.max_ack_pending),
            ..ConsumerConfig::new(self.name)
        };
        let mode = Topology::CreateOnly;
        let left = topology::ensure_consumer(&link.transport, stream, &config, mode)
            .await
            .map_err(|fault| SubscribeError::of_consumer(fault, stream, &config.name))?;
        // Whoever settles by hand reckons with the time it asked for; a registry's consumer waits
        // as its route's policy says.
        let differs = |field| left.differences.iter().any(|difference| difference.field == field);
        // Nor does it expect messages that its type can't read.
        if differs("filter_subjects")
            || (self.ack_wait.is_some() && differs("ack_wait"))
            || (self.max_deliver.is_some() && differs("max_deliver"))
        {
            return Err(SubscribeError::exists(left, stream));
        }
        let adaptive = match self.prefetch {
            Some(_) => None,
            None => Some(Prefetch::new(self.max_ack_pending, config.ack_wait)),
        };
        let prefetch = self.prefetch.or(adaptive.as_ref().map(Prefetch::room)).unwrap_or(1);
        let pull = link.transport.pull(stream, &config.name, prefetch).await;
        let name = Some(config.name.as_str());
        pull.map(|pull| Subscription::new(Receiver::Stream(pull, adaptive), &link, name))
            .map_err(|fault| SubscribeError::of_stream(fault, stream))
    }
}

impl<E: StreamEvent + Decode> IntoFuture for Consume<E> {
    type Output = Result<Subscription<E, Durable>, SubscribeError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.open())
    }
}
