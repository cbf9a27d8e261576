//! The embedded broker: what a nats-server does, inside this process.
//!
//! It follows the semantics of nats-server 2.15 with one server and JetStream on. Every timer runs
//! on [`tokio::time`], so a test can pause the clock and turn it.
//!
//! # Bounds
//!
//! | what | bound | at the bound |
//! | --- | --- | --- |
//! | a message, headers included | [`MAX_PAYLOAD`] (1 MiB) | refused, [`Fault::TooLarge`] |
//! | what a subscription holds | 65,536 messages, or what it says | the newest is dropped and counted, and a warning is logged |
//! | a stream | its own limits | as `discard` says |
//! | a stream's message ids | those of the duplicate window | forgotten when it has passed |
//! | a consumer's unsettled messages | `max_ack_pending` | nothing new is delivered |
//! | subjects whose listeners are known | 1,024 | all are forgotten, and found again |
//! | what a pull holds | nothing: a message is handed out when it is polled for | |
//!
//! A stream without limits grows as long as it is published to, as on a server without them.
//!
//! # Where it differs
//!
//! - Mirrors, sources, subject transforms, republishing and counters are refused when a stream is
//!   created. Time zones are those that the program brings, and not the machine's.
//! - A schedule publishes before anything else is taken that comes later; a server (2.15.1) may publish one
//!   that was replaced meanwhile.
//! - A batch that is all or nothing is stored in one call: there are never many under way, and none
//!   is abandoned. Fast ingest is allowed and not needed.
//!   Placement, compression, persistence and direct reads are taken and change nothing.
//! - Nothing is written: storage is memory either way, though bytes are counted for what was asked.
//! - A settlement for a consumer that is gone is `Ok`; a server does not answer it.
//! - A message that is purged is no longer pending at once; a server may count it until its ack
//!   wait has passed. What several filters select counts once among what is to be delivered.
//! - Terminating what is settled already is said in no advisory.
//!
//! # How it is built
//!
//! One lock, around [`broker::State`]. [`broker::Broker::with`] takes it, does what became due,
//! does what is asked, publishes what the broker has to say about it, and wakes tasks once the lock
//! is let go. Nothing is awaited under it. A task of its own ([`timer`]) calls when something
//! becomes due that nobody asks for.

mod admin;
mod admission;
mod advisory;
mod alarm;
mod api;
mod atomic;
mod broker;
mod clock;
mod connection;
mod consumer;
mod consumer_config;
mod consumers;
mod dedup;
mod effects;
mod inbox;
mod info;
mod intake;
mod log;
mod mailbox;
mod marker;
mod pending;
mod pull;
mod random;
mod refusal;
mod router;
mod schedule;
mod schedules;
mod settle;
mod store_options;
mod stored;
mod stream;
mod stream_config;
mod streams;
mod subscriber_cache;
mod subscriptions;
#[cfg(test)]
mod tests;
mod timer;
mod ttl;
mod wire;

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, SystemTime};

use futures_util::StreamExt;
use tidings_subject::check_filter;
use tokio::task::coop::{consume_budget, poll_proceed};
use tokio::time::timeout;
use uuid::Uuid;

pub(crate) use inbox::MemoryInbox;
pub(crate) use pull::MemoryPull;
pub(crate) use settle::MemorySettle;

use self::broker::{Broker, Published, StoreAnswer};
use self::connection::Connection;
use self::consumer::Acks;
use self::effects::TaskWaker;
use self::mailbox::Mailbox;
use self::refusal::{MAX_PAYLOAD, check_size, check_times, invalid};
use super::{
    Announcer, CAPACITY, ConnectionState, ConnectionStatus, ConsumerConfig, DeliverFrom, Dropped,
    Fault, Incoming, Outgoing, PendingAck, Reach,
};
use crate::stream::StreamConfig;
use crate::subject::Subject;

/// A connection to an embedded broker. Clones are the same connection; the broker lives as long
/// as one of its connections does.
#[derive(Debug, Clone)]
pub(crate) struct Memory {
    connection: Arc<Connection>,
    /// Default number of messages that a core subscription holds.
    capacity: usize,
}

#[expect(clippy::unused_async, reason = "the same signatures as over NATS, where a call waits")]
impl Memory {
    /// A broker of its own.
    pub(crate) fn new() -> Self {
        Self::with_capacity(CAPACITY)
    }

