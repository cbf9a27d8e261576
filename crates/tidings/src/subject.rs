//! A concrete subject, and how a message's fields become one.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use tidings_subject::{MAX_LEN, TokenError, check_first_token, check_token};

use crate::slate;
use crate::text::Text;
use crate::token::Token;

/// The concrete subject a message is sent to, for example `orders.eu.created`.
///
/// A cheap clone. A subject without bound tokens is a constant and allocates nothing.
#[derive(Clone)]
pub struct Subject(Text);

impl Subject {
    /// A subject known when compiled.
    pub const fn from_static(subject: &'static str) -> Self {
        Self(Text::Static(subject))
    }

    /// The subject's text.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The text, for a transport that wants to own it.
    pub(crate) fn into_text(self) -> Text {
        self.0
    }

    /// The same in memory of its own: one that is kept keeps nothing else.
    pub(crate) fn detached(&self) -> Self {
        Self(self.0.detached())
    }
}

impl From<String> for Subject {
    fn from(subject: String) -> Self {
        Self(Text::from(subject))
    }
}

impl PartialEq for Subject {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Subject {}

impl PartialOrd for Subject {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Subject {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl Hash for Subject {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
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
    /// The subject is not one of any variant of an enum of events.
    #[error("subject `{subject}` is not one of any variant of `{of}`")]
    Variant {
        /// What was received.
        subject: String,
        /// The enum's name.
        of: &'static str,
    },
}

impl ParseSubjectError {
    /// Of two variants' errors the one that says more: a subject of the right shape with a wrong
    /// token was meant for that variant.
    #[doc(hidden)]
    pub fn or(refused: Option<Self>, error: Self) -> Option<Self> {
        match refused {
            Some(token @ Self::Token { .. }) => Some(token),
            _ => Some(error),
        }
    }

    /// The error of an enum of events all of whose variants refused the subject.
    #[doc(hidden)]
    pub fn of_enum(refused: Option<Self>, subject: &str, of: &'static str) -> Self {
        match refused {
            Some(token @ Self::Token { .. }) => token,
            _ => Self::Variant { subject: subject.to_owned(), of },
        }
    }
}

/// Writes a subject token by token; each value is checked before it can reach the wire.
#[derive(Debug)]
pub struct SubjectBuilder {
    template: &'static str,
    text: String,
    /// Where the token begins that is being written.
    start: usize,
    /// The literal bytes still to come: they count when a token is checked for length.
    literals: usize,
}

impl SubjectBuilder {
    /// Starts the subject of `template`, of which `literals` bytes are literal text.
    pub fn new(template: &'static str, literals: usize) -> Self {
        Self { template, text: slate::text(), start: 0, literals }
    }

    /// Appends literal text: tokens and the dots between them, checked when compiled.
    pub fn literal(&mut self, text: &'static str) {
        self.text.push_str(text);
        self.literals = self.literals.saturating_sub(text.len());
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
        value.append_to(self.open());
        self.close(field)
    }

    /// Begins a token: the value is to be appended to what is given back.
    pub fn open(&mut self) -> &mut String {
        self.start = self.text.len();
        &mut self.text
    }

    /// Ends the token of the value bound to `field`.
    ///
    /// # Errors
    /// [`SubjectError`] if the value is empty or holds what a token must not hold.
    pub fn close(&mut self, field: &'static str) -> Result<(), SubjectError> {
        let written = &self.text[self.start..];
        // Only the first token of a subject has names that are reserved.
        let checked =
            if self.start == 0 { check_first_token(written) } else { check_token(written) };
        let checked = match checked {
            Ok(()) if self.text.len() + self.literals > MAX_LEN => Err(TokenError::TooLong),
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
        Subject(Text::Shared(slate::written(self.text)))
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

    /// Takes one token.
    ///
    /// # Errors
    /// [`ParseSubjectError::Shape`] if there is none left.
    pub fn token(&mut self) -> Result<&'a str, ParseSubjectError> {
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
        if self.token()? == literal { Ok(()) } else { Err(self.shape()) }
    }

    /// The value that `token`, which is bound to `field`, was parsed into.
    ///
    /// # Errors
    /// [`ParseSubjectError::Token`] if it is no value of the field's type.
    pub fn value<T>(
        &self,
        field: &'static str,
        token: &str,
        value: Option<T>,
    ) -> Result<T, ParseSubjectError> {
        value.ok_or_else(|| ParseSubjectError::Token {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn built(first: &str, last: &str) -> Result<Subject, SubjectError> {
        let mut subject = SubjectBuilder::new("{first}.orders.{last}.created", 16);
        subject.token("first", first)?;
        subject.literal(".orders.");
        subject.token("last", last)?;
        subject.literal(".created");
        Ok(subject.finish())
    }

    #[test]
    fn what_is_built_is_parsed() {
        let subject = built("eu", "7").unwrap();
        assert_eq!(subject.as_str(), "eu.orders.7.created");
        let mut parser = SubjectParser::new("{first}.orders.{last}.created", subject.as_str());
        assert_eq!(parser.token().unwrap(), "eu");
        parser.literal("orders").unwrap();
        let token = parser.token().unwrap();
        assert_eq!(parser.value("last", token, <u32 as Token>::parse(token)).unwrap(), 7);
        assert!(parser.value::<u32>("last", token, None).is_err());
        parser.literal("created").unwrap();
        parser.finish().unwrap();
    }

    #[test]
    fn values_that_are_refused() {
        for (first, last, field, error) in [
            ("", "x", "first", TokenError::Empty),
            ("$JS", "x", "first", TokenError::Reserved),
            ("_INBOX", "x", "first", TokenError::Reserved),
            ("x", "a.b", "last", TokenError::Dot),
            ("x", "*", "last", TokenError::Wildcard),
            ("x", &"y".repeat(MAX_LEN - 16), "last", TokenError::TooLong),
        ] {
            let refused = built(first, last).unwrap_err();
            assert_eq!((refused.field, refused.source), (field, error));
        }
        let longest = built("x", &"y".repeat(MAX_LEN - 17)).unwrap();
        assert_eq!(longest.as_str().len(), MAX_LEN);
        assert!(built("x", "$JS").is_ok());
    }
}
