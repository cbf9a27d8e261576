//! Errors of subjects: a value that can't stand in one, and one that can't be read.

use tidings_subject::TokenError;

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
    /// Chooses of two variants' errors the one that says more: a subject of the right shape with a
    /// wrong token was meant for that variant.
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
