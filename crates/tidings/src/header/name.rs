//! Names of the headers that mean something, and what each of them decides.
#![cfg_attr(
    not(feature = "memory"),
    expect(
        dead_code,
        reason = "the list is whole; some of them only the broker in memory acts on"
    )
)]

/// The id by which a stream knows a message again (`Nats-Msg-Id`).
pub(crate) const MESSAGE_ID: &str = "Nats-Msg-Id";
/// Name and version of the event, where the subject alone does not say it: `<name>.v<N>`.
pub(crate) const MESSAGE: &str = "Tidings-Message";
/// The stream that must store the message.
pub(crate) const EXPECTED_STREAM: &str = "Nats-Expected-Stream";
/// The sequence that the stream's last message must have.
pub(crate) const EXPECTED_LAST_SEQUENCE: &str = "Nats-Expected-Last-Sequence";
/// The id that the stream's last message must have.
pub(crate) const EXPECTED_LAST_MESSAGE_ID: &str = "Nats-Expected-Last-Msg-Id";
/// The sequence that the last message of the subject must have.
pub(crate) const EXPECTED_LAST_SUBJECT_SEQUENCE: &str = "Nats-Expected-Last-Subject-Sequence";
/// The subject, or filter, that the expected subject sequence is for, where it is not the
/// message's own.
pub(crate) const EXPECTED_LAST_SUBJECT_SEQUENCE_SUBJECT: &str =
    "Nats-Expected-Last-Subject-Sequence-Subject";
