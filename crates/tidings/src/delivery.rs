//! An event that arrived, with what is known of it.

mod acker;

pub use acker::{Acker, SettleError};

use std::ops::Deref;
use std::time::{Duration, SystemTime};

use crate::cloud_event::CloudEvent;
use crate::header::Headers;
use crate::message::Message;
use crate::subject::{ParseSubjectError, Subject};
use crate::transport::{Incoming, IncomingHeaders, Receipt};

/// An event that arrived. It dereferences to the event.
///
/// `K` says how it came: [`Live`], [`Stored`] or [`Durable`]; only a durable consumer's delivery
/// can be acknowledged.
#[derive(Debug)]
pub struct Delivery<E, K = Live> {
    event: E,
    subject: Subject,
    headers: IncomingHeaders,
    cloud_event: Option<Box<CloudEvent>>,
    kind: K,
}

/// Marker of a delivery from a core subscription: it was published while we listened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Live;

/// Marker of a delivery from a stream's history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    receipt: Receipt,
}

/// Marker of a delivery from a durable consumer: it comes again until it is settled.
#[derive(Debug)]
pub struct Durable {
    receipt: Receipt,
    acker: Acker,
}

/// Kind of a delivery: [`Live`], [`Stored`] or [`Durable`].
pub trait DeliveryKind: sealed::FromIncoming + Send + Unpin + 'static {}

impl DeliveryKind for Live {}

impl DeliveryKind for Stored {}

impl DeliveryKind for Durable {}

pub(crate) mod sealed {
    use super::{Acker, Durable, Live, Stored};
    use crate::traces::SettlingByHand;
    use crate::transport::Incoming;

    pub trait FromIncoming: Sized {
        /// `None` only if the transport left out what its kind of delivery always has.
        #[allow(private_interfaces, reason = "sealed: only this crate can call it")]
        fn from_incoming(incoming: &mut Incoming, settling: SettlingByHand) -> Option<Self>;

        /// Takes what settles the delivery, where it can be settled.
        fn into_acker(self) -> Option<Acker> {
            None
        }
    }

    impl FromIncoming for Live {
        #[allow(private_interfaces, reason = "sealed: only this crate can call it")]
        fn from_incoming(_: &mut Incoming, _: SettlingByHand) -> Option<Self> {
            Some(Self)
        }
    }

    impl FromIncoming for Stored {
        #[allow(private_interfaces, reason = "sealed: only this crate can call it")]
        fn from_incoming(incoming: &mut Incoming, _: SettlingByHand) -> Option<Self> {
            Some(Self { receipt: incoming.receipt.take()? })
        }
    }

    impl FromIncoming for Durable {
        #[allow(private_interfaces, reason = "sealed: only this crate can call it")]
        fn from_incoming(incoming: &mut Incoming, settling: SettlingByHand) -> Option<Self> {
            let acker = Acker::new(incoming.settle.take()?, settling);
            Some(Self { receipt: incoming.receipt.take()?, acker })
        }

        fn into_acker(self) -> Option<Acker> {
            Some(self.acker)
        }
    }
}

impl<E: Message, K> Delivery<E, K> {
    pub(crate) fn new(
        event: E,
        incoming: Incoming,
        cloud_event: Option<Box<CloudEvent>>,
        kind: K,
    ) -> Self {
        Self { event, subject: incoming.subject, headers: incoming.headers, cloud_event, kind }
    }

    /// The event.
    pub fn event(&self) -> &E {
        &self.event
    }

    /// Gives the event alone. A durable delivery that is not acknowledged comes again;
    /// [`Delivery::into_parts`] keeps the means to do so.
    pub fn into_event(self) -> E {
        self.event
    }

    /// The concrete subject on which the event was published.
    pub fn subject(&self) -> &str {
        self.subject.as_str()
    }

    /// The typed tokens of its subject.
    ///
    /// # Errors
    /// [`ParseSubjectError`] if the subject is not one that the event declares.
    pub fn tokens(&self) -> Result<E::Tokens, ParseSubjectError> {
        E::parse_subject(self.subject.as_str())
    }

