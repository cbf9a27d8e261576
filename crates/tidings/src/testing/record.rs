//! Records of messages, typed.

use std::ops::Deref;
use std::time::Duration;

use crate::dead_letter::DeadLetterReason;
use crate::header::{self, Headers};
use crate::publish_ack::PublishAck;

/// A message that was recorded. It dereferences to the message.
///
/// `K` says what was done with it, and which methods it has: [`Published`], [`Handled`],
/// [`NotHandled`], [`Asked`] or [`Answer`].
#[derive(Debug, Clone)]
pub struct Record<M, K> {
    pub(super) message: M,
    pub(super) subject: String,
    pub(super) headers: Headers,
    pub(super) kind: K,
}

/// Record of a message that was published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    pub(super) ack: Option<PublishAck>,
}

/// Record of a message that was handled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handled {
    pub(super) attempt: u64,
    pub(super) sequence: Option<u64>,
}

/// Record of a message that was not handled: retried, rejected, dead-lettered, undecodable or failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotHandled {
    pub(super) attempt: u64,
    pub(super) sequence: Option<u64>,
    pub(super) error: String,
    pub(super) delay: Option<Duration>,
    pub(super) reason: Option<DeadLetterReason>,
}

/// Record of a request that was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    pub(super) error: Option<String>,
}

/// Answer to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Answer<T, E> {
    /// The reply that the request declares.
    Reply(T),
    /// The error that the request declares.
    Declared(E),
    /// An error of the service, as text: the handler failed, or could not read the request.
    Failed(String),
}

impl<M, K> Record<M, K> {
    /// The message.
    pub fn message(&self) -> &M {
        &self.message
    }

    /// Gives the message alone.
    pub fn into_message(self) -> M {
        self.message
    }

    /// The concrete subject.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// Headers of the message.
    pub fn headers(&self) -> &Headers {
        &self.headers
    }

    /// Id of the message (`Nats-Msg-Id`); every stream event has one.
    pub fn message_id(&self) -> Option<&str> {
        self.headers.get(header::MESSAGE_ID)
    }
}

impl<M> Record<M, Published> {
    /// Ack of its stream; `None` without a stream.
    pub fn ack(&self) -> Option<&PublishAck> {
        self.kind.ack.as_ref()
    }

    /// Returns `true` if its stream had it already.
    pub fn duplicate(&self) -> bool {
        self.kind.ack.as_ref().is_some_and(|ack| ack.duplicate)
    }
}

/// Kinds of records of what came to a handler: [`Handled`] and [`NotHandled`].
pub trait Arrived: sealed::Arrival {}

impl Arrived for Handled {}
impl Arrived for NotHandled {}

mod sealed {
    use super::{Handled, NotHandled};

    pub trait Arrival {
        fn attempt(&self) -> u64;
        fn sequence(&self) -> Option<u64>;
    }

    impl Arrival for Handled {
        fn attempt(&self) -> u64 {
            self.attempt
        }

        fn sequence(&self) -> Option<u64> {
            self.sequence
        }
    }

    impl Arrival for NotHandled {
        fn attempt(&self) -> u64 {
            self.attempt
        }

        fn sequence(&self) -> Option<u64> {
            self.sequence
        }
    }
}

impl<M, K: Arrived> Record<M, K> {
    /// Number of this delivery, from 1; always 1 without a stream.
    pub fn attempt(&self) -> u64 {
        self.kind.attempt()
    }

    /// Sequence of the message in its stream.
    pub fn sequence(&self) -> Option<u64> {
        self.kind.sequence()
    }
}

impl<M> Record<M, NotHandled> {
    /// Error that kept it from being handled, with its causes; a panic's text begins with
    /// `panic: `.
    pub fn error(&self) -> &str {
        &self.kind.error
    }

    /// Time until it comes again; `None` where it comes at once, or never.
    pub fn delay(&self) -> Option<Duration> {
        self.kind.delay
    }

    /// Reason why a stream event was put aside; `None` where it was not, or could not be decoded.
    pub fn reason(&self) -> Option<&DeadLetterReason> {
        self.kind.reason.as_ref()
    }
}

impl<M> Record<M, Asked> {
    /// Error of the request, if the asker got no reply: the text of its `RequestError`.
    pub fn error(&self) -> Option<&str> {
        self.kind.error.as_deref()
    }
}

impl<M, T, E> Record<M, Answer<T, E>> {
    /// The answer.
    pub fn answer(&self) -> &Answer<T, E> {
        &self.kind
    }
}

impl<M, K> Deref for Record<M, K> {
    type Target = M;

    fn deref(&self) -> &M {
        &self.message
    }
}
