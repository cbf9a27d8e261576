//! Headers: the names that mean something, and the map that carries them.

use std::fmt;

use smallvec::SmallVec;
use tidings_subject::SCHEDULES;

use crate::text::Text;

/// The id by which a stream knows a message again (`Nats-Msg-Id`).
pub(crate) const MESSAGE_ID: &str = "Nats-Msg-Id";
/// Which event a message is, where its subject alone does not say it: `<name>.v<N>`.
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
/// How long a message lives in its stream (ADR-43).
pub(crate) const TTL: &str = "Nats-TTL";
/// Which earlier messages a message replaces: `sub` those of its subject, `all` all.
pub(crate) const ROLLUP: &str = "Nats-Rollup";
/// When a message is published to its target: `@at <RFC 3339>` or `@every <duration>` (ADR-51).
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
/// When a schedule publishes again; `purge` if never.
pub(crate) const SCHEDULE_NEXT: &str = "Nats-Schedule-Next";
/// The subject of the schedule that published a message.
pub(crate) const SCHEDULER: &str = "Nats-Scheduler";
/// Where a sourced message came from.
pub(crate) const STREAM_SOURCE: &str = "Nats-Stream-Source";
/// What a message adds to a counter (ADR-49).
pub(crate) const INCREMENT: &str = "Nats-Incr";
/// The all-or-nothing batch that a message belongs to (ADR-50).
pub(crate) const BATCH_ID: &str = "Nats-Batch-Id";
/// The place of a message in its batch, from 1 (ADR-50).
pub(crate) const BATCH_SEQUENCE: &str = "Nats-Batch-Sequence";
/// Says that a batch is whole with this message (ADR-50).
pub(crate) const BATCH_COMMIT: &str = "Nats-Batch-Commit";
/// How many messages of a pull request are still to come, where it has ended (ADR-37).
pub(crate) const PENDING_MESSAGES: &str = "Nats-Pending-Messages";
/// What went wrong in a service, as text (ADR-32).
pub(crate) const SERVICE_ERROR: &str = "Nats-Service-Error";
/// What went wrong in a service, as a number (ADR-32).
pub(crate) const SERVICE_ERROR_CODE: &str = "Nats-Service-Error-Code";
/// How often a message was put back after it had been put aside; absent before the first time.
pub(crate) const REDRIVEN: &str = "Tidings-Redriven";
/// The id of a message that was put back: its `Nats-Msg-Id` is another, since the stream would take
/// the first one for a duplicate.
pub(crate) const ORIGINAL_ID: &str = "Tidings-Message-Id";
/// Where a message was stored before it was put back, first of all:
/// `<stream>.<sequence>.<stored at, in nanoseconds since 1970>`.
pub(crate) const ORIGIN: &str = "Tidings-Origin";
/// The consumer that a message is for, as `<stream>/<consumer>`; every other one passes it over.
pub(crate) const ONLY: &str = "Tidings-Only";
/// What every header begins with that says why a message was put aside, and where it comes from.
pub(crate) const DL: &str = "Tidings-Dl-";
/// A header of the original that would mean something in the dead-letter stream: its name follows.
pub(crate) const DL_ORIGINAL: &str = "Tidings-Dl-Original-";
/// Why a message was put aside, in one word.
pub(crate) const DL_REASON: &str = "Tidings-Dl-Reason";
/// The last error with its sources, percent-encoded.
pub(crate) const DL_ERROR: &str = "Tidings-Dl-Error";
/// How often the message was delivered.
pub(crate) const DL_ATTEMPTS: &str = "Tidings-Dl-Attempts";
/// The subject it was published on.
pub(crate) const DL_SUBJECT: &str = "Tidings-Dl-Subject";
/// The stream that kept it.
pub(crate) const DL_STREAM: &str = "Tidings-Dl-Stream";
/// Its sequence in that stream.
pub(crate) const DL_SEQUENCE: &str = "Tidings-Dl-Sequence";
/// The consumer whose handler failed.
pub(crate) const DL_CONSUMER: &str = "Tidings-Dl-Consumer";
/// When the handler failed first (RFC 3339).
pub(crate) const DL_FIRST_FAILED_AT: &str = "Tidings-Dl-First-Failed-At";
/// When the handler failed last (RFC 3339).
pub(crate) const DL_LAST_FAILED_AT: &str = "Tidings-Dl-Last-Failed-At";
/// When the original was stored (RFC 3339).
pub(crate) const DL_STORED_AT: &str = "Tidings-Dl-Stored-At";
/// The original's header block as it is, in base64, where its headers can't be read or written.
pub(crate) const DL_RAW_HEADERS: &str = "Tidings-Dl-Raw-Headers";
/// The trace that a message belongs to (W3C Trace Context).
pub(crate) const TRACE_PARENT: &str = "traceparent";
/// What vendors add to the trace (W3C Trace Context).
pub(crate) const TRACE_STATE: &str = "tracestate";