    /// Headers of the message.
    pub fn headers(&self) -> &Headers {
        &self.headers
    }

    /// The attributes of the CloudEvent that it came as, if it was one.
    pub fn cloud_event(&self) -> Option<&CloudEvent> {
        self.cloud_event.as_deref()
    }

    /// Id of the message (`Nats-Msg-Id`); every stream event has one. It stays the same when the message is
    /// put aside and put back; a live delivery, of which no stream says who put it back, then has the id of
    /// the copy.
    pub fn message_id(&self) -> Option<&str> {
        self.headers.message_id()
    }

    /// Number of times that it was put back after it had been put aside, as a redrive has signed; 0
    /// for most, and for each live delivery.
    pub fn redriven(&self) -> u64 {
        self.headers.redriven()
    }
}

impl<E, K> Deref for Delivery<E, K> {
    type Target = E;

    fn deref(&self) -> &E {
        &self.event
    }
}

/// Methods that tell what a stream knows of its message.
macro_rules! receipt {
    ($kind:ty) => {
        impl<E> Delivery<E, $kind> {
            /// The stream that keeps the event.
            pub fn stream(&self) -> &str {
                &self.kind.receipt.stream
            }

            /// Sequence of the message in the stream.
            pub fn sequence(&self) -> u64 {
                self.kind.receipt.sequence
            }

            /// Time at which the stream stored the event.
            pub fn stored_at(&self) -> SystemTime {
                self.kind.receipt.stored_at
            }

            /// Number of messages that the consumer had still to deliver after this one, when it
            /// delivered it.
            ///
            /// What is gone by then, expired or replaced, is not counted. Over a server that is the
            /// time at which it sent the message: what was fetched ahead counts what has gone since,
            /// and not what has come. In memory nothing is fetched ahead.
            pub fn pending(&self) -> u64 {
                self.kind.receipt.pending
            }
        }
    };
}

receipt!(Stored);

receipt!(Durable);

impl<E> Delivery<E, Durable> {
    /// Number of this delivery of the message to this consumer, from 1.
    pub fn attempt(&self) -> u64 {
        self.kind.receipt.attempt
    }

    /// Says that it was handled: it does not come again. Returns once the ack is handed to the
    /// connection; [`ack_confirmed`](Self::ack_confirmed) waits for the server.
    ///
    /// # Errors
    /// [`SettleError`]: the message comes again after the ack wait.
    pub async fn ack(self) -> Result<(), SettleError> {
        self.kind.acker.ack().await
    }

    /// Says that it was handled, and waits until the server knows, for up to 5 s.
    ///
    /// # Errors
    /// [`SettleError`]: the message may come again after the ack wait.
    pub async fn ack_confirmed(self) -> Result<(), SettleError> {
        self.kind.acker.ack_confirmed().await
    }

    /// Asks for it again, after `delay` if one is given. A purge of the stream meanwhile, also of
    /// other subjects, may make a nats-server (2.15.1) wait until the ack wait is over.
    ///
    /// # Errors
    /// [`SettleError`]: the message comes again after the ack wait.
    pub async fn nak(self, delay: Option<Duration>) -> Result<(), SettleError> {
        self.kind.acker.nak(delay).await
    }

    /// Says that work on it goes on: the ack wait starts anew.
    ///
    /// # Errors
    /// [`SettleError`]: the message comes again after the ack wait.
    pub async fn progress(&self) -> Result<(), SettleError> {
        self.kind.acker.progress().await
    }

    /// Gives it up: it does not come again, and the server publishes the reason in an advisory.
    ///
    /// # Errors
    /// [`SettleError`]: the message comes again after the ack wait.
    pub async fn reject(self, reason: &str) -> Result<(), SettleError> {
        self.kind.acker.reject(reason).await
    }

    /// The event, and what settles it.
    pub fn into_parts(self) -> (E, Acker) {
        (self.event, self.kind.acker)
    }
}
