//! Errors of records: parts that make none, and one that could not be published.

use std::error::Error;
use std::time::Duration;

use crate::confirm::Unstored;
use crate::header;
use crate::link::Link;
use crate::observe::SendError;
use crate::transport::{ApiError, Denial, Fault, Outage, Outgoing, because};

/// The parts of a message are not those of one that can be published.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// The subject is none that can be published on.
    #[error("{subject:?} is no subject to publish on: it {problem}")]
    Subject {
        /// The subject.
        subject: String,
        /// The problem.
        problem: String,
    },
    /// The name is none that a stream can have.
    #[error(
        "{stream:?} can't name a stream: a name has no dots, wildcards, slashes or white space"
    )]
    Stream {
        /// The name.
        stream: String,
    },
    /// A header can't be sent: its name is not printable ASCII, or its value breaks the line.
    #[error("header {name:?} can't be sent: its name or its value is none that NATS can carry")]
    Header {
        /// The header's name.
        name: String,
    },
}

/// A record could not be published.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PublishRecordError {
    /// Payload and headers are larger than the server takes. Nothing was sent.
    #[error(
        "the message for `{subject}` has {size} bytes with its headers, the server takes {limit} (`max_payload`)"
    )]
    TooLarge {
        /// Subject of the message.
        subject: String,
        /// The record's size in bytes.
        size: usize,
        /// The server's limit in bytes.
        limit: usize,
    },
    /// No stream keeps the subject.
    #[error("no stream keeps `{subject}`: `{stream}` does not exist or has other subjects")]
    NoStream {
        /// Subject of the record.
        subject: String,
        /// The stream that the record names.
        stream: String,
    },
    /// The stream did not answer: none of its cluster's servers leads it. Nothing was stored.
    #[error(
        "`{stream}` had no leader within {waited:?}: the message for `{subject}` was not stored"
    )]
    Leaderless {
        /// Subject of the record.
        subject: String,
        /// The stream that the record names.
        stream: String,
        /// Time that was waited.
        waited: Duration,
    },
    /// The stream refused the record, or is not as the record expects it. Nothing was stored.
    #[error("`{stream}` refused the message for `{subject}`: {description} (code {code})")]
    Refused {
        /// Subject of the record.
        subject: String,
        /// The stream that the record names.
        stream: String,
        /// NATS's own error code.
        code: u32,
        /// The server's own description.
        description: String,
        /// `true` if the same record may be taken later, as it is: the stream is full, or the server is
        /// short of something.
        passing: bool,
    },
    /// Another stream confirmed the record than the one that it names.
    #[error(
        "stream {answered:?} confirmed the message for `{subject}`, which `{stream}` is to keep; see which stream has the subject"
    )]
    WrongStream {
        /// Subject of the record.
        subject: String,
        /// The stream that the record names.
        stream: String,
        /// The stream that the confirmation names.
        answered: String,
    },
    /// The server does not allow the publish.
    #[error("can't publish on `{subject}`: {source}")]
    Denied {
        /// Subject of the record.
        subject: String,
        /// The denied permission.
        source: Denial,
    },
    /// No confirmation came, also after sending again: whether the record is stored is unknown.
    #[error(
        "no confirmation for `{subject}` within {waited:?}; it is unknown whether message {message_id:?} is stored{}",
        because(source.as_deref())
    )]
    Unconfirmed {
        /// Subject of the record.
        subject: String,
        /// The record's id.
        message_id: String,
        /// Time that was waited.
        waited: Duration,
        /// Reason why there was no connection at the end; `None` where there was one.
        source: Option<Box<Outage>>,
    },
    /// The connection took no message for as long as publishing may take. Nothing was sent.
    #[error(
        "nothing was sent on `{subject}`: the connection took no message within {waited:?}{}",
        because(source.as_deref())
    )]
    Unsent {
        /// Subject of the record.
        subject: String,
        /// Time that was waited.
        waited: Duration,
        /// Reason why there is no connection, where that is known.
        source: Option<Box<Outage>>,
    },
    /// The connection is gone for good. Nothing was sent.
    #[error("nothing was sent on `{subject}`: {source}")]
    Disconnected {
        /// Subject of the record.
        subject: String,
        /// Reason why there is no connection.
        source: Outage,
    },
    /// The bus was closed before the record was sent.
    #[error("the bus is closed")]
    Closed,
    /// The client failed; whether the record was sent is unknown.
    #[error("can't publish on `{subject}`")]
    Client {
        /// Subject of the record.
        subject: String,
        /// The cause.
        source: Box<dyn Error + Send + Sync>,
    },
}

