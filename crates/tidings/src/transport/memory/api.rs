//! The errors of the JetStream API, with nats-server's codes and words (`server/errors.json`).

use std::fmt::Display;

use crate::transport::ApiError;

fn error(status: u16, code: u32, description: impl Into<String>) -> ApiError {
    ApiError { status, code, description: description.into() }
}

/// Errors that always read the same.
macro_rules! errors {
    ($($name:ident: $status:literal $code:expr, $description:literal;)*) => {$(
        pub(super) fn $name() -> ApiError {
            error($status, $code, $description)
        }
    )*};
}

errors! {
    stream_not_found: 404 ApiError::STREAM_NOT_FOUND, "stream not found";
    stream_name_in_use: 400 ApiError::STREAM_NAME_IN_USE,
        "stream name already in use with a different configuration";
    subjects_overlap: 400 10_065, "subjects overlap with an existing stream";
    sealed: 400 10_109, "invalid operation on sealed stream";
    expected_stream: 400 ApiError::EXPECTED_STREAM, "expected stream does not match";
    expected_subject_sequence: 400 10_193,
        "missing sequence for expected last sequence per subject";
    message_too_large: 400 10_054, "message size exceeds maximum allowed";
    headers_too_large: 400 10_097, "header size exceeds maximum allowed of 64k";
    ttl_disabled: 400 10_166, "per-message TTL is disabled";
    ttl_invalid: 400 10_165, "invalid per-message TTL";
    counter_disabled: 400 10_168, "message counters is disabled";
    batch_disabled: 400 ApiError::ATOMIC_DISABLED, "atomic publish is disabled";
    batch_incomplete: 400 ApiError::BATCH_INCOMPLETE, "atomic publish batch is incomplete";
    batch_duplicate: 400 ApiError::BATCH_DUPLICATE,
        "atomic publish batch contains duplicate message id";
    batch_header: 400 10_177,
        "atomic publish unsupported header used: Nats-Expected-Last-Msg-Id";
    wrong_last_sequence_in_batch: 400 ApiError::WRONG_LAST_SEQUENCE_CONSTANT, "wrong last sequence";
    source_header: 400 10_227, "message stream source header is not allowed";
    schedules_disabled: 400 10_188, "message schedules is disabled";
    schedule_pattern: 400 10_189, "message schedules pattern is invalid";
    schedule_target: 400 10_190, "message schedules target is invalid";
    schedule_ttl: 400 10_191, "message schedules invalid per-message TTL";
    schedule_rollup: 400 10_192, "message schedules invalid rollup";
    schedule_source: 400 10_203, "message schedules source is invalid";
    scheduler_invalid: 400 10_212, "message schedules invalid scheduler";
    schedule_time_zone: 400 10_223, "message schedules time zone is invalid";
    consumer_exists: 400 ApiError::CONSUMER_EXISTS, "consumer already exists";
    consumer_missing: 400 10_149, "consumer does not exist";
    ack_wait_negative: 400 10_183, "consumer ack wait needs to be positive";
    backoff_negative: 400 10_184, "consumer backoff needs to be positive";
    consumer_limit: 400 ApiError::CONSUMER_LIMIT, "maximum consumers limit reached";
    consumer_filters_overlap: 400 10_138, "consumer subject filters cannot overlap";
    max_deliver_backoff: 400 10_116, "max deliver is required to be > length of backoff values";
    work_queue_unfiltered: 400 10_099,
        "multiple non-filtered consumers not allowed on workqueue stream";
    work_queue_not_unique: 400 10_100, "filtered consumer not unique on workqueue stream";
    work_queue_from: 400 10_101, "consumer must be deliver all on workqueue stream";
    work_queue_explicit: 400 10_098, "workqueue stream requires explicit ack";
    work_queue_ack: 400 10_084,
        "consumer in pull mode requires explicit ack policy on workqueue stream";
}

pub(super) fn wrong_last_sequence(last: u64) -> ApiError {
    error(400, ApiError::WRONG_LAST_SEQUENCE, format!("wrong last sequence: {last}"))
}

pub(super) fn wrong_last_message_id(last: &str) -> ApiError {
    error(400, ApiError::WRONG_LAST_MESSAGE_ID, format!("wrong last msg ID: {last}"))
}

pub(super) fn store_failed(why: impl Display) -> ApiError {
    error(503, 10_077, why.to_string())
}

pub(super) fn rollup_failed(why: impl Display) -> ApiError {
    error(500, 10_111, why.to_string())
}

pub(super) fn purge_failed(why: impl Display) -> ApiError {
    error(500, 10_110, why.to_string())
}

pub(super) fn delete_failed(why: impl Display) -> ApiError {
    error(500, 10_057, why.to_string())
}

/// New limits on consumers that some of a stream's have more than.
pub(super) fn consumers_over_limits(names: &[&str]) -> ApiError {
    let names = names.join(", ");
    error(500, 10_069, format!("change to limits violates consumers: {names}"))
}

pub(super) fn sequence_not_found(sequence: u64) -> ApiError {
    error(400, ApiError::SEQUENCE_NOT_FOUND, format!("sequence {sequence} not found"))
}

/// The configuration of a stream, or a name, is not one that can be.
pub(super) fn invalid_config(why: impl Display) -> ApiError {
    error(500, 10_052, why.to_string())
}

/// Error for what nats-server can do and the embedded broker can't.
pub(super) fn not_embedded(what: impl Display) -> ApiError {
    error(501, 10_052, format!("the embedded broker has no {what}; a nats-server has"))
}

pub(super) fn consumer_policy(why: impl Display) -> ApiError {
    error(400, 10_094, why.to_string())
}

pub(super) fn consumer_create(why: impl Display) -> ApiError {
    error(500, 10_012, why.to_string())
}

pub(super) fn max_ack_pending(limit: u64) -> ApiError {
    error(400, 10_121, format!("consumer max ack pending exceeds system limit of {limit}"))
}
