//! Errors of provisioning.

use std::error::Error;

use tidings_subject::NameError;

use super::consumer_plan::ConsumerPlan;
use super::difference::Difference;
use super::owner::ConsumerOwner;
use super::stream_plan::StreamPlan;
use crate::transport::{Denial, Fault, Outage};

/// A stream could not be provisioned.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProvisionError {
    /// No stream can have this name. Nothing was asked.
    #[error("{stream:?} can't be a stream's name: it {problem}")]
    Name {
        /// The name, cut after 64 characters.
        stream: String,
        /// The problem.
        problem: NameError,
    },
    /// A stream of this name exists and does not keep all that is declared.
    #[error(
        "stream `{stream}` exists and does not keep `{missing}`, only {found:?}; add the subject to it, or declare another stream"
    )]
    Subjects {
        /// The stream.
        stream: String,
        /// A declared subject filter that it does not cover.
        missing: String,
        /// Subjects that the stream keeps.
        found: Vec<String>,
    },
    /// The stream is missing, and nothing may be created.
    #[error("stream `{stream}` does not exist, and nothing may be created (bind only)")]
    Missing {
        /// The stream.
        stream: String,
    },
    /// The stream is there and can't be changed to what is declared, or would lose messages.
    #[error(
        "stream `{}` is not as declared: {}; change it with `bus.plan_stream(…)` and \
         `bus.apply(…)`, or change the declaration", .plan.stream, one_line(.plan.refused())
    )]
    Differs {
        /// Plan with each field that differs, ours and theirs.
        plan: Box<StreamPlan>,
    },
    /// The stream was changed by somebody else again and again while it was being changed here.
    #[error("stream `{stream}` is being changed by somebody else; try again")]
    Changed {
        /// The stream.
        stream: String,
    },
    /// The server refused.
    #[error("the server refused stream `{stream}`: {description} (code {code})")]
    Refused {
        /// The stream.
        stream: String,
        /// NATS's own error code.
        code: u32,
        /// The server's own description.
        description: String,
    },
    /// The server has no JetStream, or the account may not use it.
    #[error(
        "no JetStream to create `{stream}` in: start the server with `-js`, or give it to the account"
    )]
    NoJetStream {
        /// The stream.
        stream: String,
    },
    /// The server does not allow what has to be asked.
    #[error("stream `{stream}` can't be looked at or changed: {source}")]
    Denied {
        /// The stream.
        stream: String,
        /// The denied permission.
        source: Denial,
    },
    /// The server did not answer.
    #[error("the server did not answer about stream `{stream}` in time")]
    Timeout {
        /// The stream.
        stream: String,
    },
    /// The connection was away for as long as the server may take to answer, or is gone for good.
    #[error("the server can't be asked about stream `{stream}`: {source}")]
    Disconnected {
        /// The stream.
        stream: String,
        /// Reason why there is no connection.
        source: Outage,
    },
    /// The bus was closed.
    #[error("the bus is closed")]
    Closed,
    /// The client failed.
    #[error("can't provision stream `{stream}`")]
    Client {
        /// The stream.
        stream: String,
        /// The cause.
        source: Box<dyn Error + Send + Sync>,
    },
}

impl ProvisionError {
    pub(crate) fn of(fault: Fault, stream: &str) -> Self {
        let stream = stream.to_owned();
        match fault {
            Fault::Api(error) if error.is_no_jetstream() => Self::NoJetStream { stream },
            Fault::Api(error) => {
                Self::Refused { stream, code: error.code, description: error.description }
            }
            Fault::NoResponders => Self::NoJetStream { stream },
            Fault::Denied(source) => Self::Denied { stream, source },
            Fault::Timeout => Self::Timeout { stream },
            Fault::Away(source) => Self::Disconnected { stream, source },
            Fault::Closed => Self::Closed,
            Fault::Client(source) => Self::Client { stream, source },
            other @ (Fault::TooLarge { .. } | Fault::Unreadable(_) | Fault::WrongStream(_)) => {
                Self::Client { stream, source: other.into() }
            }
        }
    }
}

impl From<ApplyError> for ProvisionError {
    fn from(error: ApplyError) -> Self {
        match error {
            ApplyError::Refused { plan } => Self::Differs { plan },
            ApplyError::Changed { stream } => Self::Changed { stream },
            ApplyError::Stream(error) => error,
        }
    }
}

