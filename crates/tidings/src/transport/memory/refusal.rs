//! Refusing what no server takes: sizes, subjects and times.

use std::fmt::Display;
use std::time::Duration;

use tidings_subject::MAX_LEN;

use crate::stream::StreamConfig;
use crate::subject::Subject;
use crate::transport::{Fault, Outgoing};

/// The largest message, in bytes of payload and headers together: a nats-server's default.
pub(super) const MAX_PAYLOAD: usize = 1024 * 1024;

/// The longest subject, in bytes: what a nats-server's line of 4,096 bytes has room for beside the
/// inbox of an answer and two sizes.
const LONGEST_SUBJECT: usize = 4000;

/// Refuses what no server takes; `more` bytes of headers are still to come.
pub(super) fn check_size(message: &Outgoing, more: usize) -> Result<(), Fault> {
    let (size, limit) = (message.headers.wire_len() + message.payload.len() + more, MAX_PAYLOAD);
    if size > limit { Err(Fault::TooLarge { size, limit }) } else { Ok(()) }
}

/// Refuses a subject that is none.
///
/// A dead letter's is longer than any event's, by what stands before the event's own: a server
/// bounds the line in which a subject comes (`max_control_line`), not the subject.
pub(super) fn check_subject(subject: &Subject) -> Result<(), Fault> {
    let check = |text| tidings_subject::check_subject(text).map_err(|why| invalid(subject, why));
    let text = subject.as_str();
    if text.len() <= MAX_LEN || text.len() > LONGEST_SUBJECT {
        return check(text);
    }
    match text.as_bytes()[..MAX_LEN].iter().rposition(|byte| *byte == b'.') {
        Some(dot) => check(&text[..dot]).and_then(|()| check(&text[dot + 1..])),
        None => check(text),
    }
}

/// Refuses a time that is longer than JSON says one to NATS, as it is refused before it is sent.
fn check_time(time: Option<Duration>) -> Result<(), Fault> {
    match time {
        Some(time) if i64::try_from(time.as_nanos()).is_err() => {
            Err(Fault::client(format!("{time:?} is longer than NATS knows")))
        }
        _ => Ok(()),
    }
}

/// Checks all times of a stream.
pub(super) fn check_times(config: &StreamConfig) -> Result<(), Fault> {
    let inactive = config.consumer_limits.and_then(|limits| limits.inactive_threshold);
    let times =
        [config.max_age, config.duplicate_window, config.subject_delete_marker_ttl, inactive];
    times.into_iter().try_for_each(check_time)
}

/// A subject, or filter, that is none.
pub(super) fn invalid(subject: &Subject, why: impl Display) -> Fault {
    Fault::client(format!("subject {subject:?} {why}"))
}
