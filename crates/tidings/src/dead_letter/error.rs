//! Errors of reading, putting back and removing dead letters.

use std::error::Error;

use crate::transport::{ApiError, Denial, Fault, Outage};

/// Dead letters could not be read, put back or purged.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeadLetterError {
    /// The dead-letter stream is missing.
    #[error(
        "there is no dead-letter stream `{stream}`: it is created when a registry that puts its dead letters there starts"
    )]
    NoStream {
        /// The dead-letter stream.
        stream: String,
    },
    /// No letter has this sequence; it may have been put back or purged.
    #[error("there is no letter {sequence} in `{stream}`: it may have been put back or purged")]
    NotFound {
        /// The dead-letter stream.
        stream: String,
        /// The sequence that was asked for.
        sequence: u64,
    },
    /// A message in the dead-letter stream is no letter.
    #[error("message {sequence} of `{stream}`, on `{subject}`, is no letter")]
    NoLetter {
        /// The dead-letter stream.
        stream: String,
        /// The message's sequence.
        sequence: u64,
        /// The message's subject.
        subject: String,
    },
    /// A filter asks for what can't be.
    #[error("{part} {value:?} {problem}")]
    Filter {
        /// Part of the filter: `stream`, `consumer` or `subject`.
        part: &'static str,
        /// Value that was asked for.
        value: String,
        /// The problem.
        problem: String,
    },
    /// The original's header block or its subject can't be written again; the letter stays.
    #[error(
        "letter {sequence} can't be put back: the headers or the subject of its original can't be sent; publish its payload anew, and purge it"
    )]
    Unreadable {
        /// The letter's sequence.
        sequence: u64,
    },
    /// The letter refers to an original that its stream does not keep any more; the letter stays.
    #[error(
        "letter {sequence} can't be put back: its original was too large for a letter, and message {original} of `{stream}` is not there any more; purge the letter"
    )]
    Gone {
        /// The letter's sequence.
        sequence: u64,
        /// The stream that kept the original.
        stream: String,
        /// The original's sequence there.
        original: u64,
    },
    /// The original is no event: the server wrote it for one that it deleted (ADR-43); the letter
    /// stays.
    #[error(
        "letter {sequence} can't be put back: its original is no event, the server wrote it for one that it deleted; purge it"
    )]
    Marker {
        /// The letter's sequence.
        sequence: u64,
    },
    /// The original is no event: it is a delayed message as it waited until it was due (ADR-51); the
    /// letter stays.
    #[error(
        "letter {sequence} can't be put back: its original is no event, it is a delayed message as it waited; purge it"
    )]
    Waiting {
        /// The letter's sequence.
        sequence: u64,
    },
    /// The letter names a subject that nothing is put back on: a server's own, an inbox, one with
    /// wildcards; the letter stays.
    #[error(
        "letter {sequence} can't be put back: its original's subject {subject:?} {problem}; who wrote the letter may not have been a service of this bus; purge it"
    )]
    Forbidden {
        /// The letter's sequence.
        sequence: u64,
        /// The original's subject, as the letter says.
        subject: String,
        /// Reason why nothing is put back there.
        problem: String,
    },
    /// The stream that kept the original is gone, or does not keep its subject any more; the letter
    /// stays. It is put back nowhere else.
    #[error(
        "letter {sequence} can't be put back: there is no stream `{stream}` that keeps `{subject}`; give it that subject, or publish the payload anew and purge the letter"
    )]
    NoOrigin {
        /// The letter's sequence.
        sequence: u64,
        /// The original's subject.
        subject: String,
        /// The stream that kept the original.
        stream: String,
    },
    /// The original, with what says that it was put back, is larger than the server takes; the
    /// letter stays.
    #[error("letter {sequence} can't be put back: it has {size} bytes, the server takes {limit}")]
    TooLarge {
        /// The letter's sequence.
        sequence: u64,
        /// Size of the original in bytes, headers included.
        size: usize,
        /// The server's limit in bytes.
        limit: usize,
    },
    /// The stream refused to take the original back; the letter stays.
    #[error("letter {sequence} can't be put back on `{subject}`: {description} (code {code})")]
    Refused {
        /// The letter's sequence.
        sequence: u64,
        /// The original's subject.
        subject: String,
        /// NATS's own error code.
        code: u32,
        /// The server's own description.
        description: String,
    },
    /// Another stream than the one that kept the original says that it has stored it; the letter
    /// stays.
    #[error(
        "letter {sequence} may be back in another stream: `{stored_by}` says that it has stored `{subject}`, and `{stream}` should have"
    )]
    Elsewhere {
        /// The letter's sequence.
        sequence: u64,
        /// The original's subject.
        subject: String,
        /// The stream that kept the original.
        stream: String,
        /// The stream that was named in the answer, as it was.
        stored_by: String,
    },
    /// The client can't send the original as the letter has it, such as for a line end in a header;
    /// the letter stays.
    #[error("letter {sequence} can't be put back: its original can't be sent; purge it")]
    Unsendable {
        /// The letter's sequence.
        sequence: u64,
        /// Error of the client.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The server does not allow what putting this letter back needs; the letter stays.
    #[error("letter {sequence} can't be put back: {source}")]
    Denied {
        /// The letter's sequence.
        sequence: u64,
        /// The denied permission.
        source: Denial,
    },
    /// The server refused to read the dead-letter stream, or to remove from it.
    #[error("dead-letter stream `{stream}`: {description} (code {code})")]
    Server {
        /// The dead-letter stream.
        stream: String,
        /// NATS's own error code.
        code: u32,
        /// The server's own description.
        description: String,
    },
    /// The server did not answer. A letter that was to be put back may be back and still here; to
    /// try again is safe within the duplicate window of its stream.
    #[error("the server did not answer about dead-letter stream `{stream}` in time")]
    Timeout {
        /// The dead-letter stream.
        stream: String,
    },
    /// The connection was away for as long as the server may take to answer, or is gone for good.
    #[error("the server can't be asked about dead-letter stream `{stream}`: {source}")]
    Disconnected {
        /// The dead-letter stream.
        stream: String,
        /// Reason why there is no connection.
        source: Outage,
    },
    /// The bus was closed.
    #[error("the bus is closed")]
    Closed,
    /// The client failed.
    #[error("the server can't be asked about dead-letter stream `{stream}`")]
    Client {
        /// The dead-letter stream.
        stream: String,
        /// The cause.
        source: Box<dyn Error + Send + Sync>,
    },
}

