//! Errors of publishing.

use std::error::Error;
use std::time::{Duration, SystemTime};

use crate::envelope::EncodeFault;
use crate::header::{self, HeaderError};
use crate::link::Link;
use crate::message::ReadBackError;
use crate::object_store::ObjectPutError;
use crate::recurrence::RecurrenceError;
use crate::subject::{Subject, SubjectError};
use crate::timestamp;
use crate::transport::{Denial, Fault, Outage, Outgoing, because};

/// An event could not be published.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PublishError {
    /// A field's value can't be a token of the subject. Nothing was sent.
    #[error(transparent)]
    Subject(#[from] SubjectError),
    /// A header can't be sent. Nothing was sent.
    #[error(transparent)]
    Header(#[from] HeaderError),
    /// The event can't be written as JSON. Nothing was sent.
    #[error("`{name}` can't be written as JSON: {source}")]
    Encode {
        /// The event's wire name.
        name: &'static str,
        /// Error of serde.
        source: serde_json::Error,
    },
    /// The event could not be read from what would be sent. Nothing was sent.
    ///
    /// This is looked at in a debug build (`debug_assertions`), and on the bus of a
    /// [`TestBus`](crate::testing::TestBus) in any build; a release build sends the event unread. A
    /// type with borrowed fields has no reader, and one with type parameters none that is known here:
    /// neither is looked at.
    #[error("`{name}` can't be read back from what would be sent: {source}")]
    Unreadable {
        /// The event's wire name.
        name: &'static str,
        /// The value that can't be read, and the way out.
        source: Box<ReadBackError>,
    },
    /// Payload and headers are larger than the server takes. Nothing was sent.
    #[error(
        "the message for `{subject}` has {size} bytes with its headers, the server takes {limit} (`max_payload`)"
    )]
    TooLarge {
        /// Subject of the message.
        subject: String,
        /// The message's size in bytes.
        size: usize,
        /// The server's limit in bytes.
        limit: usize,
    },
    /// The payload is too large for a message, and could not be stored in the object store of its stream.
    /// Nothing of the event was sent.
    #[error(
        "the large event for `{subject}` was not published, since its payload was not stored: {}",
        not_stored(store, source)
    )]
    Large {
        /// Subject of the event.
        subject: String,
        /// The object store that its stream declares.
        store: &'static str,
        /// Error of storing the payload.
        source: Box<ObjectPutError>,
    },
    /// The event is too large for a message, and what is asked for does not go with an object store. Nothing
    /// was sent.
    #[error(
        "the event for `{subject}` has {size} bytes, the server takes {limit} (`max_payload`), and its payload \
         can't go through an object store: {problem}; publish it by itself and at once"
    )]
    LargeRefused {
        /// Subject of the event.
        subject: String,
        /// Size of its message in bytes.
        size: usize,
        /// The server's limit in bytes.
        limit: usize,
        /// Reason why the payload can't go through an object store.
        problem: &'static str,
    },
    /// A message id is empty or holds white space, a control or a non-ASCII character.
    #[error("{id:?} can't be a message id: it must be printable ASCII without spaces")]
    MessageId {
        /// The id.
        id: String,
    },
    /// A time to live is not a whole number of seconds, or none at all (ADR-43).
    #[error("a message can't live for {ttl:?}: give whole seconds, one at least")]
    Ttl {
        /// The time that was asked for.
        ttl: Duration,
    },
    /// A message is to live for less time than the marker that its stream writes for what it deletes:
    /// the server would keep it longer than was asked for (2.15). Nothing was sent.
    #[error(
        "a message in `{stream}` can't live for {ttl:?}: its `subject_delete_marker_ttl` is {marker:?}, and the server keeps no message for less"
    )]
    TtlBelowMarker {
        /// The stream.
        stream: &'static str,
        /// The time that was asked for.
        ttl: Duration,
        /// Time for which the stream keeps a marker.
        marker: Duration,
    },
    /// A message can't be delayed. Nothing was sent.
    #[error("the message for `{subject}` can't be delayed: {problem}")]
    Delay {
        /// Subject of the message.
        subject: String,
        /// Problem of the delay, and what would help.
        problem: String,
    },
    /// A message was to be delivered at a time that has passed. Nothing was sent.
    #[error(
        "the message for `{subject}` can't be delivered at {}: that has passed; publish it without a time",
        timestamp::write(*at).unwrap_or_else(|| format!("{at:?}"))
    )]
    Past {
        /// Subject of the message.
        subject: String,
        /// The time.
        at: SystemTime,
    },
    /// A recurrence can't be read. Nothing was sent.
    #[error(transparent)]
    Recurrence(#[from] RecurrenceError),
    /// A delayed event is published already, and whether it waits for the time that is asked for now
    /// is not known, or it waits for another. This copy was not stored.
    #[error(
        "message {message_id:?} for `{subject}` is delayed already, and may come at its earlier time: {problem}"
    )]
    NotRescheduled {
        /// Subject of the event.
        subject: String,
        /// The message's id.
        message_id: String,
        /// Reason why it does not wait for the new time.
        problem: String,
    },
    /// No stream keeps the event's subject.
    #[error(
        "no stream keeps `{subject}`: `{stream}` does not exist or has other subjects; create it with `bus.provision::<…>()` and the type that declares it"
    )]
    NoStream {
        /// Subject of the event.
        subject: String,
        /// The stream that the event declares.
        stream: &'static str,
    },
    /// The stream did not answer: none of its cluster's servers leads it. Nothing was stored.
    #[error(
        "`{stream}` had no leader within {waited:?}: the message for `{subject}` was not stored"
    )]
    Leaderless {
        /// Subject of the event.
        subject: String,
        /// The stream that the event declares.
        stream: &'static str,
        /// Time that was waited.
        waited: Duration,
    },
    /// The stream is not as the message's options expect it. Nothing was stored.
    #[error("`{stream}` did not store the message for `{subject}`: {description}")]
    Conflict {
        /// Subject of the event.
        subject: String,
        /// The stream that the event declares.
        stream: &'static str,
        /// The server's own description, such as `wrong last sequence: 7`.
        description: String,
    },
    /// The stream refused the message. Nothing was stored.
    #[error("`{stream}` refused the message for `{subject}`: {description} (code {code})")]
    Refused {
        /// Subject of the event.
        subject: String,
        /// The stream that the event declares.
        stream: &'static str,
        /// NATS's own error code.
        code: u32,
        /// The server's own description.
        description: String,
    },
    /// Another stream confirmed the message than the one that its type declares. Either that one keeps
    /// the subject and has stored the message, or somebody who may hear it has answered in its name:
    /// whether `stream` has it is unknown.
    #[error(
        "stream {answered:?} confirmed the message for `{subject}`, which its type says `{stream}` keeps; see which stream has the subject, and who may publish into the inboxes of others"
    )]
    WrongStream {
        /// The subject on which the event was published.
        subject: String,
        /// The stream that the event declares.
        stream: &'static str,
        /// The stream that the confirmation names.
        answered: String,
    },
    /// The server does not allow the publish. Where the denial is of this subject nothing was sent; where it
    /// is of the inbox in which a confirmation would come, it is unknown whether the event is stored.
    ///
    /// An event without a stream is sent before the server says anything: the next one on its
    /// subject and `Bus::flush` say that it was denied.
    #[error("can't publish on `{subject}`: {source}")]
    Denied {
        /// Subject of the event.
        subject: String,
        /// The denied permission.
        source: Denial,
    },
    /// No confirmation came, also after sending again: whether the event is stored is unknown. It is
    /// sent again until the publish timeout, and no longer than the stream's declared duplicate window.
    /// Publishing it again with the same message id within the stream's duplicate window stores it
    /// once.
    #[error(
        "no confirmation for `{subject}` within {waited:?}; it is unknown whether message {message_id:?} is stored{}",
        because(source.as_deref())
    )]
    Unconfirmed {
        /// Subject of the event.
        subject: String,
        /// The message's id.
        message_id: String,
        /// Time that was waited.
        waited: Duration,
        /// Reason why there was no connection at the end; `None` where there was one.
        source: Option<Box<Outage>>,
    },
    /// The connection took no message for as long as publishing may take: the server is away, and
    /// what the client keeps for its return is full. Nothing was sent.
    #[error(
        "nothing was sent on `{subject}`: the connection took no message within {waited:?}{}",
        because(source.as_deref())
    )]
    Unsent {
        /// Subject of the event.
        subject: String,
        /// Time that was waited.
        waited: Duration,
        /// Reason why there is no connection, where that is known.
        source: Option<Box<Outage>>,
    },
    /// The connection is gone for good. Nothing was sent.
    #[error("nothing was sent on `{subject}`: {source}")]
    Disconnected {
        /// Subject of the event.
        subject: String,
        /// Reason why there is no connection.
        source: Outage,
    },
    /// The bus was closed before the message was sent.
    #[error("the bus is closed")]
    Closed,
    /// The client failed; whether the message was sent is unknown.
    #[error("can't publish on `{subject}`")]
    Client {
        /// Subject of the event.
        subject: String,
        /// The cause.
        source: Box<dyn Error + Send + Sync>,
    },
}

