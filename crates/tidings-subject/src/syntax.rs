//! Whole subjects and filters.

use std::error::Error;
use std::fmt;

use crate::MAX_LEN;
use crate::scan::{Class, class, token_end};

/// Syntax error of a subject or filter, with its position. Displayed after the text: *`a..b` has …*
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SyntaxError {
    position: usize,
    cause: SyntaxCause,
}

/// Cause of a [`SyntaxError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SyntaxCause {
    /// The text is empty.
    Empty,
    /// A dot at the beginning.
    LeadingDot,
    /// A dot at the end.
    TrailingDot,
    /// Two dots follow each other.
    EmptyToken,
    /// White space.
    WhiteSpace,
    /// A control character.
    Control,
    /// A wildcard, `*` or `>`, in a concrete subject.
    Wildcard,
    /// A `*` or `>` shares its token with other text.
    PartialWildcard,
    /// A `>` is not the last token.
    EarlyGreater,
    /// More bytes than [`MAX_LEN`].
    TooLong,
}

impl SyntaxError {
    pub(crate) const fn new(position: usize, cause: SyntaxCause) -> Self {
        Self { position, cause }
    }

    /// The byte at which it was noticed.
    pub const fn position(&self) -> usize {
        self.position
    }

    /// Cause of the error.
    pub const fn cause(&self) -> SyntaxCause {
        self.cause
    }
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.cause)?;
        match self.cause {
            SyntaxCause::WhiteSpace
            | SyntaxCause::Control
            | SyntaxCause::EmptyToken
            | SyntaxCause::PartialWildcard => write!(f, " (byte {})", self.position),
            _ => Ok(()),
        }
    }
}

impl fmt::Display for SyntaxCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "is empty",
            Self::LeadingDot => "begins with `.`",
            Self::TrailingDot => "ends with `.`",
            Self::EmptyToken => "has an empty token: two dots follow each other",
            Self::WhiteSpace => "holds white space",
            Self::Control => "holds a control character",
            Self::Wildcard => "holds a wildcard, and only a filter may",
            Self::PartialWildcard => {
                "has a wildcard beside other text: `*` and `>` are a token by themselves"
            }
            Self::EarlyGreater => "has `>` before its end: it stands for all tokens that follow",
            Self::TooLong => return write!(f, "is longer than {MAX_LEN} bytes"),
        })
    }
}

impl Error for SyntaxError {}

/// Checks a concrete subject: tokens with dots between them, no wildcards.
///
/// # Errors
/// [`SyntaxError`], the first thing that is wrong with it.
pub const fn check_subject(subject: &str) -> Result<(), SyntaxError> {
    check(subject, false)
}

/// Checks a filter: a subject that may hold `*` for one token, and end in `>` for all that follow.
///
/// # Errors
/// [`SyntaxError`], the first thing that is wrong with it.
pub const fn check_filter(filter: &str) -> Result<(), SyntaxError> {
    check(filter, true)
}

const fn check(text: &str, wildcards: bool) -> Result<(), SyntaxError> {
    let bytes = text.as_bytes();
    if let Err(error) = check_outline(bytes) {
        return Err(error);
    }
    let mut start = 0;
    while start < bytes.len() {
        let end = token_end(bytes, start);
        if let Err(error) = check_token_at(bytes, start, end, wildcards) {
            return Err(error);
        }
        start = end + 1;
    }
    Ok(())
}

/// Checks what does not need the tokens: the length and both ends.
pub(crate) const fn check_outline(bytes: &[u8]) -> Result<(), SyntaxError> {
    let (position, cause) = if bytes.is_empty() {
        (0, SyntaxCause::Empty)
    } else if bytes.len() > MAX_LEN {
        (MAX_LEN, SyntaxCause::TooLong)
    } else if bytes[0] == b'.' {
        (0, SyntaxCause::LeadingDot)
    } else if bytes[bytes.len() - 1] == b'.' {
        (bytes.len() - 1, SyntaxCause::TrailingDot)
    } else {
        return Ok(());
    };
    Err(SyntaxError::new(position, cause))
}

/// Checks the token from `start` to `end`.
pub(crate) const fn check_token_at(
    bytes: &[u8],
    start: usize,
    end: usize,
    wildcards: bool,
) -> Result<(), SyntaxError> {
    if start == end {
        return Err(SyntaxError::new(start, SyntaxCause::EmptyToken));
    }
    let mut at = start;
    while at < end {
        let cause = match class(bytes, at) {
            Class::WhiteSpace => Some(SyntaxCause::WhiteSpace),
            Class::Control => Some(SyntaxCause::Control),
            Class::Wildcard if !wildcards => Some(SyntaxCause::Wildcard),
            Class::Wildcard if end - start > 1 => Some(SyntaxCause::PartialWildcard),
            Class::Wildcard if bytes[at] == b'>' && end < bytes.len() => {
                Some(SyntaxCause::EarlyGreater)
            }
            Class::Plain | Class::Dot | Class::Wildcard => None,
        };
        if let Some(cause) = cause {
            return Err(SyntaxError::new(at, cause));
        }
        at += 1;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::SyntaxCause::*;
    use super::*;

    #[test]
    fn good_ones() {
        for subject in ["a", "a.b", "orders.eu.created", "$JS.API.INFO", "_INBOX.x", "é.日本", "v1"]
        {
            assert_eq!(check_subject(subject), Ok(()), "{subject:?}");
            assert_eq!(check_filter(subject), Ok(()), "{subject:?}");
        }
        for filter in [">", "*", "*.*", "a.*", "a.>", "*.>", "a.*.b.>", "$JS.>"] {
            assert_eq!(check_filter(filter), Ok(()), "{filter:?}");
            assert_eq!(check_subject(filter).map_err(|e| e.cause()), Err(Wildcard), "{filter:?}");
        }
        assert_eq!(check_subject(&"x".repeat(MAX_LEN)), Ok(()));
    }

    #[test]
    fn bad_ones() {
        for (filter, position, cause) in [
            ("", 0, Empty),
            (".", 0, LeadingDot),
            (".a", 0, LeadingDot),
            ("a.", 1, TrailingDot),
            ("a..", 2, TrailingDot),
            ("a..b", 2, EmptyToken),
            ("a b", 1, WhiteSpace),
            ("a.\n", 2, WhiteSpace),
            ("a.\u{2028}", 2, WhiteSpace),
            ("a.b\0", 3, Control),
            ("a\u{1b}", 1, Control),
            ("a*", 1, PartialWildcard),
            ("a.>b", 2, PartialWildcard),
            ("a.**", 2, PartialWildcard),
            ("a.*>", 2, PartialWildcard),
            (">.a", 0, EarlyGreater),
            ("a.>.*", 2, EarlyGreater),
            (&"x".repeat(MAX_LEN + 1), MAX_LEN, TooLong),
        ] {
            assert_eq!(check_filter(filter), Err(SyntaxError::new(position, cause)), "{filter:?}");
            assert!(check_subject(filter).is_err(), "{filter:?}");
        }
    }

    #[test]
    fn display() {
        let shown = |filter| check_filter(filter).unwrap_err().to_string();
        assert_eq!(shown("a..b"), "has an empty token: two dots follow each other (byte 2)");
        assert_eq!(shown(""), "is empty");
    }
}