    /// Makes a broker whose core subscriptions hold so many messages each.
    pub(crate) fn with_capacity(capacity: usize) -> Self {
        Self { connection: Arc::new(Connection::open(Arc::new(Broker::new()))), capacity }
    }

    /// Makes another connection to the same broker. It is open even if this one was closed.
    #[cfg_attr(not(test), expect(dead_code, reason = "for a harness that starts again"))]
    pub(crate) fn reconnect(&self) -> Self {
        let broker = Arc::clone(&self.connection.broker);
        Self { connection: Arc::new(Connection::open(broker)), capacity: self.capacity }
    }

    /// The broker's time of day, which moves with tokio's clock.
    pub(crate) fn now(&self) -> SystemTime {
        self.connection.broker.with(|state, now| state.clock.system_time(now))
    }

    /// State of its connection, which is there until it is closed.
    pub(crate) fn state(&self) -> ConnectionState {
        let is_closed = self.connection.is_closed();
        ConnectionState {
            status: if is_closed { ConnectionStatus::Closed } else { ConnectionStatus::Connected },
            listening: None,
            server: None,
            round_trip: None,
            lame_duck: false,
        }
    }

    pub(crate) fn announcer(&self) -> &Announcer {
        &self.connection.announcer
    }

    fn route(&self, message: &mut Outgoing, reply: Option<&Subject>) -> Result<Published, Fault> {
        check_size(message, 0)?;
        self.connection.at(|state, moment| state.publish(message, reply, moment))?
    }

    /// Sends a message to whoever listens.
    pub(crate) async fn publish(
        &self,
        message: &Outgoing,
        reply: Option<Subject>,
    ) -> Result<(), Fault> {
        // A loop that only publishes must not keep the other tasks from running.
        consume_budget().await;
        self.route(&mut message.clone(), reply.as_ref()).map(drop)
    }

