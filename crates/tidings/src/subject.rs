//! A concrete subject, and what can be wrong with one.

mod build;
mod reserved;

pub use build::SubjectBuilder;
#[cfg(test)]
pub(crate) use build::tests::built;
pub(crate) use reserved::{LETTERS, is_inbox, reserved};

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use tidings_subject::TokenError;

use crate::text::Text;

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

    /// Copies it into memory of its own: one that is kept keeps nothing else.
    #[cfg(feature = "memory")]
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
    /// The fault of the value.
    pub source: TokenError,
}

/// A received subject does not have the shape its message declares.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseSubjectError {
    /// The subject has other literals, or another number of tokens, than the template.
    #[error("subject `{subject}` is not one of `{template}`")]
    Shape {
        /// The received data, as it came.
        subject: String,
        /// The declared template.
        template: &'static str,
    },
    /// A token's text is no value of the field it is bound to.
    #[error(
        "token {token:?} of subject `{subject}` is no value for field `{field}` of `{template}`"
    )]
    Token {
        /// The received data, as it came.
        subject: String,
        /// The declared template.
        template: &'static str,
        /// The field that the token is bound to.
        field: &'static str,
        /// The token's text.
        token: String,
    },
    /// The subject is not one of any variant of an enum of events.
    #[error("subject `{subject}` is not one of any variant of `{of}`")]
    Variant {
        /// The received data, as it came.
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
