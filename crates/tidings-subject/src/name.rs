//! The names of streams and consumers.

use std::error::Error;
use std::fmt;

use crate::scan::{Class, class};

/// The longest name of a stream or consumer: each is a directory on the server's disk.
const MAX_NAME_LEN: usize = 255;

/// Reason that a text can't name a stream or a consumer. It reads after the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NameError {
    /// The text is empty.
    Empty,
    /// A dot.
    Dot,
    /// A wildcard: `*` or `>`.
    Wildcard,
    /// A slash: `/` or `\`.
    Slash,
    /// White space.
    WhiteSpace,
    /// A control character.
    Control,
    /// More than 255 bytes.
    TooLong,
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("is empty"),
            Self::Dot => f.write_str("holds `.`, which separates tokens"),
            Self::Wildcard => f.write_str("holds `*` or `>`, which are wildcards"),
            Self::Slash => f.write_str("holds `/` or `\\`, which separate directories"),
            Self::WhiteSpace => f.write_str("holds white space"),
            Self::Control => f.write_str("holds a control character"),
            Self::TooLong => write!(f, "is longer than {MAX_NAME_LEN} bytes"),
        }
    }
}

impl Error for NameError {}

/// Checks the name of a stream.
///
/// # Errors
/// [`NameError`], the first thing that is wrong with it.
pub const fn check_stream_name(name: &str) -> Result<(), NameError> {
    check(name.as_bytes())
}

/// Checks the durable name of a consumer.
///
/// # Errors
/// [`NameError`], the first thing that is wrong with it.
pub const fn check_consumer_name(name: &str) -> Result<(), NameError> {
    check(name.as_bytes())
}

const fn check(bytes: &[u8]) -> Result<(), NameError> {
    if bytes.is_empty() {
        return Err(NameError::Empty);
    }
    if bytes.len() > MAX_NAME_LEN {
        return Err(NameError::TooLong);
    }
    let mut at = 0;
    while at < bytes.len() {
        match class(bytes, at) {
            Class::Plain if matches!(bytes[at], b'/' | b'\\') => return Err(NameError::Slash),
            Class::Plain => {}
            Class::Dot => return Err(NameError::Dot),
            Class::Wildcard => return Err(NameError::Wildcard),
            Class::WhiteSpace => return Err(NameError::WhiteSpace),
            Class::Control => return Err(NameError::Control),
        }
        at += 1;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for good in ["ORDERS", "orders-v2", "a_b", "größe", "$x", &"x".repeat(255)] {
            assert_eq!(check_stream_name(good), Ok(()), "{good:?}");
            assert_eq!(check_consumer_name(good), Ok(()), "{good:?}");
        }
        for (bad, error) in [
            ("", NameError::Empty),
            ("a.b", NameError::Dot),
            ("a*", NameError::Wildcard),
            (">", NameError::Wildcard),
            ("a/b", NameError::Slash),
            ("a\\b", NameError::Slash),
            ("a b", NameError::WhiteSpace),
            ("a\u{a0}", NameError::WhiteSpace),
            ("a\0", NameError::Control),
            (&"x".repeat(256), NameError::TooLong),
        ] {
            assert_eq!(check_stream_name(bad), Err(error), "{bad:?}");
            assert_eq!(check_consumer_name(bad), Err(error), "{bad:?}");
        }
    }
}
