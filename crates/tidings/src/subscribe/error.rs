//! Errors of subscribing and of receiving.

use std::error::Error;

use bytes::Bytes;

use crate::delivery::{Acker, DeliveryKind};
use crate::envelope::DecodeError;
use crate::subject::SubjectError;
use crate::topology::{ConsumerFault, ConsumerOwner, ConsumerPlan, Difference};
use crate::traces::SettlingByHand;
use crate::transport::{ApiError, Denial, Fault, Outage, Unreadable};

/// A subscription could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SubscribeError {
    /// A value in a filter can't be a token of a subject.
    #[error(transparent)]
    Subject(#[from] SubjectError),
    /// The name of a durable consumer or a queue group is empty or holds what it must not.
    #[error("{name:?} can't name a {what}: {problem}")]
    Name {
        /// The name.
        name: String,
        /// Kind of thing that it was to name.
        what: &'static str,
        /// The problem.
        problem: String,
    },
    /// The stream does not exist.
    #[error(
        "stream `{stream}` does not exist; create it with `bus.provision::<…>()` and the type that declares it"
    )]
    NoStream {
        /// The stream that the event declares.
        stream: &'static str,
    },
    /// The durable consumer does not exist, and none may be created.
    #[error(
        "consumer `{consumer}` of stream `{stream}` does not exist, and nothing may be created (bind only)"
    )]
    NoConsumer {
        /// The stream.
        stream: &'static str,
        /// The durable consumer.
        consumer: String,
    },
    /// The durable consumer exists with another configuration.
    #[error(
        "consumer `{consumer}` of stream `{stream}` exists with another configuration: {}",
        differ(differences)
    )]
    Exists {
        /// The stream.
        stream: &'static str,
        /// The durable consumer.
        consumer: String,
        /// Differences, field by field.
        differences: Vec<Difference>,
    },
    /// Another registry's handler has a durable consumer of the same default name: each would take
    /// the other's messages.
    #[error(
        "consumer `{consumer}` of stream `{stream}` is that of {theirs}, and would also be that of \
         {ours}; name one of the two with `.durable(\"…\")`"
    )]
    Taken {
        /// The stream.
        stream: &'static str,
        /// The durable consumer.
        consumer: String,
        /// Registry and message that have it.
        theirs: Box<ConsumerOwner>,
        /// Registry and message that would have it too.
        ours: Box<ConsumerOwner>,
    },
    /// The durable consumer would take delayed messages where they wait, in a stream that removes what
    /// is acknowledged: that would cancel them.
    #[error(
        "consumer `{consumer}` takes `{waiting}`, on which delayed messages wait in stream `{stream}`, and \
         its acks would cancel them; give it filters of the events' own subjects, or delete it"
    )]
    CancelsDelayed {
        /// The stream.
        stream: &'static str,
        /// The durable consumer.
        consumer: String,
        /// The subjects on which they wait.
        waiting: String,
    },
    /// The stream has as many consumers as it may; those of replays count, too.
    #[error(
        "stream `{stream}` has as many consumers as it may, which are 1,000 from nats-server 2.15 on if it has no \
         `max_consumers`: declare more, or delete those that nobody needs"
    )]
    TooManyConsumers {
        /// The stream.
        stream: &'static str,
    },
    /// The server refused.
    #[error("the server refused a consumer of stream `{stream}`: {description} (code {code})")]
    Refused {
        /// The stream.
        stream: &'static str,
        /// NATS's own error code.
        code: u32,
        /// The server's own description.
        description: String,
    },
    /// The server does not allow the subscription, or what a consumer needs: the error names the
    /// filter or the subject, and what to change.
    #[error(transparent)]
    Denied(Denial),
    /// The server did not answer.
    #[error("the server did not answer in time")]
    Timeout,
    /// The connection was away for as long as the server may take to answer, or is gone for good.
    #[error("the server can't be asked: {0}")]
    Disconnected(#[source] Outage),
    /// The bus was closed.
    #[error("the bus is closed")]
    Closed,
    /// The client failed.
    #[error("can't subscribe")]
    Client(#[source] Box<dyn Error + Send + Sync>),
}

impl SubscribeError {
    /// A core subscription's fault.
    pub(crate) fn core(fault: Fault) -> Self {
        match fault {
            Fault::Timeout => Self::Timeout,
            Fault::Away(outage) => Self::Disconnected(outage),
            Fault::Denied(denial) => Self::Denied(denial),
            Fault::Closed => Self::Closed,
            Fault::Client(source) => Self::Client(source),
            other => Self::Client(other.into()),
        }
    }

    /// A fault of a consumer of `stream`.
    pub(crate) fn of_stream(fault: Fault, stream: &'static str) -> Self {
        match fault {
            Fault::Api(error) if error.code == ApiError::STREAM_NOT_FOUND => {
                Self::NoStream { stream }
            }
            Fault::Api(error) if error.code == ApiError::CONSUMER_LIMIT => {
                Self::TooManyConsumers { stream }
            }
            Fault::Api(error) => {
                Self::Refused { stream, code: error.code, description: error.description }
            }
            other => Self::core(other),
        }
    }

    /// A consumer that is another one.
    pub(crate) fn exists(plan: ConsumerPlan, stream: &'static str) -> Self {
        Self::Exists { stream, consumer: plan.consumer, differences: plan.differences }
    }

    /// A fault of the durable consumer of this name.
    pub(crate) fn of_consumer(fault: ConsumerFault, stream: &'static str, consumer: &str) -> Self {
        match fault {
            ConsumerFault::Differs { plan } => Self::exists(*plan, stream),
            ConsumerFault::Taken { ours, theirs } => {
                Self::Taken { stream, consumer: consumer.to_owned(), theirs, ours }
            }
            ConsumerFault::Cancels { waiting } => {
                Self::CancelsDelayed { stream, consumer: consumer.to_owned(), waiting }
            }
            ConsumerFault::Missing => Self::NoConsumer { stream, consumer: consumer.to_owned() },
            ConsumerFault::Transport(fault) => Self::of_stream(fault, stream),
        }
    }
}

/// Differences in one line.
fn differ(differences: &[Difference]) -> String {
    let lines: Vec<String> = differences.iter().map(ToString::to_string).collect();
    lines.join("; ")
}

/// A delivery failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReceiveError {
    /// A message is not what its type declares.
    #[error("{source}")]
    Decode {
        /// Error of decoding, which keeps the bytes.
        source: DecodeError,
        /// Way to settle it, if a durable consumer delivered it: it comes again until it is
        /// acknowledged or rejected.
        acker: Option<Acker>,
    },
    /// The consumer was deleted, or its stream, also where that was made again since: the flow ends.
    /// A durable consumer that is opened again is a new one, and starts where `Consume::from` says.
    #[error("the consumer is gone: {description}")]
    ConsumerGone {
        /// The server's own description.
        description: String,
    },
    /// A stored message has headers or a subject that no client can read: it broke the connection. A
    /// durable consumer delivers it again until it is settled, and goes on with the others; a replay can't get
    /// past it and ends: start one behind it, with `DeliverFrom::Sequence`.
    #[error(
        "message {sequence} of stream `{stream}` on `{subject}` has headers or a subject that no client can read; \
         settle it, or start a replay behind it"
    )]
    Unreadable {
        /// The stream.
        stream: String,
        /// The message.
        sequence: u64,
        /// The message's subject.
        subject: String,
        /// The message's payload.
        payload: Bytes,
        /// Way to settle it, if a durable consumer delivered it.
        acker: Option<Acker>,
    },
    /// The server does not allow the subscription any more, or what its consumer needs. The flow
    /// goes on when it does: it is asked again.
    #[error(transparent)]
    Denied(Denial),
    /// The connection or the server missed a heartbeat; the flow goes on when it is back.
    #[error("the connection reports a fault; waiting for it to come back")]
    Connection(#[source] Box<dyn Error + Send + Sync>),
}

impl ReceiveError {
    pub(crate) fn undecodable<K: DeliveryKind>(source: DecodeError, kind: K) -> Self {
        Self::Decode { source, acker: kind.into_acker() }
    }
}

impl From<Fault> for ReceiveError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Api(error) if error.is_not_found() => {
                Self::ConsumerGone { description: error.description }
            }
            Fault::Denied(denial) => Self::Denied(denial),
            Fault::Unreadable(unreadable) => {
                let Unreadable { message, receipt, settle } = *unreadable;
                Self::Unreadable {
                    stream: receipt.stream.to_string(),
                    sequence: message.sequence,
                    subject: message.subject.to_string(),
                    payload: message.payload,
                    acker: settle.map(|settle| Acker::new(settle, SettlingByHand::default())),
                }
            }
            Fault::Away(outage) => Self::Connection(outage.into()),
            Fault::Client(source) => Self::Connection(source),
            other => Self::Connection(other.into()),
        }
    }
}
