//! Errors of publishing events all or nothing.

use std::time::Duration;

use crate::publish::PublishError;
use crate::transport::{Outage, because};

/// A batch of events could not be stored together.
///
/// Places count from 0, in the order in which events were added.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AtomicError {
    /// The batch holds no event.
    #[error("the batch holds no event: add one before it is published")]
    Empty,
    /// More events than a server takes at once. Nothing was sent, or nothing stored.
    #[error("a batch for `{stream}` holds {limit} events at most")]
    TooMany {
        /// The batch's stream.
        stream: &'static str,
        /// Maximum number of events in a batch.
        limit: usize,
    },
    /// An event of another stream than those before it: only one stream can store all or nothing.
    #[error(
        "the event for `{subject}` is kept by `{stream}`, the batch is for `{batch}`: only one stream can store all or nothing"
    )]
    OtherStream {
        /// Subject of the event.
        subject: String,
        /// The stream that keeps the event.
        stream: &'static str,
        /// The stream of the batch.
        batch: &'static str,
    },
    /// Two events with the same message id: the stream would store only one of them.
    #[error(
        "events {first} and {place} of the batch are the same for the stream: both have the id {id:?} (`{name}`)"
    )]
    SameId {
        /// The second one's wire name.
        name: &'static str,
        /// The id.
        id: String,
        /// The first one's place.
        first: usize,
        /// The second one's place.
        place: usize,
    },
    /// An option that an event of a batch can't have at its place. Nothing was sent.
    #[error("the event for `{subject}` can't be in the batch with `{option}`: {problem}")]
    Option {
        /// Subject of the event.
        subject: String,
        /// The option's method.
        option: &'static str,
        /// Reason why the option can't hold.
        problem: &'static str,
    },
    /// One event could not be published, and so none was stored.
    #[error("event {place} of the batch: {source}; nothing of the batch is stored")]
    Event {
        /// The event's place.
        place: usize,
        /// Error of the event.
        source: PublishError,
    },
    /// The stream does not allow atomic batches. Nothing was stored.
    #[error(
        "`{stream}` does not store all or nothing: declare `allow_atomic_publish` in its `#[stream(…)]`, and provision it"
    )]
    NotAllowed {
        /// The batch's stream.
        stream: &'static str,
    },
    /// The server is too old for batches. Nothing was sent.
    #[error("storing all or nothing needs nats-server 2.12.1, this is {version}")]
    ServerTooOld {
        /// The server's version.
        version: String,
    },
    /// The server began no batch for as long as publishing may take. Nothing is stored.
    #[error(
        "`{stream}` began no batch within {waited:?} ({reason}): nothing of it is stored{}",
        because(source.as_deref())
    )]
    NotBegun {
        /// The batch's stream.
        stream: &'static str,
        /// Time that was waited.
        waited: Duration,
        /// Reason, such as too many batches under way.
        reason: String,
        /// Reason why there was no connection at the end; `None` where there was one.
        source: Option<Box<Outage>>,
    },
    /// The stream already has one of the events, though not all of them, by its id. Nothing was
    /// stored.
    #[error(
        "`{stream}` already has event {place} of the batch, {id:?}, with sequence {sequence}: nothing of the batch is stored"
    )]
    Duplicate {
        /// The batch's stream.
        stream: &'static str,
        /// The first such event's place.
        place: usize,
        /// The event's id.
        id: String,
        /// The event's sequence in the stream.
        sequence: u64,
    },
    /// The stream is not as the options of an event expect it. Nothing was stored.
    #[error("`{stream}` did not store the batch: {description}")]
    Conflict {
        /// The batch's stream.
        stream: &'static str,
        /// The server's own description, such as `wrong last sequence: 7`.
        description: String,
    },
    /// The stream refused the batch. Nothing was stored.
    #[error("`{stream}` refused the batch: {description} (code {code})")]
    Refused {
        /// The batch's stream.
        stream: &'static str,
        /// NATS's own error code.
        code: u32,
        /// The server's own description.
        description: String,
    },
    /// Another stream confirmed the batch, or somebody in its name. Whether all or nothing is stored
    /// is unknown.
    #[error(
        "stream {answered:?} confirmed the batch for `{stream}`; see which stream has the subjects, and who may publish into the inboxes of others"
    )]
    WrongStream {
        /// The batch's stream.
        stream: &'static str,
        /// The stream that the confirmation names.
        answered: String,
    },
    /// No confirmation came, also after trying again: whether all or nothing is stored is unknown.
    /// The same [`AtomicBatch`](crate::AtomicBatch) can be published again within the stream's
    /// duplicate window, and is stored once.
    #[error(
        "no confirmation from `{stream}` within {waited:?}; it is unknown whether the {events} events of the batch are stored or none{}",
        because(source.as_deref())
    )]
    Unconfirmed {
        /// The batch's stream.
        stream: &'static str,
        /// Number of events in the batch.
        events: usize,
        /// Time that was waited.
        waited: Duration,
        /// Reason why there was no connection at the end; `None` where there was one.
        source: Option<Box<Outage>>,
    },
}