    /// Publishes at once, unless others are to run first.
    pub(crate) fn publish_at_once(
        &self,
        message: &mut Outgoing,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Fault>> {
        ready!(poll_proceed(cx)).made_progress();
        Poll::Ready(self.route(message, None).map(drop))
    }

    /// Sends a message that a stream is to store.
    pub(crate) async fn store(&self, message: &Outgoing) -> Result<PendingAck, Fault> {
        poll_fn(|cx| self.store_at_once(message, cx)).await
    }

    /// Stores at once, unless others are to run first.
    pub(crate) fn store_at_once(
        &self,
        message: &Outgoing,
        cx: &mut Context<'_>,
    ) -> Poll<Result<PendingAck, Fault>> {
        ready!(poll_proceed(cx)).made_progress();
        let published = self.route(&mut message.clone(), None)?;
        Poll::Ready(Ok(match published.stored {
            Some(StoreAnswer::Answered(stored)) => {
                PendingAck::Known(Some(stored.map_err(Fault::Api)))
            }
            None if published.subscribers == 0 => PendingAck::Known(Some(Err(Fault::NoResponders))),
            // A subscriber took the message and answers nothing, as over the network.
            None | Some(StoreAnswer::Silent) => PendingAck::Known(None),
        }))
    }

    /// Sends a request and waits for one reply.
    pub(crate) async fn request(
        &self,
        mut message: Outgoing,
        within: Duration,
    ) -> Result<Incoming, Fault> {
        let reply = self.new_inbox();
        let mut inbox = self.subscribe(reply.clone(), None)?;
        let published = self.route(&mut message, Some(&reply))?;
        // Nothing is there in no time, as over a network.
        if within.is_zero() {
            return Err(Fault::Timeout);
        }
        if published.subscribers == 0 && published.stored.is_none() {
            return Err(Fault::NoResponders);
        }
        match timeout(within, inbox.next()).await {
            Ok(answer) => answer.ok_or(Fault::Closed),
            Err(_) => Err(Fault::Timeout),
        }
    }

    /// A new subject that nobody else listens on.
    #[expect(clippy::unused_self, reason = "the same signature as over NATS")]
    pub(crate) fn new_inbox(&self) -> Subject {
        Subject::from(format!("_INBOX.{}", Uuid::now_v7().simple()))
    }

    /// Listens on a subject filter, alone or as one of a queue group.
    pub(crate) fn subscribe(
        &self,
        filter: Subject,
        group: Option<&str>,
    ) -> Result<MemoryInbox, Fault> {
        self.subscribe_with(filter, group, None, Vec::new())
    }

    /// Subscribes, and says how many messages are held that nobody has taken, and which are `only`
    /// meant.
    #[expect(clippy::needless_pass_by_value, reason = "the same signature as over NATS")]
    pub(crate) fn subscribe_with(
        &self,
        filter: Subject,
        group: Option<&str>,
        capacity: Option<usize>,
        only: Vec<Subject>,
    ) -> Result<MemoryInbox, Fault> {
        check_filter(filter.as_str()).map_err(|why| invalid(&filter, why))?;
        let filter = filter.as_str();
        let capacity = capacity.unwrap_or(self.capacity);
        let dropped = Dropped::announced(self.connection.announcer.clone());
        let mailbox = Mailbox::new(filter.to_owned(), capacity).only(only).counted(dropped);
        let mailbox = Arc::new(mailbox);
        let subscription = self.connection.with(|state, _| {
            let mailbox = Arc::clone(&mailbox);
            state.subscriptions.add(self.connection.key, filter, group, mailbox)
        })?;
        Ok(MemoryInbox::new(&self.connection.broker, subscription, mailbox))
    }

    /// Creates a stream. One of this name with the same configuration is no fault.
    pub(crate) async fn create_stream(&self, config: &StreamConfig) -> Result<(), Fault> {
        check_times(config)?;
        Ok(self.connection.with(|state, _| state.create_stream(config))??)
    }

    /// Creates a durable consumer. One of this name with the same configuration is no fault.
    pub(crate) async fn create_consumer(
        &self,
        stream: &str,
        config: &ConsumerConfig,
    ) -> Result<(), Fault> {
        Ok(self.connection.with(|state, now| {
            let (key, acks) = (state.new_key(), Acks::from(config.acks));
            let stream = state.streams.expect(stream)?;
            stream.create_consumer(key, config, acks, now, &mut state.effects)
        })??)
    }

    /// Pulls from a durable consumer. It holds nothing, and so never more than `prefetch`.
    pub(crate) fn pull(
        &self,
        stream: &str,
        consumer: &str,
        _prefetch: usize,
    ) -> Result<MemoryPull, Fault> {
        let (key, stream, consumer, acks) = self.connection.with(|state, _| {
            let key = state.new_key();
            let stream = state.streams.expect(stream)?;
            let consumer = stream.consumer_named(consumer)?;
            consumer.begin(&mut state.effects);
            let (consumer, acks) = (consumer.key, consumer.acks);
            Ok::<_, Fault>((key, stream.key, consumer, acks))
        })??;
        Ok(self.new_pull(key, stream, consumer, acks))
    }

    /// Reads a stream in order, without acknowledging, and goes on as messages arrive.
    pub(crate) fn replay(
        &self,
        stream: &str,
        filters: Vec<Subject>,
        from: DeliverFrom,
    ) -> Result<MemoryPull, Fault> {
        let name = Uuid::now_v7().simple().to_string();
        let config = ConsumerConfig { filters, from, ..ConsumerConfig::new(name) };
        let (key, stream) = self.connection.with(|state, now| {
            let key = state.new_key();
            let stream = state.streams.expect(stream)?;
            stream.create_consumer(key, &config, Acks::None, now, &mut state.effects)?;
            Ok::<_, Fault>((key, stream.key))
        })??;
        Ok(self.new_pull(key, stream, key, Acks::None))
    }

    fn new_pull(&self, key: u64, stream: u64, consumer: u64, acks: Acks) -> MemoryPull {
        let connection = Arc::clone(&self.connection);
        let (waker, reach) = (TaskWaker::default(), Reach::behind(0));
        MemoryPull { connection, key, stream, consumer, acks, waker, reach, last: 0, ended: false }
    }

    /// The largest message it takes, in bytes of payload and headers together.
    #[expect(clippy::unused_self, reason = "the same signature as over NATS")]
    pub(crate) fn max_payload(&self) -> usize {
        MAX_PAYLOAD
    }

    /// Everything sent so far has been seen: a call is over when the broker has done it.
    pub(crate) async fn barrier(&self, _within: Duration) -> Result<(), Fault> {
        self.connection.with(|_, _| ())
    }

    /// Ends all subscriptions and closes.
    pub(crate) async fn close(&self, _within: Duration) -> Result<(), Fault> {
        self.connection.with(|_, _| ())?;
        self.connection.close();
        Ok(())
    }
}
