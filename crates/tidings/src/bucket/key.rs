//! Keys: from fields to text and back, each value checked.

use std::mem;

use tidings_subject::{MAX_LEN, TokenError, check_key, check_key_token};

use crate::subject::SubjectError;

/// A key of a bucket.
///
/// `#[derive(Bucket)]` makes one of the fields of a key's template; text is the key of a bucket whose
/// name is given where it is opened.
pub trait BucketKey {
    /// The key as it is read from a bucket.
    type Owned: BucketKey;

    /// The text of the key.
    ///
    /// # Errors
    /// [`KeyError`] if it is empty or holds what no key can.
    fn to_key(&self) -> Result<String, KeyError>;

    /// The key of this text.
    ///
    /// # Errors
    /// [`KeyError`] if the text is not that of such a key.
    fn parse(key: &str) -> Result<Self::Owned, KeyError>;
}

macro_rules! text {
    ($($type:ty),*) => {$(
        impl BucketKey for $type {
            type Owned = String;

            fn to_key(&self) -> Result<String, KeyError> {
                match check_key(self) {
                    Ok(()) => Ok(self[..].to_owned()),
                    Err(problem) => Err(KeyError::Text { key: cut(self), problem }),
                }
            }

            // The server took the key when it was stored: it is given as it is.
            fn parse(key: &str) -> Result<String, KeyError> {
                Ok(key.to_owned())
            }
        }
    )*};
}

text!(str, String);

/// The beginning of a text that may be long.
pub(super) fn cut(text: &str) -> String {
    text.chars().take(64).collect()
}

/// A key can't be: a value in it, or all of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// A field's value can't be part of the key.
    #[error("field `{}` can't be part of the key `{}`: {:?} {}", .0.field, .0.template, .0.value, of_part(.0.source))]
    Field(SubjectError),
    /// A text can't be a key, or a filter of keys.
    #[error("{key:?} can't be a key: it {}", problem_of(key, *problem))]
    Text {
        /// The text, cut after 64 characters.
        key: String,
        /// The problem.
        problem: TokenError,
    },
    /// A text can't be the name of a bucket.
    #[error("{name:?} can't name a bucket: it {}", of_name(*problem))]
    Bucket {
        /// The name, cut after 64 characters.
        name: String,
        /// The problem.
        problem: TokenError,
    },
    /// A key in the bucket is not as the bucket's type declares it: another program wrote it.
    #[error("key `{key}` is none of `{template}`")]
    Template {
        /// The key.
        key: String,
        /// The declared template.
        template: &'static str,
    },
}

impl From<SubjectError> for KeyError {
    fn from(error: SubjectError) -> Self {
        Self::Field(error)
    }
}

/// Problem of a text, in words: of a part of it where it has several.
fn problem_of(text: &str, problem: TokenError) -> String {
    match problem {
        TokenError::Empty if !text.is_empty() => {
            "has an empty part: it begins or ends with `.`, or two follow each other".to_owned()
        }
        TokenError::TooLong => format!("is longer than {MAX_LEN} bytes"),
        problem => problem.to_string(),
    }
}

/// Problem of a value that is part of a key, in words.
fn of_part(problem: TokenError) -> String {
    match problem {
        TokenError::TooLong => format!("makes the key longer than {MAX_LEN} bytes"),
        problem => problem.to_string(),
    }
}

/// Problem of a bucket's name, in words.
fn of_name(problem: TokenError) -> String {
    match problem {
        TokenError::TooLong => "is too long for the name of a stream".to_owned(),
        problem => problem.to_string(),
    }
}

/// Writes a key token by token; each value is checked before it can reach the wire.
#[derive(Debug)]
pub struct KeyBuilder {
    template: &'static str,
    text: String,
    /// Start of the token that is being written.
    start: usize,
    refused: Option<SubjectError>,
}

impl KeyBuilder {
    /// Starts a key of `template`.
    pub fn new(template: &'static str) -> Self {
        Self { template, text: String::with_capacity(64), start: 0, refused: None }
    }