/// Records could not be published as one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AtomicRecordsError {
    /// The records are fewer than two, or no stream keeps them, or several do. Nothing was sent.
    #[error(
        "one stream stores two records at least as one: these are fewer, or of no stream, or of several"
    )]
    Streams,
    /// The stream stored none of them: it does not allow batches, has a record already, or refuses one; or they could
    /// not be sent. Each by itself may be stored.
    #[error("`{stream}` stored none of the records: {reason}")]
    NotStored {
        /// The stream that the records name.
        stream: String,
        /// Reason why none was stored.
        reason: Box<dyn Error + Send + Sync>,
    },
    /// The records were stored by another stream than the one that they name.
    #[error(
        "stream {answered:?} stored the records, which `{stream}` is to keep; see which stream has their subjects"
    )]
    WrongStream {
        /// The stream that the records name.
        stream: String,
        /// The stream that stored the records.
        answered: String,
    },
    /// No confirmation came: whether all are stored, or none, is unknown. Published each by itself they are stored once.
    #[error(
        "no confirmation from `{stream}` within {waited:?}; it is unknown whether it stored all of the records or none"
    )]
    Unconfirmed {
        /// The stream that the records name.
        stream: String,
        /// Time that was waited.
        waited: Duration,
    },
}

impl SendError for AtomicRecordsError {
    fn kind(&self) -> &'static str {
        match self {
            Self::Streams => "streams",
            Self::NotStored { .. } => "not_stored",
            Self::WrongStream { .. } => "wrong_stream",
            Self::Unconfirmed { .. } => "unconfirmed",
        }
    }
}

impl PublishRecordError {
    /// Returns `true` if the same record will be refused each time, until somebody changes the stream, the
    /// permissions or the server's limits. Nothing was stored then.
    pub fn is_lasting(&self) -> bool {
        match self {
            Self::TooLarge { .. }
            | Self::NoStream { .. }
            | Self::WrongStream { .. }
            | Self::Denied { .. } => true,
            Self::Refused { passing, .. } => !passing,
            Self::Leaderless { .. }
            | Self::Unconfirmed { .. }
            | Self::Unsent { .. }
            | Self::Disconnected { .. }
            | Self::Closed
            | Self::Client { .. } => false,
        }
    }

    /// Returns `true` if the error is about this record or its stream: others may go well. Else it is about the
    /// connection, and the same would become of any record.
    pub fn is_of_record(&self) -> bool {
        self.is_lasting() || matches!(self, Self::Refused { .. } | Self::Leaderless { .. })
    }

    pub(super) fn of(fault: Fault, subject: &str, stream: Option<&str>) -> Self {
        let to = subject.to_owned();
        let of_stream = || stream.unwrap_or_default().to_owned();
        match fault {
            Fault::TooLarge { size, limit } => Self::TooLarge { subject: to, size, limit },
            Fault::NoResponders => Self::NoStream { subject: to, stream: of_stream() },
            Fault::Api(error) => Self::Refused {
                subject: to,
                stream: of_stream(),
                code: error.code,
                // A full stream has room again once something is taken out of it.
                passing: error.is_passing() || error.code == ApiError::STORE_FAILED,
                description: error.description,
            },
            Fault::WrongStream(answered) => {
                Self::WrongStream { subject: to, stream: of_stream(), answered }
            }
            Fault::Denied(source) => Self::Denied { subject: to, source },
            Fault::Away(source) => Self::Disconnected { subject: to, source },
            Fault::Closed => Self::Closed,
            Fault::Client(source) => Self::Client { subject: to, source },
            other => Self::Client { subject: to, source: other.into() },
        }
    }

    pub(super) fn unstored(
        unstored: Unstored,
        link: &Link,
        message: &Outgoing,
        stream: &str,
    ) -> Self {
        let subject = message.subject.to_string();
        let waited = link.timeouts.publish;
        match unstored {
            Unstored::Refused(fault) => Self::of(fault, &subject, Some(stream)),
            Unstored::Leaderless => Self::Leaderless { subject, stream: stream.to_owned(), waited },
            Unstored::Unsent => Self::unsent(link, message),
            Unstored::Unconfirmed => Self::Unconfirmed {
                subject,
                message_id: message.headers.get(header::MESSAGE_ID).unwrap_or("").to_owned(),
                waited,
                source: link.transport.outage().map(Box::new),
            },
        }
    }

    pub(super) fn unsent(link: &Link, message: &Outgoing) -> Self {
        Self::Unsent {
            subject: message.subject.to_string(),
            waited: link.timeouts.publish,
            source: link.transport.outage().map(Box::new),
        }
    }
}

impl SendError for PublishRecordError {
    fn kind(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "too_large",
            Self::NoStream { .. } => "no_stream",
            Self::Leaderless { .. } => "leaderless",
            Self::Refused { .. } => "refused",
            Self::WrongStream { .. } => "wrong_stream",
            Self::Denied { .. } => "denied",
            Self::Unconfirmed { .. } => "unconfirmed",
            Self::Unsent { .. } => "unsent",
            Self::Disconnected { .. } => "disconnected",
            Self::Closed => "closed",
            Self::Client { .. } => "client",
        }
    }
}
