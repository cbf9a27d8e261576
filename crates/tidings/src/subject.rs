//! A concrete subject, and how a message's fields become one.

use std::borrow::Cow;
use std::fmt;

use tidings_subject::{MAX_LEN, TokenError, check_token};

use crate::token::Token;

/// The concrete subject a message is sent to, for example `orders.eu.created`.
///
/// A subject without bound tokens is a constant and allocates nothing.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Subject(Cow<'static, str>);

impl Subject {
    /// A subject known when compiled.
    pub const fn from_static(subject: &'static str) -> Self {
        Self(Cow::Borrowed(subject))
    }

    /// The subject's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text, for a transport that wants to own it: a constant stays a constant.
    pub(crate) fn into_inner(self) -> Cow<'static, str> {
        self.0
    }
}

impl From<String> for Subject {
    fn from(subject: String) -> Self {
        Self(Cow::Owned(subject))
    }
}

impl AsRef<str> for Subject {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.as_str())
    }
}

/// A field's value can't stand in the subject of its message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("field `{field}` can't be a token of `{template}`: {value:?} {source}")]
#[non_exhaustive]
pub struct SubjectError {
    /// The field whose value was refused.
    pub field: &'static str,
    /// The template that the field is bound in.
    pub template: &'static str,
    /// The value as text, cut after 64 characters.
    pub value: String,
    /// What is wrong with it.
    pub source: TokenError,
}

/// A received subject does not have the shape its message declares.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseSubjectError {
    /// The subject has other literals, or another number of tokens, than the template.
    #[error("subject `{subject}` is not one of `{template}`")]
    Shape {
        /// What was received.
        subject: String,
        /// What the message declares.
        template: &'static str,
    },
    /// A token's text is no value of the field it is bound to.
    #[error(
        "token {token:?} of subject `{subject}` is no value for field `{field}` of `{template}`"
    )]
    Token {
        /// What was received.
        subject: String,
        /// What the message declares.
        template: &'static str,
        /// The field that the token is bound to.
        field: &'static str,
        /// The token's text.
        token: String,
    },
}

/// Writes a subject token by token; each value is checked before it can reach the wire.
#[derive(Debug)]
pub struct SubjectBuilder {
    template: &'static str,
    text: String,
}

impl SubjectBuilder {
    /// Starts the subject of `template`, which has `fields` bound tokens.
    pub fn new(template: &'static str, fields: usize) -> Self {
        // A `{field}` is about as long as most values; a UUID is longer.
        Self { template, text: String::with_capacity(template.len() + 32 * fields) }
    }

    /// Appends literal text: tokens and the dots between them, checked when compiled.
    pub fn literal(&mut self, text: &'static str) {
        self.text.push_str(text);
    }

    /// Appends the value bound to `field`.
    ///
    /// # Errors
    /// [`SubjectError`] if the value is empty or holds what a token must not hold.
    pub fn token<T: Token + ?Sized>(
        &mut self,
        field: &'static str,
        value: &T,
    ) -> Result<(), SubjectError> {
        let start = self.text.len();
        value.append_to(&mut self.text);
        let written = &self.text[start..];
        let checked = match check_token(written) {
            Ok(()) if start == 0 && written.starts_with('$') => Err(TokenError::Reserved),
            Ok(()) if self.text.len() > MAX_LEN => Err(TokenError::TooLong),
            checked => checked,
        };
        checked.map_err(|source| SubjectError {
            field,
            template: self.template,
            value: written.chars().take(64).collect(),
            source,
        })
    }

    /// The finished subject.
    pub fn finish(self) -> Subject {
        Subject(Cow::Owned(self.text))
    }
}

/// Reads a subject back token by token: the inverse of [`SubjectBuilder`].
#[derive(Debug)]
pub struct SubjectParser<'a> {
    template: &'static str,
    subject: &'a str,
    rest: Option<&'a str>,
}

impl<'a> SubjectParser<'a> {
    /// Starts to read `subject` as one of `template`.
    pub fn new(template: &'static str, subject: &'a str) -> Self {
        Self { template, subject, rest: Some(subject) }
    }

    fn next_token(&mut self) -> Result<&'a str, ParseSubjectError> {
        let rest = self.rest.ok_or_else(|| self.shape())?;
        if let Some((token, rest)) = rest.split_once('.') {
            self.rest = Some(rest);
            Ok(token)
        } else {
            self.rest = None;
            Ok(rest)
        }
    }

    /// Takes one token that must be `literal`.
    ///
    /// # Errors
    /// [`ParseSubjectError::Shape`] if it is another, or there is none left.
    pub fn literal(&mut self, literal: &str) -> Result<(), ParseSubjectError> {
        if self.next_token()? == literal { Ok(()) } else { Err(self.shape()) }
    }

    /// Takes the token bound to `field` as its typed value.
    ///
    /// # Errors
    /// [`ParseSubjectError`] if there is none left or it is no value of the field's type.
    pub fn token<T: Token + ?Sized>(
        &mut self,
        field: &'static str,
    ) -> Result<T::Owned, ParseSubjectError> {
        let token = self.next_token()?;
        T::parse(token).ok_or_else(|| ParseSubjectError::Token {
            subject: self.subject.to_owned(),
            template: self.template,
            field,
            token: token.to_owned(),
        })
    }

    /// Ends the reading: nothing may be left.
    ///
    /// # Errors
    /// [`ParseSubjectError::Shape`] if tokens are left.
    pub fn finish(self) -> Result<(), ParseSubjectError> {
        if self.rest.is_none() { Ok(()) } else { Err(self.shape()) }
    }

    fn shape(&self) -> ParseSubjectError {
        ParseSubjectError::Shape { subject: self.subject.to_owned(), template: self.template }
    }
}
