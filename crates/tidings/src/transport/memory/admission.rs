//! Checks of a stream on a message before it is stored, in nats-server's order.

use tokio::time::Instant;

use super::log::Lifetime;
use super::store_options::{Rollup, StoreOptions};
use super::stream::Stream;
use super::{api, schedule, ttl};
use crate::header::{self, Headers};
use crate::transport::{ApiError, Outgoing};

const MAX_HEADERS: usize = u16::MAX as usize;

/// Decision on a message: whether it goes into the stream.
#[derive(Debug)]
pub(super) enum Admission {
    New(StoreOptions),
    /// A message that is there already, with this sequence.
    Duplicate(u64),
}

/// A header's value; one that is empty says nothing.
fn value<'a>(headers: &'a Headers, name: &str) -> Option<&'a str> {
    headers.get(name).filter(|value| !value.is_empty())
}

/// A sequence; what is none is one that no message has.
fn sequence(headers: &Headers, name: &str) -> Option<u64> {
    value(headers, name).map(|text| text.parse().unwrap_or(u64::MAX))
}

/// Checks a message against the stream's configuration and what the message expects of it.
pub(super) fn check(
    stream: &mut Stream,
    message: &Outgoing,
    now: Instant,
) -> Result<Admission, ApiError> {
    if stream.config.sealed {
        return Err(api::sealed());
    }
    let headers = &message.headers;
    let headers_len = headers.wire_len();
    let size = headers_len + message.payload.len();
    if stream.config.max_message_size.is_some_and(|limit| size > limit as usize) {
        return Err(api::message_too_large());
    }
    let mut options = StoreOptions::default();
    if !headers.is_empty() {
        if headers_len > MAX_HEADERS {
            return Err(api::headers_too_large());
        }
        if value(headers, header::INCREMENT).is_some() {
            return Err(api::counter_disabled());
        }
        expectations(stream, message, now)?;
        schedule::read(stream, message, now, &mut options)?;
        if value(headers, header::STREAM_SOURCE).is_some() {
            return Err(api::source_header());
        }
        if let Some(id) = value(headers, header::MESSAGE_ID) {
            let window = stream.config.duplicate_window.unwrap_or_default();
            if let Some(sequence) = stream.dedup.sequence_of(id, window, now) {
                return Ok(Admission::Duplicate(sequence));
            }
            id.clone_into(&mut options.message_id);
        }
        if let Some(expected) = value(headers, header::EXPECTED_LAST_MESSAGE_ID)
            && expected != stream.last_message_id
        {
            return Err(api::wrong_last_message_id(&stream.last_message_id));
        }
        options.rollup = rollup(stream, headers, options.schedule.is_some())?;
    }
    Ok(Admission::New(options))
}

fn expectations(stream: &Stream, message: &Outgoing, now: Instant) -> Result<(), ApiError> {
    let headers = &message.headers;
    if value(headers, header::EXPECTED_STREAM).is_some_and(|name| name != stream.config.name) {
        return Err(api::expected_stream());
    }
    // A TTL that can't be read is refused when it is needed, allowed or not.
    let asked = ttl::lifetime(headers, now).unwrap_or(Lifetime::OfStream);
    if asked != Lifetime::OfStream && !stream.config.allow_message_ttl {
        return Err(api::ttl_disabled());
    }
    let of_subject = value(headers, header::EXPECTED_LAST_SUBJECT_SEQUENCE_SUBJECT);
    if let Some(expected) = sequence(headers, header::EXPECTED_LAST_SUBJECT_SEQUENCE) {
        let subject = of_subject.unwrap_or(message.subject.as_str());
        let last = stream.log.last_matching(subject).unwrap_or(0);
        if last != expected {
            return Err(api::wrong_last_sequence(last));
        }
    } else if of_subject.is_some() {
        return Err(api::expected_subject_sequence());
    }
    match sequence(headers, header::EXPECTED_LAST_SEQUENCE) {
        Some(expected) if expected != stream.log.last() => {
            Err(api::wrong_last_sequence(stream.log.last()))
        }
        _ => Ok(()),
    }
}

fn rollup(stream: &Stream, headers: &Headers, scheduled: bool) -> Result<Option<Rollup>, ApiError> {
    let Some(asked) = value(headers, header::ROLLUP) else {
        return Ok(scheduled.then_some(Rollup::Subject));
    };
    if !stream.config.allow_rollup || stream.config.deny_purge {
        return Err(api::rollup_failed("rollup not permitted"));
    }
    match asked.to_ascii_lowercase().as_str() {
        "sub" => Ok(Some(Rollup::Subject)),
        "all" => Ok(Some(Rollup::All)),
        other => Err(api::rollup_failed(format!("rollup value invalid: {other:?}"))),
    }
}