impl PublishError {
    /// Error of a message that the connection did not take in time.
    pub(super) fn unsent(link: &Link, subject: &Subject) -> Self {
        Self::Unsent {
            subject: subject.to_string(),
            waited: link.timeouts.publish,
            source: link.transport.outage().map(Box::new),
        }
    }

    /// Error of a stream's message after `waited` without a confirmation.
    pub(super) fn unconfirmed(link: &Link, outgoing: &Outgoing, waited: Duration) -> Self {
        Self::Unconfirmed {
            subject: outgoing.subject.to_string(),
            message_id: outgoing.headers.get(header::MESSAGE_ID).unwrap_or("").to_owned(),
            waited,
            source: link.transport.outage().map(Box::new),
        }
    }

    /// Error of a message that no stream keeps.
    pub(super) fn core(fault: Fault, subject: &str) -> Self {
        let subject = subject.to_owned();
        match fault {
            Fault::TooLarge { size, limit } => Self::TooLarge { subject, size, limit },
            Fault::Denied(source) => Self::Denied { subject, source },
            Fault::Closed => Self::Closed,
            Fault::Away(source) => Self::Disconnected { subject, source },
            Fault::Client(source) => Self::Client { subject, source },
            other => Self::Client { subject, source: other.into() },
        }
    }