    /// Appends literal text and begins a token: its value is to be appended to what is given back.
    pub fn open(&mut self, before: &'static str) -> &mut String {
        self.text.push_str(before);
        self.start = self.text.len();
        &mut self.text
    }

    /// Ends the token of the value bound to `field`.
    pub fn close(&mut self, field: &'static str) {
        let written = &self.text[self.start..];
        let checked = match check_key_token(written) {
            Ok(()) if self.text.len() > MAX_LEN => Err(TokenError::TooLong),
            checked => checked,
        };
        if let Err(source) = checked
            && self.refused.is_none()
        {
            let (template, value) = (self.template, cut(written));
            self.refused = Some(SubjectError { field, template, value, source });
        }
    }

    /// The key, with the literal text after the last token.
    ///
    /// # Errors
    /// [`SubjectError`] of the first value that is empty or holds what a key can't.
    pub fn finish(&mut self, rest: &'static str) -> Result<String, SubjectError> {
        self.text.push_str(rest);
        match self.refused.take() {
            None => Ok(mem::take(&mut self.text)),
            Some(error) => Err(error),
        }
    }
}

/// The texts that stand in a key for the `N` fields of its template; `None` if the key has other
/// literals, or another number of tokens.
pub fn key_tokens<'a, const N: usize>(template: &str, key: &'a str) -> Option<[&'a str; N]> {
    let (mut found, mut count) = ([""; N], 0);
    let mut tokens = key.split('.');
    for part in template.split('.') {
        let token = tokens.next()?;
        if part.starts_with('{') {
            *found.get_mut(count)? = token;
            count += 1;
        } else if part != token {
            return None;
        }
    }
    (count == N && tokens.next().is_none()).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn built(tenant: &str, user: &str) -> Result<String, SubjectError> {
        let key = &mut KeyBuilder::new("{tenant}.user.{user}");
        key.open("").push_str(tenant);
        key.close("tenant");
        key.open(".user.").push_str(user);
        key.close("user");
        key.finish("")
    }

    #[test]
    fn values_that_are_refused_name_their_field() {
        assert_eq!(built("acme", "ada").as_deref(), Ok("acme.user.ada"));
        for (tenant, user, field, source) in [
            ("", "ada", "tenant", TokenError::Empty),
            ("acme", "a.b", "user", TokenError::Dot),
            ("acme", "*", "user", TokenError::Wildcard),
            ("acme", ">", "user", TokenError::Wildcard),
            ("acme", "a b", "user", TokenError::WhiteSpace),
            ("$JS", "ada", "tenant", TokenError::NoKey),
            ("", "*", "tenant", TokenError::Empty),
            ("acme", &"x".repeat(MAX_LEN), "user", TokenError::TooLong),
        ] {
            let refused = built(tenant, user).unwrap_err();
            assert_eq!((refused.field, refused.source), (field, source), "{refused}");
            assert_eq!(refused.template, "{tenant}.user.{user}");
        }
    }

    #[test]
    fn what_is_too_long_is_a_key_and_no_subject() {
        let long = "x".repeat(MAX_LEN + 1);
        let of_field = KeyError::from(built("acme", &long).unwrap_err()).to_string();
        assert!(of_field.contains("makes the key longer than 2048 bytes"), "{of_field}");
        let of_text = long.to_key().unwrap_err().to_string();
        assert!(of_text.ends_with("is longer than 2048 bytes"), "{of_text}");
        let problem = TokenError::TooLong;
        let of_name = KeyError::Bucket { name: "x".to_owned(), problem }.to_string();
        assert!(of_name.contains("too long for the name of a stream"), "{of_name}");
        for text in [of_field, of_text, of_name] {
            assert!(!text.contains("subject"), "{text}");
        }
    }

    #[test]
    fn tokens_are_read_back() {
        let of = |key| key_tokens::<2>("{tenant}.user.{user}", key);
        assert_eq!(of("acme.user.ada"), Some(["acme", "ada"]));
        for other in ["", "acme", "acme.ada", "acme.users.ada", "acme.user.ada.more"] {
            assert_eq!(of(other), None, "{other:?}");
        }
    }
}