/// Time to live of a message in its stream (ADR-43).
pub(crate) const TTL: &str = "Nats-TTL";
/// Reason why a server wrote the message itself, without a payload, where the last one of its
/// subject was (ADR-43).
pub(crate) const MARKER_REASON: &str = "Nats-Marker-Reason";
/// Rollup: earlier messages that a message replaces, `sub` those of its subject, `all` all.
pub(crate) const ROLLUP: &str = "Nats-Rollup";
/// Operation that removed a bucket's key: `DEL` or `PURGE`; absent where a value stands (ADR-8).
pub(crate) const KV_OPERATION: &str = "KV-Operation";
/// The stream of a stored message that is read directly (ADR-31).
pub(crate) const DIRECT_STREAM: &str = "Nats-Stream";
/// The subject of a stored message that is read directly (ADR-31).
pub(crate) const DIRECT_SUBJECT: &str = "Nats-Subject";
/// The sequence of a stored message that is read directly (ADR-31).
pub(crate) const DIRECT_SEQUENCE: &str = "Nats-Sequence";
/// Number of messages still to come, of those that are read with one question (ADR-31).
pub(crate) const DIRECT_PENDING: &str = "Nats-Num-Pending";
/// The sequence of the message before, of those that are read with one question (ADR-31).
pub(crate) const DIRECT_LAST: &str = "Nats-Last-Sequence";
/// Time at which a message was stored that is read directly (ADR-31).
pub(crate) const DIRECT_TIME: &str = "Nats-Time-Stamp";
/// Schedule of a message that is published to its target: `@at <RFC 3339>`, `@every <duration>` or a
/// pattern of cron (ADR-51).
pub(crate) const SCHEDULE: &str = "Nats-Schedule";
/// The subject that a scheduled message is published to.
pub(crate) const SCHEDULE_TARGET: &str = "Nats-Schedule-Target";
/// The subject whose last message is published in place of the scheduled one.
pub(crate) const SCHEDULE_SOURCE: &str = "Nats-Schedule-Source";
/// The `Nats-TTL` of what a schedule publishes.
pub(crate) const SCHEDULE_TTL: &str = "Nats-Schedule-TTL";
/// The `Nats-Rollup` of what a schedule publishes.
pub(crate) const SCHEDULE_ROLLUP: &str = "Nats-Schedule-Rollup";
/// The time zone that a schedule's pattern is read in.
pub(crate) const SCHEDULE_TIME_ZONE: &str = "Nats-Schedule-Time-Zone";
/// Time at which a schedule publishes again; `purge` if never.
pub(crate) const SCHEDULE_NEXT: &str = "Nats-Schedule-Next";
/// Value of [`SCHEDULE_NEXT`] where a schedule is over.
pub(crate) const SCHEDULE_OVER: &str = "purge";
/// The subject of the schedule that published a message.
pub(crate) const SCHEDULER: &str = "Nats-Scheduler";
/// Origin of a sourced message.
pub(crate) const STREAM_SOURCE: &str = "Nats-Stream-Source";
/// Amount that a message adds to a counter (ADR-49).
pub(crate) const INCREMENT: &str = "Nats-Incr";
/// The all-or-nothing batch that a message belongs to (ADR-50).
pub(crate) const BATCH_ID: &str = "Nats-Batch-Id";
/// The place of a message in its batch, from 1 (ADR-50).
pub(crate) const BATCH_SEQUENCE: &str = "Nats-Batch-Sequence";
/// Says that a batch is whole with this message (ADR-50).
pub(crate) const BATCH_COMMIT: &str = "Nats-Batch-Commit";
/// Number of messages of a pull request that are still to come, where it has ended (ADR-37).
pub(crate) const PENDING_MESSAGES: &str = "Nats-Pending-Messages";
/// The last delivery of a consumer that pushes, in its heartbeats.
pub(crate) const LAST_CONSUMER: &str = "Nats-Last-Consumer";
/// Subject on which a consumer that pushes is to be answered: it waits for that.
pub(crate) const CONSUMER_STALLED: &str = "Nats-Consumer-Stalled";
/// Error of a service, as text (ADR-32).
pub(crate) const SERVICE_ERROR: &str = "Nats-Service-Error";
/// Error of a service, as a number (ADR-32).
pub(crate) const SERVICE_ERROR_CODE: &str = "Nats-Service-Error-Code";
/// Says that an answer is a service's reply, where it could be taken for a stream's confirmation.
pub(crate) const REPLY: &str = "Tidings-Reply";
/// Number of times that a message was put back after it had been put aside; absent before the first
/// time.
pub(crate) const REDRIVEN: &str = "Tidings-Redriven";
/// The id of a message that was put back: its `Nats-Msg-Id` is another, since the stream would take
/// the first one for a duplicate. Also that of one that was delayed, which has no `Nats-Msg-Id`.
pub(crate) const ORIGINAL_ID: &str = "Tidings-Message-Id";
/// Origin of a message that was put back, first of all:
/// `<stream>.<sequence>.<stored at, in nanoseconds since 1970>`.
pub(crate) const ORIGIN: &str = "Tidings-Origin";
/// Signature of a redrive that put a message back:
/// `<dead-letter stream>.<sequence of the key>.<signature>`. What else is said of that counts with it.
pub(crate) const WARRANT: &str = "Tidings-Warrant";
/// Asks a stream whether it knows an id: no message, and never stored. Subscriptions leave it out.
pub(crate) const QUESTION: &str = "Tidings-Question";
/// The consumer that a message is for, as `<stream>/<consumer>`; every other one passes it over.
pub(crate) const ONLY: &str = "Tidings-Only";
/// The object store that holds an event's payload, which is too large for a message.
pub(crate) const LARGE_STORE: &str = "Tidings-Large-Store";
/// The object that is an event's payload.
pub(crate) const LARGE_OBJECT: &str = "Tidings-Large-Object";
/// Size of that payload, in bytes.
pub(crate) const LARGE_SIZE: &str = "Tidings-Large-Size";
/// Digest of that payload, as the object has it: `SHA-256=` and base64.
pub(crate) const LARGE_DIGEST: &str = "Tidings-Large-Digest";
/// Id that all messages have in common which came of one.
pub(crate) const CORRELATION_ID: &str = "Tidings-Correlation-Id";
/// Id of the message in whose handling a message was sent.
pub(crate) const CAUSATION_ID: &str = "Tidings-Causation-Id";
/// Prefix of every header that says why a message was put aside, and where it comes from.
pub(crate) const DL: &str = "Tidings-Dl-";
/// A header of the original that would mean something in the dead-letter stream: its name follows.
pub(crate) const DL_ORIGINAL: &str = "Tidings-Dl-Original-";
/// Reason why a message was put aside, in one word.
pub(crate) const DL_REASON: &str = "Tidings-Dl-Reason";
/// The last error with its sources, percent-encoded.
pub(crate) const DL_ERROR: &str = "Tidings-Dl-Error";
/// Number of attempts at the message.
pub(crate) const DL_ATTEMPTS: &str = "Tidings-Dl-Attempts";
/// Subject on which a dead letter's original was published.
pub(crate) const DL_SUBJECT: &str = "Tidings-Dl-Subject";
/// Stream that kept a dead letter's original.
pub(crate) const DL_STREAM: &str = "Tidings-Dl-Stream";
/// Sequence of a dead letter's original in that stream.
pub(crate) const DL_SEQUENCE: &str = "Tidings-Dl-Sequence";
/// The consumer whose handler failed.
pub(crate) const DL_CONSUMER: &str = "Tidings-Dl-Consumer";
/// Time at which the handler failed first (RFC 3339).
pub(crate) const DL_FIRST_FAILED_AT: &str = "Tidings-Dl-First-Failed-At";
/// Time at which the handler failed last (RFC 3339).
pub(crate) const DL_LAST_FAILED_AT: &str = "Tidings-Dl-Last-Failed-At";
/// Time at which the original was stored (RFC 3339).
pub(crate) const DL_STORED_AT: &str = "Tidings-Dl-Stored-At";
/// The original's header block as it is, in base64, where its headers can't be read or written.
pub(crate) const DL_RAW_HEADERS: &str = "Tidings-Dl-Raw-Headers";
/// Says in a letter that payload and headers of the original are not in it: it refers to the
/// original's stream and sequence.
pub(crate) const DL_REFERS: &str = "Tidings-Dl-Refers";
/// Subject on which servers tell of a message's way (ADR-41).
pub(crate) const TRACE_DEST: &str = "Nats-Trace-Dest";
/// Says that a message is traced only, and reaches nobody (ADR-41).
pub(crate) const TRACE_ONLY: &str = "Nats-Trace-Only";
/// Place of a server in a message's way (ADR-41).
pub(crate) const TRACE_HOP: &str = "Nats-Trace-Hop";
/// The trace that a message belongs to (W3C Trace Context).
pub(crate) const TRACE_PARENT: &str = "traceparent";
/// Vendors' part of the trace (W3C Trace Context).
pub(crate) const TRACE_STATE: &str = "tracestate";

