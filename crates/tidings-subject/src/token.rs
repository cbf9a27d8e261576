//! Tokens: the texts between two dots.

use std::error::Error;
use std::fmt;

use crate::MAX_LEN;
use crate::scan::{Class, class, is_reserved, plain};

/// Reason that a text can't be a token. It reads after the text: *"eu.west" holds `.`, …*
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TokenError {
    /// The text is empty.
    Empty,
    /// A dot.
    Dot,
    /// A wildcard: `*` or `>`.
    Wildcard,
    /// White space, of ASCII or of Unicode.
    WhiteSpace,
    /// A control character.
    Control,
    /// A name of the server's, if it were the first token.
    Reserved,
    /// More bytes than [`MAX_LEN`], in the token or the subject that it is part of.
    TooLong,
    /// The subject has no place for it.
    NoPlace,
    /// A character that no key of a bucket has.
    NoKey,
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("is empty"),
            Self::Dot => f.write_str("holds `.`, which separates tokens"),
            Self::Wildcard => f.write_str("holds `*` or `>`, which are wildcards"),
            Self::WhiteSpace => f.write_str("holds white space"),
            Self::Control => f.write_str("holds a control character"),
            Self::Reserved => {
                f.write_str("is reserved for the server: no subject begins with `$` or `_INBOX`")
            }
            Self::NoPlace => f.write_str("has no place there"),
            Self::NoKey => f.write_str(
                "holds what no key can: keys are made of A-Z, a-z, 0-9, `-`, `_`, `/` and `=`",
            ),
            Self::TooLong => write!(f, "makes the subject longer than {MAX_LEN} bytes"),
        }
    }
}

impl Error for TokenError {}

/// Checks that `text` can be a token of a subject.
///
/// # Errors
/// [`TokenError`], the first thing that is wrong with it.
pub const fn check_token(text: &str) -> Result<(), TokenError> {
    let bytes = text.as_bytes();
    if bytes.is_empty() {
        return Err(TokenError::Empty);
    }
    if bytes.len() > MAX_LEN {
        return Err(TokenError::TooLong);
    }
    let mut at = plain(bytes, 0);
    while at < bytes.len() {
        match class(bytes, at) {
            Class::Plain => {}
            Class::Dot => return Err(TokenError::Dot),
            Class::Wildcard => return Err(TokenError::Wildcard),
            Class::WhiteSpace => return Err(TokenError::WhiteSpace),
            Class::Control => return Err(TokenError::Control),
        }
        at += 1;
        at += plain(bytes, at);
    }
    Ok(())
}

/// Checks that `text` can be the first token of a subject, where some names are the server's.
///
/// # Errors
/// [`TokenError`], the first thing that is wrong with it.
pub const fn check_first_token(text: &str) -> Result<(), TokenError> {
    match check_token(text) {
        Ok(()) if is_reserved(text.as_bytes()) => Err(TokenError::Reserved),
        checked => checked,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens() {
        for good in ["a", "eu", "EU-west_1", "$", "{x}", "é", "日本", "a/b", "😀", "_INBOX"] {
            assert_eq!(check_token(good), Ok(()), "{good:?}");
        }
        for (bad, error) in [
            ("", TokenError::Empty),
            (".", TokenError::Dot),
            ("eu.west", TokenError::Dot),
            ("*", TokenError::Wildcard),
            ("a>", TokenError::Wildcard),
            ("a b", TokenError::WhiteSpace),
            ("a\t", TokenError::WhiteSpace),
            ("a\u{a0}b", TokenError::WhiteSpace),
            ("\u{3000}", TokenError::WhiteSpace),
            ("\u{feff}a", TokenError::WhiteSpace),
            ("a\0", TokenError::Control),
            ("a\u{7f}", TokenError::Control),
            ("a\u{9f}", TokenError::Control),
            (&"x".repeat(MAX_LEN + 1), TokenError::TooLong),
        ] {
            assert_eq!(check_token(bad), Err(error), "{bad:?}");
        }
    }

    #[test]
    fn first_tokens() {
        for good in ["a", "_INBOX2", "_INBO", "a$"] {
            assert_eq!(check_first_token(good), Ok(()), "{good:?}");
        }
        for bad in ["$", "$JS", "_INBOX"] {
            assert_eq!(check_first_token(bad), Err(TokenError::Reserved), "{bad:?}");
        }
    }

    #[test]
    fn errors_read_after_the_value() {
        let error = check_token("eu.west").unwrap_err();
        assert_eq!(
            format!("{:?} {error}", "eu.west"),
            "\"eu.west\" holds `.`, which separates tokens"
        );
    }
}
