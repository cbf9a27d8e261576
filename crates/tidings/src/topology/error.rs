//! What can go wrong when provisioning.

use std::error::Error;

use crate::transport::Fault;

/// A stream could not be provisioned.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProvisionError {
    /// A stream of this name exists and does not keep all that is declared.
    #[error(
        "stream `{stream}` exists and does not keep `{missing}`, only {found:?}; add the subject to it, or declare another stream"
    )]
    Subjects {
        /// The stream.
        stream: String,
        /// A declared subject filter that it does not cover.
        missing: String,
        /// What it keeps.
        found: Vec<String>,
    },
    /// The server refused.
    #[error("the server refused stream `{stream}`: {description} (code {code})")]
    Refused {
        /// The stream.
        stream: String,
        /// NATS's own error code.
        code: u32,
        /// What the server says.
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
    /// The server did not answer.
    #[error("the server did not answer about stream `{stream}` in time")]
    Timeout {
        /// The stream.
        stream: String,
    },
    /// The bus was closed.
    #[error("the bus is closed")]
    Closed,
    /// The client failed.
    #[error("can't provision stream `{stream}`")]
    Client {
        /// The stream.
        stream: String,
        /// What it failed with.
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
            Fault::Timeout => Self::Timeout { stream },
            Fault::Closed => Self::Closed,
            Fault::Client(source) => Self::Client { stream, source },
            other @ Fault::TooLarge { .. } => Self::Client { stream, source: other.into() },
        }
    }
}

/// A durable consumer could not be made, or is another one. Whoever reads it says which.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConsumerFault {
    /// It exists with another configuration.
    #[error("it exists with another configuration: {description}")]
    Differs { description: String },
    /// The transport failed.
    #[error(transparent)]
    Transport(#[from] Fault),
}