/// Values that the participants of a trace hand on (W3C Baggage).
#[cfg(feature = "opentelemetry")]
pub(crate) const BAGGAGE: &str = "baggage";

/// The content type of a payload, which is a CloudEvent's envelope or its data.
pub(crate) const CONTENT_TYPE: &str = "content-type";
/// Prefix of the headers that are a CloudEvent's attributes in binary mode.
pub(crate) const CE: &str = "ce-";
/// The version of CloudEvents; in binary mode it says that a message is one.
pub(crate) const CE_SPECVERSION: &str = "ce-specversion";

/// Prefixes of the names that only NATS and Tidings set.
pub(super) const RESERVED: [&str; 2] = ["nats-", "tidings-"];

/// Returns `true` if a header of this name would mean something in the dead-letter stream.
pub(crate) fn acts_on_letters(name: &str) -> bool {
    begins(name, RESERVED[0]) || begins(name, DL)
}

/// Returns `true` if a header of this name means something to a server.
pub(crate) fn is_of_server(name: &str) -> bool {
    begins(name, RESERVED[0])
}

/// Name that the original has for the header that stands in a letter by this name.
pub(crate) fn original_name(name: &str) -> Option<&str> {
    name.get(DL_ORIGINAL.len()..).filter(|_| begins(name, DL_ORIGINAL))
}

/// Returns `true` if an original's header is published again when it is put back. What a stream
/// acted on when it was published first is over, but for how long it lives.
pub(crate) fn comes_back(name: &str) -> bool {
    let is = |other: &str| name.eq_ignore_ascii_case(other);
    (!begins(name, RESERVED[0]) || is(TTL)) && !is_of_redrive(name)
}

/// Returns `true` if a header of this name is one that only a redrive writes.
#[inline]
pub(crate) fn is_of_redrive(name: &str) -> bool {
    // Most names are shorter than the shortest, or begin otherwise.
    name.len() >= ONLY.len()
        && begins(name, RESERVED[1])
        && [REDRIVEN, ORIGINAL_ID, ORIGIN, ONLY, WARRANT]
            .iter()
            .any(|of_redrive| name.eq_ignore_ascii_case(of_redrive))
}

/// Returns `true` if a header of this name says what a message is, or may say that it is a CloudEvent.
#[inline]
pub(crate) fn identifies(name: &str) -> bool {
    // Most names have another length.
    match name.len() {
        12 => name.eq_ignore_ascii_case(CONTENT_TYPE),
        14 => name.eq_ignore_ascii_case(CE_SPECVERSION),
        15 => name.eq_ignore_ascii_case(MESSAGE),
        _ => false,
    }
}

/// The attribute of a CloudEvent that a header of this name is.
pub(crate) fn cloud_event_attribute(name: &str) -> Option<&str> {
    name.get(CE.len()..).filter(|_| begins(name, CE))
}

/// Returns `true` if a redrive signs a header of this name. Servers add and take away what is
/// theirs, but for the id.
pub(crate) fn is_warranted(name: &str) -> bool {
    let is = |other: &str| name.eq_ignore_ascii_case(other);
    (!begins(name, RESERVED[0]) || is(MESSAGE_ID)) && !is(WARRANT)
}

/// Returns `true` if a message whose `ONLY` header is this is for another consumer.
pub(crate) fn is_for_another(only: &str, stream: &str, consumer: &str) -> bool {
    only.split_once('/').is_some_and(|only| only != (stream, consumer))
}

/// Returns `true` if a header's name begins like this, without regard to case.
pub(super) fn begins(name: &str, prefix: &str) -> bool {
    name.get(..prefix.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(prefix))
}

/// Returns `true` if a header that was read can be sent again: clients take more than they send,
/// such as a line end within a value.
pub(crate) fn is_sendable((name, value): (&str, &str)) -> bool {
    let is_name = !name.is_empty() && name.bytes().all(|b| b.is_ascii_graphic() && b != b':');
    is_name && !value.contains(['\r', '\n', '\0'])
}

/// Returns `true` if a header can hold this value.
pub(crate) fn is_value(value: &str) -> bool {
    // Without an end in the middle, so that many bytes are looked at together.
    let are_told = value.bytes().fold(true, |all, b| all & matches!(b, b' '..=b'~'));
    are_told && !value.starts_with(' ') && !value.ends_with(' ')
}
