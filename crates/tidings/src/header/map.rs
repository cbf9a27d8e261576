//! A message's headers, and which a user may set.

use std::fmt;

use smallvec::SmallVec;
use tidings_subject::SCHEDULES;

use super::name::{
    MESSAGE_ID, ORIGIN, ORIGINAL_ID, REDRIVEN, RESERVED, SCHEDULE_NEXT, SCHEDULE_OVER, SCHEDULER,
    begins, is_value,
};
use crate::text::Text;

/// The first line of each header block.
const VERSION: &str = "NATS/1.0\r\n";

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
    /// `Nats-Msg-Id`, the id by which a stream knows a message again.
    pub const MESSAGE_ID: &'static str = MESSAGE_ID;
    /// `Tidings-Message`, name and version of a message whose subject does not say them: `<name>.v<N>`.
    pub const MESSAGE: &'static str = super::name::MESSAGE;
    /// `Nats-Expected-Stream`, the stream that must store the message.
    pub const EXPECTED_STREAM: &'static str = super::name::EXPECTED_STREAM;
    /// `Nats-Marker-Reason`, by which a server says why it wrote the message itself, without a payload.
    pub const MARKER_REASON: &'static str = super::name::MARKER_REASON;
    /// `Tidings-Large-Object`, the object that is the payload of a large event.
    pub const LARGE_OBJECT: &'static str = super::name::LARGE_OBJECT;
    /// `Tidings-Large-Store`, the object store that has it.
    pub const LARGE_STORE: &'static str = super::name::LARGE_STORE;
    /// `Tidings-Large-Size`, its size in bytes.
    pub const LARGE_SIZE: &'static str = super::name::LARGE_SIZE;
    /// `Nats-Service-Error`, the error of a service as text.
    pub const SERVICE_ERROR: &'static str = super::name::SERVICE_ERROR;
    /// `Nats-Service-Error-Code`, the error of a service as a number.
    pub const SERVICE_ERROR_CODE: &'static str = super::name::SERVICE_ERROR_CODE;

    /// Returns `true` if only NATS and Tidings set headers of this name.
    pub fn is_reserved(name: &str) -> bool {
        RESERVED.iter().any(|prefix| begins(name, prefix))
    }

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

    /// Copies them into memory of their own: those that are kept keep nothing else.
    #[cfg(feature = "memory")]
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

    /// Number of bytes that they take on the wire: `NATS/1.0`, then a line for each, then an empty
    /// one.
    pub(crate) fn wire_len(&self) -> usize {
        if self.is_empty() {
            return 0;
        }
        let lines = self.iter().map(|(name, value)| name.len() + 2 + value.len() + 2);
        VERSION.len() + "\r\n".len() + lines.sum::<usize>()
    }

    /// Number of values.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns `true` if there is no header.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds a header that a user asked for.
    ///
    /// # Errors
    /// [`HeaderError`] if the name is reserved, or the name or the value holds what it must not.
    pub fn append(&mut self, name: &str, value: &str) -> Result<(), HeaderError> {
        let fault = if Self::is_reserved(name) {
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

    /// The id that a message had before it was put back.
    pub(crate) fn original_id(&self) -> Option<&str> {
        self.get(ORIGINAL_ID)
    }

    /// The id of a message that arrived: its header, or the subject on which it waited until it was
    /// due, since the server takes the header away then. What comes again and again has none.
    pub(crate) fn own_id(&self) -> Option<&str> {
        self.get(MESSAGE_ID).or_else(|| {
            let waited = self.get(SCHEDULER)?.strip_prefix(SCHEDULES)?;
            if self.get(SCHEDULE_NEXT).is_some_and(|next| next != SCHEDULE_OVER) {
                return None;
            }
            waited.splitn(3, '.').nth(2)
        })
    }

    /// The stream, the sequence and the time in nanoseconds of a message before it was put back.
    pub(crate) fn origin(&self) -> Option<(&str, u64, u128)> {
        let (rest, nanos) = self.get(ORIGIN)?.rsplit_once('.')?;
        let (stream, sequence) = rest.rsplit_once('.')?;
        Some((stream, sequence.parse().ok()?, nanos.parse().ok()?))
    }

    /// Number of times that a message was put back after it had been put aside.
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
    /// The fault.
    pub fault: HeaderFault,
}

/// Fault of a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HeaderFault {
    /// A reserved name: NATS and Tidings alone set headers that begin with `Nats-` or `Tidings-`.
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