/// The first line of each header block.
const VERSION: &str = "NATS/1.0\r\n";

/// Prefixes of the names that only NATS and Tidings set.
const RESERVED: [&str; 2] = ["nats-", "tidings-"];

/// Whether a header of this name would mean something in the dead-letter stream.
pub(crate) fn acts_on_letters(name: &str) -> bool {
    begins(name, RESERVED[0]) || begins(name, DL)
}

/// What the original of a letter calls the header that stands in it by this name.
pub(crate) fn original_name(name: &str) -> Option<&str> {
    name.get(DL_ORIGINAL.len()..).filter(|_| begins(name, DL_ORIGINAL))
}

/// Whether an original's header is published again when it is put back. What a stream acted on
/// when it was published first is over, but for how long it lives.
pub(crate) fn comes_back(name: &str) -> bool {
    let is = |other: &str| name.eq_ignore_ascii_case(other);
    let replaced = is(REDRIVEN) || is(ORIGINAL_ID) || is(ONLY);
    (!begins(name, RESERVED[0]) || is(TTL)) && !replaced
}

/// Whether a message whose `ONLY` header is this is for another consumer.
pub(crate) fn is_for_another(only: &str, stream: &str, consumer: &str) -> bool {
    only.split_once('/').is_some_and(|only| only != (stream, consumer))
}

/// Whether a header's name begins like this, without regard to case.
fn begins(name: &str, prefix: &str) -> bool {
    name.get(..prefix.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(prefix))
}

/// Whether a header can hold this value.
pub(crate) fn is_value(value: &str) -> bool {
    value.bytes().all(|b| b == b' ' || b.is_ascii_graphic())
        && value.trim_matches(' ').len() == value.len()
}

/// A message's headers: names and values in the order they were added.
///
/// Names are compared without regard to case. A name is printable ASCII without `:`, a value is
/// printable ASCII, as NATS clients in every language can read it (ADR-4); other text goes
/// percent-encoded.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Headers(SmallVec<[Pair; 1]>);

/// A name and a value. Most messages have one, their id, and it takes no room of its own.
type Pair = (Text, Text);

impl Headers {
    /// No headers; allocates nothing.
    pub const fn new() -> Self {
        Self(SmallVec::new_const())
    }

