//! Items that generated code calls: not public, and not stable between versions.

pub use core;
pub use std;

// By short names, for every name of a path takes its time in each crate that derives.
pub use core::fmt;
pub use core::primitive::{bool, str, u8};
pub use std::option::Option::{self, None, Some};
pub use std::result::Result::{self, Err, Ok};
pub use std::string::String;
pub use std::vec::Vec;

pub use schemars;
pub use serde;
pub use serde_json;
pub use tidings_contract::Descriptor;

pub use crate::bucket::{
    Bucket, BucketConfig, BucketKey, KeyBuilder, KeyError, KeyFilter, KeyFilterTokens, key_tokens,
};
pub use crate::failure::Failure;
pub use crate::message::{
    ClonePart, DebugParts, Declaration, DeclaredError, Decode, DecodePart, Event, Filter,
    FilterTokens, Form, GenericEvent, Message, MessageKind, Open, Outcome, Part, PlainEvent,
    ReadBackError, Reading, Request, StreamEvent, SubjectReader, Undeclared, Unfiltered, Upcast,
    UpcastMistakes, VariantTokens, check_upcast, debug_part, debug_single, describe_event,
    describe_fallible_request, describe_request, describe_upcast, id_part, message_id,
    message_id_of, no_variant, read_back, read_upcast,
};
pub use crate::payload::read_payload;
pub use crate::publish_ack::{Acknowledgement, PublishAck};
pub use crate::stream::{
    Compression, ConsumerLimits, Discard, EventStream, External, LargeStore, Persistence,
    Placement, Republish, Retention, Source, SourceConsumer, SourceStart, Storage, StreamConfig,
    SubjectTransform,
};
pub use crate::subject::{ParseSubjectError, Subject, SubjectBuilder, SubjectError};
pub use crate::token::{Token, TokenOf};

/// The configuration of a stream, before any other key than its name and subjects.
pub fn stream_config<S: EventStream>() -> StreamConfig {
    StreamConfig::new(S::NAME, S::SUBJECTS.iter().copied())
}

/// Hashes a key by its text.
pub fn hash_key(key: &impl BucketKey, state: &mut impl core::hash::Hasher) {
    core::hash::Hash::hash(&key.to_key().ok(), state);
}

/// The error of a key that is not of this template.
pub fn no_key(key: &str, template: &'static str) -> KeyError {
    KeyError::Template { key: key.to_owned(), template }
}

/// Refuses, where it is called and when it is compiled, an event with this filter that its stream can't keep.
///
/// The stream is found through the event: that it is one is checked where the event names it, and
/// only there.
#[track_caller]
pub const fn check_event<E: StreamEvent>(
    filter: &str,
    uncovered: &'static str,
    silent: &'static str,
    cancelling: &'static str,
) {
    check_stream::<E::Stream>(filter, uncovered, silent, cancelling);
}

/// Checks an event that can't be named there, as its arguments are not known.
///
/// # Panics
/// With `uncovered` if the stream does not keep every subject of `filter`, with `silent` if it never
/// tells that it has stored a message, with `cancelling` if who takes the event takes what waits in a
/// work queue.
#[track_caller]
pub const fn check_stream<S: EventStream>(
    filter: &str,
    uncovered: &'static str,
    silent: &'static str,
    cancelling: &'static str,
) {
    assert!(tidings_subject::covers(S::SUBJECTS, filter), "{}", uncovered);
    assert!(!S::NO_ACK, "{}", silent);
    let cancels = !S::ACK_CANCELS.is_empty() && tidings_subject::overlaps(S::ACK_CANCELS, filter);
    assert!(!cancels, "{}", cancelling);
}

/// Refuses an event that may be large, and whose stream has no object store.
#[track_caller]
pub const fn check_large_event<E: StreamEvent>(missing: &'static str) {
    check_large_store::<E::Stream>(missing);
}

/// Checks an event that can't be named there, as its arguments are not known.
///
/// # Panics
/// With `missing` if the stream has no object store.
#[track_caller]
pub const fn check_large_store<S: EventStream>(missing: &'static str) {
    assert!(S::LARGE_STORE.is_some(), "{}", missing);
}