/// A stream could not be planned.
pub(crate) fn not_planned(fault: Fault, stream: &str) -> ProvisionError {
    ProvisionError::of(fault, stream)
}

/// A plan could not be applied.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ApplyError {
    /// The plan says that it can't be, or would lose messages.
    #[error(
        "stream `{}` is left as it is: {}", .plan.stream, one_line(.plan.refused())
    )]
    Refused {
        /// Plan with each field that differs, ours and theirs; with [`StreamPlan::allow_data_loss`] a loss is
        /// allowed.
        plan: Box<StreamPlan>,
    },
    /// The stream is not what it was when the plan was made. Nothing was changed.
    #[error("stream `{stream}` was changed after the plan was made; plan it again")]
    Changed {
        /// The stream.
        stream: String,
    },
    /// The stream could not be read or written.
    #[error(transparent)]
    Stream(ProvisionError),
}

impl ApplyError {
    pub(super) fn of(fault: Fault, stream: &str) -> Self {
        Self::Stream(ProvisionError::of(fault, stream))
    }
}

/// Error of applying a plan of a durable consumer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ApplyConsumerError {
    /// The plan says that it can't be, or would lose messages, or that the consumer is another's.
    #[error(
        "consumer `{}` of stream `{}` is left as it is: {}", .plan.consumer, .plan.stream,
        one_line(.plan.refused())
    )]
    Refused {
        /// Plan with each field that differs, ours and theirs; [`ConsumerPlan::allow_data_loss`] allows a
        /// loss, and [`ConsumerPlan::take_over`] a change of what another asked for.
        plan: Box<ConsumerPlan>,
    },
    /// The consumer is not what it was when the plan was made. Nothing was changed.
    #[error(
        "consumer `{consumer}` of stream `{stream}` was changed after the plan was made; plan it again"
    )]
    Changed {
        /// The stream.
        stream: String,
        /// The durable consumer.
        consumer: String,
    },
    /// The consumer could not be read or written.
    #[error("consumer `{consumer}` can't be changed: {source}")]
    Consumer {
        /// The durable consumer.
        consumer: String,
        /// The error of its stream.
        source: ProvisionError,
    },
}

fn one_line<'a>(differences: impl Iterator<Item = &'a Difference>) -> String {
    differences.map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// A durable consumer could not be made, or is another one. Whoever reads it says which.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConsumerFault {
    /// The consumer exists with another configuration.
    #[error("{plan:#}")]
    Differs { plan: Box<ConsumerPlan> },
    /// The consumer is missing, and nothing may be created.
    #[error("it does not exist, and nothing may be created (bind only)")]
    Missing,
    /// Another route has the same default name.
    #[error("it is that of {theirs}, and would also be that of {ours}")]
    Taken { ours: Box<ConsumerOwner>, theirs: Box<ConsumerOwner> },
    /// The consumer takes what waits until it is due, and its ack would remove that.
    #[error("it takes `{waiting}`, where delayed messages wait, and cancels what it acknowledges")]
    Cancels { waiting: String },
    /// The transport failed.
    #[error(transparent)]
    Transport(#[from] Fault),
}

impl ConsumerFault {
    pub(super) fn differs(plan: ConsumerPlan) -> Self {
        Self::Differs { plan: Box::new(plan) }
    }
}

/// Fault of making again what was lost.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RestoreFault {
    #[error(transparent)]
    Stream(#[from] ProvisionError),
    #[error(transparent)]
    Consumer(#[from] ConsumerFault),
}

impl From<Fault> for RestoreFault {
    fn from(fault: Fault) -> Self {
        Self::Consumer(ConsumerFault::Transport(fault))
    }
}

impl RestoreFault {
    /// Returns `true` if the consumer is there, and another than the one that is wanted.
    pub(crate) fn is_another(&self) -> bool {
        let another = |fault: &ConsumerFault| {
            matches!(
                fault,
                ConsumerFault::Differs { .. }
                    | ConsumerFault::Taken { .. }
                    | ConsumerFault::Cancels { .. }
            )
        };
        matches!(self, Self::Consumer(fault) if another(fault))
    }
}