    /// The first value of this name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// Every value of this name, in order.
    pub fn get_all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.iter().filter(move |(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// Every name and value, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The same in memory of their own: those that are kept keep nothing else.
    pub(crate) fn detached(&self) -> Self {
        Self(self.0.iter().map(|(name, value)| (name.detached(), value.detached())).collect())
    }

    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&Text, &Text)> {
        self.0.iter().map(|(name, value)| (name, value))
    }

    /// The header block as it stands on the wire.
    pub(crate) fn to_wire(&self) -> Vec<u8> {
        let mut block = Vec::with_capacity(self.wire_len());
        block.extend_from_slice(VERSION.as_bytes());
        for (name, value) in self.iter() {
            for part in [name, ": ", value, "\r\n"] {
                block.extend_from_slice(part.as_bytes());
            }
        }
        block.extend_from_slice(b"\r\n");
        block
    }

    /// Reads a header block, values trimmed and in their order; `None` if it is none, or not text.
    /// It takes what the client of a server takes, and nothing else: a message whose headers this
    /// can't read breaks every connection that it is delivered on.
    pub(crate) fn from_wire(block: &[u8]) -> Option<Self> {
        let mut lines = std::str::from_utf8(block).ok()?.lines().peekable();
        let status = lines.next()?.strip_prefix(VERSION.trim_end())?.trim();
        let code = status.split_once(' ').map_or(status, |(code, _)| code.trim());
        let is_code = |code: &str| code.len() == 3 && code.bytes().all(|b| b.is_ascii_digit());
        if !code.is_empty() && (!is_code(code) || code.starts_with('0')) {
            return None;
        }
        let mut headers = Self::new();
        while let Some(line) = lines.next() {
            if line.is_empty() {
                continue;
            }
            let (name, value) = line.split_once(':')?;
            if !name.bytes().all(|b| b.is_ascii_graphic()) {
                return None;
            }
            let mut value = value.trim_start().to_owned();
            // One that begins with white space goes on with the value before.
            while let Some(more) = lines.next_if(|line| line.starts_with(char::is_whitespace)) {
                value.push_str(more);
            }
            headers.push(name.to_owned(), value.trim_end().to_owned());
        }
        Some(headers)
    }

    /// How many bytes they take on the wire: `NATS/1.0`, then a line for each, then an empty one.
    pub(crate) fn wire_len(&self) -> usize {
        if self.is_empty() {
            return 0;
        }
        let lines = self.iter().map(|(name, value)| name.len() + 2 + value.len() + 2);
        VERSION.len() + "\r\n".len() + lines.sum::<usize>()
    }

    /// How many values there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no value.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds a header that a user asked for.
    ///
    /// # Errors
    /// [`HeaderError`] if the name is reserved, or the name or the value holds what it must not.
    pub fn append(&mut self, name: &str, value: &str) -> Result<(), HeaderError> {
        let fault = if RESERVED.iter().any(|reserved| begins(name, reserved)) {
            HeaderFault::Reserved
        } else if name.is_empty() || !name.bytes().all(|b| b.is_ascii_graphic() && b != b':') {
            HeaderFault::Name
        } else if !is_value(value) {
            HeaderFault::Value
        } else {
            self.push(name.to_owned(), value.to_owned());
            return Ok(());
        };
        Err(HeaderError { name: name.to_owned(), fault })
    }

    /// Adds a header whose name and value are known to be right.
    pub(crate) fn push(&mut self, name: impl Into<Text>, value: impl Into<Text>) {
        self.0.push((name.into(), value.into()));
    }

    /// The id of a message that arrived: the one it had before it was put back, or its header, or
    /// the subject on which it waited until it was due, since the server takes the header away
    /// then.
    pub(crate) fn message_id(&self) -> Option<&str> {
        self.get(ORIGINAL_ID).or_else(|| self.get(MESSAGE_ID)).or_else(|| {
            let waited = self.get(SCHEDULER)?.strip_prefix(SCHEDULES)?;
            waited.splitn(3, '.').nth(2)
        })
    }

    /// The stream, the sequence and the time in nanoseconds of a message before it was put back.
    pub(crate) fn origin(&self) -> Option<(&str, u64, u128)> {
        let (rest, nanos) = self.get(ORIGIN)?.rsplit_once('.')?;
        let (stream, sequence) = rest.rsplit_once('.')?;
        Some((stream, sequence.parse().ok()?, nanos.parse().ok()?))
    }

    /// How often a message was put back after it had been put aside.
    pub(crate) fn redriven(&self) -> u64 {
        self.get(REDRIVEN).and_then(|count| count.parse().ok()).unwrap_or(0)
    }

    /// Takes the first value of a header away.
    pub(crate) fn remove(&mut self, name: &str) -> Option<Text> {
        let place = self.0.iter().position(|(n, _)| n.as_str().eq_ignore_ascii_case(name))?;
        Some(self.0.remove(place).1)
    }

    /// Sets the only value of a header whose name and value are known to be right.
    pub(crate) fn set(&mut self, name: impl Into<Text>, value: impl Into<Text>) {
        let name = name.into();
        self.0.retain(|(n, _)| !n.as_str().eq_ignore_ascii_case(name.as_str()));
        self.push(name, value);
    }
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

/// A header that a user asked for can't be sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("header {name:?} {fault}")]
#[non_exhaustive]
pub struct HeaderError {
    /// The header's name.
    pub name: String,
    /// What is wrong with it.
    pub fault: HeaderFault,
}

/// What is wrong with a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HeaderFault {
    /// Only NATS and Tidings set headers that begin with `Nats-` or `Tidings-`.
    #[error(
        "is reserved: `Nats-` and `Tidings-` headers are set by the options of a message, not by hand"
    )]
    Reserved,
    /// The name is empty or holds white space, `:`, a control or a non-ASCII character.
    #[error("has a name that is not printable ASCII without `:` and white space")]
    Name,
    /// The value holds a control or a non-ASCII character, or begins or ends with a space.
    #[error(
        "has a value that is not printable ASCII, or that begins or ends with a space; percent-encode it"
    )]
    Value,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_read_as_the_client_reads_it() {
        let read = |block: &[u8]| {
            let headers = Headers::from_wire(block)?;
            let pairs = headers.iter().map(|(name, value)| format!("{name}={value}"));
            Some(pairs.collect::<Vec<_>>().join(","))
        };
        for (block, expected) in [
            ("NATS/1.0\r\n\r\n", Some("")),
            ("NATS/1.0\r\nA: x \r\nB:y\r\nA:\r\n\r\n", Some("A=x,B=y,A=")),
            ("NATS/1.0\nA: x\n\n", Some("A=x")),
            ("NATS/1.0 503\r\nA: x\r\n\r\n", Some("A=x")),
            ("NATS/1.0 404 No Messages\r\n\r\n", Some("")),
            ("NATS/1.0\r\nA: x\r\n y\r\n\r\n", Some("A=x y")),
            ("NATS/1.0\r\nA: x:y\r\n\r\n", Some("A=x:y")),
            ("", None),
            ("HTTP/1.1\r\n\r\n", None),
            ("NATS/1.0 x\r\n\r\n", None),
            ("NATS/1.0 012\r\n\r\n", None),
            ("NATS/1.0\r\nA\r\n\r\n", None),
            ("NATS/1.0\r\nA b: x\r\n\r\n", None),
            ("NATS/1.0\r\nA: x\nb\r\n\r\n", None),
        ] {
            assert_eq!(read(block.as_bytes()).as_deref(), expected, "{block:?}");
        }
        assert_eq!(read(b"NATS/1.0\r\nA: \xff\r\n\r\n"), None);
    }
}
