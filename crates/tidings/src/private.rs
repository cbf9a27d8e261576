//! What generated code calls: not public, and not stable between versions.

pub use core;
pub use std;

pub use schemars;
pub use serde;
pub use serde_json;
pub use tidings_contract::Descriptor;
pub use tidings_subject;

pub use crate::failure::Failure;
pub use crate::message::{
    ClonePart, Declaration, DeclaredError, Decode, DecodePart, Event, Filter, FilterTokens,
    Message, MessageKind, Outcome, Part, Request, StreamEvent, Undeclared, Unfiltered,
    VariantTokens, describe_event, describe_fallible_request, describe_request, kept, message_id,
    no_variant,
};
pub use crate::payload::read as read_payload;
pub use crate::publish_ack::{Acknowledgement, PublishAck};
pub use crate::stream::{
    Compression, ConsumerLimits, Discard, EventStream, External, Persistence, Placement, Republish,
    Retention, Source, SourceConsumer, SourceStart, Storage, StreamConfig, SubjectTransform,
};
pub use crate::subject::{ParseSubjectError, Subject, SubjectBuilder, SubjectError, SubjectParser};
pub use crate::token::{Token, TokenOf};

/// The configuration of a stream, before any other key than its name and subjects.
pub fn stream_config<S: EventStream>() -> StreamConfig {
    StreamConfig::new(S::NAME, S::SUBJECTS.iter().copied())
}

/// The subjects of the stream that keeps `E`.
pub const fn stream_subjects<E: StreamEvent>() -> &'static [&'static str] {
    E::Stream::SUBJECTS
}

/// Whether the stream that keeps `E` never tells that it has stored a message.
pub const fn stream_is_silent<E: StreamEvent>() -> bool {
    E::Stream::NO_ACK
}