    /// Error of a message for this stream.
    pub(super) fn of_stream(fault: Fault, subject: &str, stream: &'static str) -> Self {
        let to = subject.to_owned();
        match fault {
            Fault::NoResponders => Self::NoStream { subject: to, stream },
            Fault::Api(error) => match error.code {
                _ if error.is_conflict() => {
                    Self::Conflict { subject: to, stream, description: error.description }
                }
                code => Self::Refused { subject: to, stream, code, description: error.description },
            },
            Fault::WrongStream(answered) => Self::WrongStream { subject: to, stream, answered },
            other => Self::core(other, subject),
        }
    }
}

impl From<EncodeFault> for PublishError {
    fn from(fault: EncodeFault) -> Self {
        match fault {
            EncodeFault::Subject(error) => Self::Subject(error),
            EncodeFault::Payload { name, source } => Self::Encode { name, source },
            EncodeFault::Unreadable { name, source } => Self::Unreadable { name, source },
        }
    }
}

/// Text of why the payload of a large event was not stored; of a store that is missing, what makes it.
fn not_stored(store: &str, source: &ObjectPutError) -> String {
    match source {
        ObjectPutError::NoStore { .. } => format!(
            "object store `{store}` does not exist, which `bus.provision::<…>()` makes with the stream that \
             declares it"
        ),
        source => source.to_string(),
    }
}
