//! A message that arrived, and how it is settled.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;

use crate::header;
use crate::subject::Subject;
use crate::transport::{Fault, Heading, nats, on};

/// A message that arrived.
#[derive(Debug, Clone)]
pub(crate) struct Incoming {
    pub(crate) subject: Subject,
    /// Subject on which an answer is expected; `None` for a stream's messages, which are settled
    /// instead.
    pub(crate) reply: Option<Subject>,
    pub(crate) headers: Heading,
    pub(crate) payload: Bytes,
    /// Receipt of the stream that keeps it, if one delivered it.
    pub(crate) receipt: Option<Receipt>,
    /// How it is settled, if a durable consumer delivered it.
    pub(crate) settle: Option<Settle>,
}

impl Incoming {
    /// Returns `true` if a server wrote it in place of the last message of its subject: it is no
    /// event.
    #[inline]
    pub(crate) fn is_marker(&self) -> bool {
        self.payload.is_empty() && self.headers.get(header::MARKER_REASON).is_some()
    }

    /// Returns `true` if it waits in its stream until it is due (ADR-51): what it is for is another
    /// subject, and it is no event.
    #[inline]
    pub(crate) fn waits(&self) -> bool {
        self.headers.get(header::SCHEDULE).is_some()
    }

    /// Returns `true` if it is no event, whatever its subject.
    #[inline]
    pub(crate) fn is_no_event(&self) -> bool {
        self.is_marker() || self.waits()
    }

    /// Becomes another message, one that no stream delivered. Each part is laid where the last one
    /// was: a message is a few hundred bytes, which are not moved once more.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "else each part is moved twice to be given to it")]
    pub(super) fn become_core(
        &mut self,
        subject: Subject,
        reply: Option<Subject>,
        headers: Heading,
        payload: Bytes,
    ) {
        self.subject = subject;
        self.reply = reply;
        self.headers = headers;
        self.payload = payload;
        self.receipt = None;
        self.settle = None;
    }
}

impl Default for Incoming {
    /// None yet.
    fn default() -> Self {
        Self {
            subject: Subject::from_static(""),
            reply: None,
            headers: Heading::default(),
            payload: Bytes::new(),
            receipt: None,
            settle: None,
        }
    }
}

/// Receipt of a delivery: where a stream keeps the message, and which delivery of it this is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Receipt {
    /// Of all messages of one consumer these two are the same text.
    pub(crate) stream: Arc<str>,
    pub(crate) consumer: Arc<str>,
    pub(crate) sequence: u64,
    /// Counts from 1 with each delivery of the same message to this consumer.
    pub(crate) attempt: u64,
    /// How many messages the consumer has still to deliver.
    pub(crate) pending: u64,
    pub(crate) stored_at: SystemTime,
}

/// Settlement of a delivered message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Settlement {
    /// Handled.
    Ack,
    /// Deliver it again, after this time.
    Nak(Option<Duration>),
    /// Still working: the ack wait starts anew.
    Progress,
    /// Never deliver it again; the reason goes into the server's advisory.
    Term(String),
}

/// The most of a reason that goes into the server's advisory, in characters.
const MOST_REASON: usize = 256;

impl Settlement {
    /// Gives a message up, for a reason of one line and bounded length, as the protocol takes it.
    pub(crate) fn term(reason: &str) -> Self {
        let line = reason.chars().map(|c| if c.is_control() { ' ' } else { c });
        Self::Term(line.take(MOST_REASON).collect())
    }
}

/// The way back to whoever delivered a message.
#[derive(Debug, Clone)]
pub(crate) enum Settle {
    Nats(nats::NatsSettle),
    #[cfg(feature = "memory")]
    Memory(super::memory::MemorySettle),
}

impl Settle {
    /// Says what becomes of the message; `Ok` means handed over to the connection.
    pub(crate) async fn send(&self, settlement: Settlement) -> Result<(), Fault> {
        match self {
            Self::Nats(settle) => settle.send(settlement).await,
            #[cfg(feature = "memory")]
            Self::Memory(settle) => settle.send(settlement),
        }
    }

    /// Acks without waiting. `None` where there is no room for it now: nothing has happened, and
    /// [`send`](Self::send) is to be awaited.
    #[inline]
    pub(crate) fn ack_at_once(&self) -> Option<Result<(), Fault>> {
        match self {
            Self::Nats(settle) => settle.ack_at_once(),
            #[cfg(feature = "memory")]
            Self::Memory(settle) => Some(settle.send(Settlement::Ack)),
        }
    }

    /// Settles as [`send`](Self::send) does, as the last word on the message: nothing is kept of
    /// the way back.
    pub(crate) async fn finish(self, settlement: Settlement) -> Result<(), Fault> {
        match self {
            Self::Nats(settle) => settle.finish(settlement).await,
            #[cfg(feature = "memory")]
            Self::Memory(settle) => settle.send(settlement),
        }
    }

    /// The number of the delivery, among all of its consumer.
    pub(crate) fn delivery(&self) -> u64 {
        on!(self, settle => settle.delivery())
    }

    /// The way back for the message of this sequence, as if it had come with the delivery of this
    /// number: where an ack is to cover messages that came again, out of their order.
    pub(crate) fn covering(&self, sequence: u64, delivery: u64) -> Self {
        match self {
            Self::Nats(settle) => Self::Nats(settle.covering(sequence, delivery)),
            #[cfg(feature = "memory")]
            Self::Memory(settle) => Self::Memory(settle.covering(sequence, delivery)),
        }
    }

    /// Settles, and waits until the server has taken it.
    pub(crate) async fn confirm(
        &self,
        settlement: Settlement,
        within: Duration,
    ) -> Result<(), Fault> {
        match self {
            Self::Nats(settle) => settle.confirm(settlement, within).await,
            #[cfg(feature = "memory")]
            Self::Memory(settle) => settle.send(settlement),
        }
    }
}
