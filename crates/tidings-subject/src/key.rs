//! Keys of buckets, which have fewer characters than subjects (ADR-8): every client refuses the others.

use crate::MAX_LEN;
use crate::token::{TokenError, check_token};

/// Checks that `text` can be one token of a key: the text between two dots.
///
/// # Errors
/// [`TokenError`], the first thing that is wrong with it.
pub const fn check_key_token(text: &str) -> Result<(), TokenError> {
    if let Err(error) = check_token(text) {
        return Err(error);
    }
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if !(bytes[at].is_ascii_alphanumeric() || matches!(bytes[at], b'-' | b'_' | b'/' | b'=')) {
            return Err(TokenError::NoKey);
        }
        at += 1;
    }
    Ok(())
}

/// Checks a whole key: tokens with single dots between them.
///
/// # Errors
/// [`TokenError`], the first thing that is wrong with it.
pub fn check_key(key: &str) -> Result<(), TokenError> {
    if key.len() > MAX_LEN {
        return Err(TokenError::TooLong);
    }
    key.split('.').try_for_each(check_key_token)
}

/// Checks a filter of keys: a key in which `*` stands for one token, and `>` at the end for all that
/// follow.
///
/// # Errors
/// [`TokenError`], the first thing that is wrong with it.
pub fn check_key_filter(filter: &str) -> Result<(), TokenError> {
    if filter.len() > MAX_LEN {
        return Err(TokenError::TooLong);
    }
    let fixed = match filter {
        ">" => return Ok(()),
        _ => filter.strip_suffix(".>").unwrap_or(filter),
    };
    fixed.split('.').filter(|token| *token != "*").try_for_each(check_key_token)
}

/// Checks the name of a bucket, which is part of a subject and of a stream's name.
///
/// # Errors
/// [`TokenError`], the first thing that is wrong with it.
pub const fn check_bucket_name(name: &str) -> Result<(), TokenError> {
    if name.len() > MAX_NAME {
        return Err(TokenError::TooLong);
    }
    if let Err(error) = check_token(name) {
        return Err(error);
    }
    let bytes = name.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if !(bytes[at].is_ascii_alphanumeric() || matches!(bytes[at], b'-' | b'_')) {
            return Err(TokenError::NoKey);
        }
        at += 1;
    }
    Ok(())
}

/// The longest name of a bucket: its stream's is longer by `KV_`, and has 255 bytes at most.
const MAX_NAME: usize = 252;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys() {
        for good in ["a", "acme.ada", "a/b=c", "0.-._.=", "A-b_1"] {
            assert_eq!(check_key(good), Ok(()), "{good:?}");
            assert_eq!(check_key_filter(good), Ok(()), "{good:?}");
        }
        for (bad, error) in [
            ("", TokenError::Empty),
            (".a", TokenError::Empty),
            ("a.", TokenError::Empty),
            ("a..b", TokenError::Empty),
            ("*", TokenError::Wildcard),
            ("a.>", TokenError::Wildcard),
            ("a b", TokenError::WhiteSpace),
            ("a\0", TokenError::Control),
            ("a:b", TokenError::NoKey),
            ("zoë", TokenError::NoKey),
            (&"x".repeat(MAX_LEN + 1), TokenError::TooLong),
        ] {
            assert_eq!(check_key(bad), Err(error), "{bad:?}");
        }
        assert_eq!(check_key_token("a.b"), Err(TokenError::Dot));
    }

    #[test]
    fn filters() {
        for good in ["*", ">", "acme.*", "acme.>", "*.ada", "*.*.>"] {
            assert_eq!(check_key_filter(good), Ok(()), "{good:?}");
        }
        for bad in ["", ".>", "a.>.b", "a*", ">.a", "a b.*", "a..*"] {
            assert!(check_key_filter(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn bucket_names() {
        for good in ["sessions", "A-b_1"] {
            assert_eq!(check_bucket_name(good), Ok(()), "{good:?}");
        }
        for bad in ["", "a.b", "a/b", "a b", "*", "ü", &"x".repeat(MAX_NAME + 1)] {
            assert!(check_bucket_name(bad).is_err(), "{bad:?}");
        }
    }
}
