//! Faults below the typed part. Every operation turns these into its own error.

use std::error::Error;
use std::fmt;

use super::{Denial, Outage, Unreadable};

/// A transport's failure, the same for both.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    /// Payload and headers are over the server's limit. Nothing was sent.
    #[error("the message has {size} bytes, the server takes {limit}")]
    TooLarge { size: usize, limit: usize },
    /// The subject has no listener.
    #[error("nobody listens on the subject")]
    NoResponders,
    /// The deadline passed; whether the message arrived is unknown.
    #[error("the deadline passed")]
    Timeout,
    /// The deadline passed while there was no connection, or there never will be one again.
    #[error(transparent)]
    Away(Outage),
    /// The server answered a JetStream call with an error.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// Another stream than the one that was meant confirmed a publish, or somebody in its name.
    #[error("stream {0:?} confirmed it, which was not meant")]
    WrongStream(String),
    /// The server does not allow the operation.
    #[error(transparent)]
    Denied(Denial),
    /// A message was delivered that no client can read.
    #[error(
        "message {} of stream `{}` on `{}` has headers that no client can read", .0.message.sequence,
        .0.receipt.stream, .0.message.subject
    )]
    Unreadable(Box<Unreadable>),
    /// The bus was closed.
    #[error("the bus is closed")]
    Closed,
    /// Something else in the client.
    #[error(transparent)]
    Client(Box<dyn Error + Send + Sync>),
}

impl Fault {
    /// No answer in time.
    pub(crate) fn is_timeout(&self) -> bool {
        match self {
            Self::Away(outage) => !matches!(outage, Outage::RuntimeEnded),
            fault => matches!(fault, Self::Timeout),
        }
    }

    pub(crate) fn client(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Client(error.into())
    }
}

/// An error of the JetStream API: a status, NATS's own error code, and a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApiError {
    pub(crate) status: u16,
    pub(crate) code: u32,
    pub(crate) description: String,
}

/// The codes that are told apart (`server/errors.json` of nats-server).
impl ApiError {
    pub(crate) const STREAM_NOT_FOUND: u32 = 10_059;
    pub(crate) const CONSUMER_NOT_FOUND: u32 = 10_014;
    pub(crate) const CONSUMER_LIMIT: u32 = 10_026;
    pub(crate) const MESSAGE_TOO_LARGE: u32 = 10_054;
    pub(crate) const HEADERS_TOO_LARGE: u32 = 10_097;
    pub(crate) const NO_MESSAGE: u32 = 10_037;
    pub(crate) const SEQUENCE_NOT_FOUND: u32 = 10_043;
    /// A stream could not be made. One of the same name may just have been deleted.
    pub(crate) const STREAM_NOT_MADE: u32 = 10_049;
    /// A consumer is to be kept unread for longer than its stream lets it.
    pub(crate) const INACTIVE_TOO_LONG: u32 = 10_153;
    /// A consumer could not be made, perhaps because the stream before its own is still going.
    pub(crate) const CONSUMER_NOT_MADE: u32 = 10_012;
    pub(crate) const STREAM_NAME_IN_USE: u32 = 10_058;
    pub(crate) const CONSUMER_EXISTS: u32 = 10_148;
    pub(crate) const WRONG_LAST_SEQUENCE: u32 = 10_071;
    pub(crate) const WRONG_LAST_SEQUENCE_CONSTANT: u32 = 10_164;
    pub(crate) const WRONG_LAST_MESSAGE_ID: u32 = 10_070;
    pub(crate) const EXPECTED_STREAM: u32 = 10_060;
    /// The store failed: for a moment, or because the stream is full.
    pub(crate) const STORE_FAILED: u32 = 10_077;
    pub(crate) const TTL_INVALID: u32 = 10_165;
    pub(crate) const TTL_DISABLED: u32 = 10_166;
    pub(crate) const SEALED: u32 = 10_109;
    /// A message of the same id is under way in the stream's cluster.
    pub(crate) const IN_PROCESS: u32 = 10_158;
    /// The stream or consumer is being moved, or its replicas changed (nats-server 2.15).
    pub(crate) const RECONFIGURING: u32 = 10_226;

    pub(crate) const ATOMIC_DISABLED: u32 = 10_174;
    pub(crate) const BATCH_INCOMPLETE: u32 = 10_176;
    pub(crate) const BATCH_TOO_LARGE: u32 = 10_199;
    /// A message of a batch has an id that the stream knows, or another one of the batch has.
    pub(crate) const BATCH_DUPLICATE: u32 = 10_201;

    /// The stream is not as a message expects it.
    pub(crate) fn is_conflict(&self) -> bool {
        matches!(
            self.code,
            Self::WRONG_LAST_SEQUENCE
                | Self::WRONG_LAST_SEQUENCE_CONSTANT
                | Self::WRONG_LAST_MESSAGE_ID
                | Self::EXPECTED_STREAM
        )
    }

    /// `true` for what says something of a batch as such, or of the moment, and nothing of a
    /// message.
    pub(crate) fn is_of_batches(&self) -> bool {
        let of_batches = [
            Self::ATOMIC_DISABLED,
            Self::BATCH_INCOMPLETE,
            Self::BATCH_TOO_LARGE,
            Self::BATCH_DUPLICATE,
        ];
        of_batches.contains(&self.code) || self.is_passing()
    }

    /// Returns `true` if the same call may succeed a moment later: no leader, no quorum, a server
    /// starting, too many calls under way, a copy of the same message that is not stored yet.
    pub(crate) fn is_passing(&self) -> bool {
        match self.code {
            10_008
            | 10_009
            | 10_023
            | 10_028
            | 10_047
            | 10_118
            | 10_167
            | 10_210
            | 10_211
            | Self::IN_PROCESS => true,
            Self::STORE_FAILED => !self.description.contains("maximum"),
            _ => false,
        }
    }

    /// A stream, or what stands on one, holds as many bytes as it may, and forgets nothing for what is new.
    pub(crate) fn is_full(&self) -> bool {
        self.code == Self::STORE_FAILED && self.description.contains("maximum bytes")
    }

    /// Returns `true` if there is no message of this sequence: a server says it in four ways, by where it
    /// looked.
    pub(crate) fn is_no_message(&self) -> bool {
        match self.code {
            Self::NO_MESSAGE | Self::SEQUENCE_NOT_FOUND => true,
            10_057 => matches!(self.description.as_str(), "no message found" | "stream store EOF"),
            _ => false,
        }
    }

    /// A fault for a stream that is missing; the description says more.
    pub(crate) fn stream_not_found(description: &str) -> Self {
        Self { status: 404, code: Self::STREAM_NOT_FOUND, description: description.to_owned() }
    }

    pub(crate) fn consumer_not_found() -> Self {
        Self {
            status: 404,
            code: Self::CONSUMER_NOT_FOUND,
            description: "consumer not found".to_owned(),
        }
    }

    /// The server has no JetStream, or not for this account.
    pub(crate) fn is_no_jetstream(&self) -> bool {
        matches!(self.code, 10_076 | 10_039)
    }

    /// Returns `true` if a stream or consumer could not be made, perhaps for something that passes.
    pub(crate) fn is_not_made(&self) -> bool {
        matches!(self.code, Self::STREAM_NOT_MADE | Self::CONSUMER_NOT_MADE)
    }

    pub(crate) fn is_not_found(&self) -> bool {
        matches!(self.code, Self::STREAM_NOT_FOUND | Self::CONSUMER_NOT_FOUND)
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (code {})", self.description, self.code)
    }
}

impl Error for ApiError {}