impl DeadLetterError {
    /// Returns `true` if it is about one letter, so that others can be put back all the same.
    pub(super) fn is_of_letter(&self) -> bool {
        matches!(
            self,
            Self::NotFound { .. }
                | Self::NoLetter { .. }
                | Self::Unreadable { .. }
                | Self::Gone { .. }
                | Self::Marker { .. }
                | Self::Waiting { .. }
                | Self::Forbidden { .. }
                | Self::NoOrigin { .. }
                | Self::TooLarge { .. }
                | Self::Refused { .. }
                | Self::Elsewhere { .. }
                | Self::Unsendable { .. }
                | Self::Denied { .. }
        )
    }

    /// Returns `true` if its stream takes nothing for now: what comes behind in the same stream
    /// would overtake this one.
    pub(super) fn is_of_stream(&self) -> bool {
        let Self::Refused { code, description, .. } = self else { return false };
        let (code, description) = (*code, description.clone());
        let is_full = code == ApiError::STORE_FAILED && !description.contains("per subject");
        is_full || ApiError { status: 0, code, description }.is_passing()
    }

    /// Error of the dead-letter stream.
    pub(super) fn of(fault: Fault, stream: &str) -> Self {
        let stream = stream.to_owned();
        match fault {
            Fault::Api(error) if error.code == ApiError::STREAM_NOT_FOUND => {
                Self::NoStream { stream }
            }
            Fault::Api(error) => {
                Self::Server { stream, code: error.code, description: error.description }
            }
            Fault::Timeout => Self::Timeout { stream },
            Fault::Away(source) => Self::Disconnected { stream, source },
            Fault::Closed => Self::Closed,
            Fault::Client(source) => Self::Client { stream, source },
            other => Self::Client { stream, source: other.into() },
        }
    }
}
