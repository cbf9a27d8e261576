//! Subject filters with the types of the fields they narrow.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use crate::message::{Declaration, Message};
use crate::subject::{Subject, SubjectBuilder, SubjectError};
use crate::token::Token;

/// A filter over one message's subjects, as made by [`Message::filter`].
pub trait Filter: Send {
    /// The message whose subjects it matches.
    type Message: Message;

    /// The subject filters, with `*` for each token that was not narrowed.
    ///
    /// # Errors
    /// [`SubjectError`] if a value that was given can't be a token.
    fn subjects(self) -> Result<Vec<Subject>, SubjectError>;
}

/// The filter of an enum of events: all subjects of all its variants.
pub struct Unfiltered<M>(PhantomData<fn() -> M>);

impl<M> Unfiltered<M> {
    /// All of them.
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<M> Default for Unfiltered<M> {
    fn default() -> Self {
        Self::new()
    }
}

impl<M> fmt::Debug for Unfiltered<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Unfiltered")
    }
}

impl<M: Message> Filter for Unfiltered<M> {
    type Message = M;

    fn subjects(self) -> Result<Vec<Subject>, SubjectError> {
        Ok(filters(M::DECLARATIONS))
    }
}

/// The filters that together match all that is declared, none of them covered by another: events
/// that share a subject share a subscription, and each message comes once.
pub(crate) fn filters(declarations: &[&'static Declaration]) -> Vec<Subject> {
    let mut filters: Vec<&'static str> = Vec::with_capacity(declarations.len());
    for declaration in declarations {
        if !tidings_subject::covers(&filters, declaration.filter) {
            filters.retain(|known| !tidings_subject::covers(&[declaration.filter], known));
            filters.push(declaration.filter);
        }
    }
    filters.into_iter().map(Subject::from_static).collect()
}

/// A template's tokens, each a literal, narrowed to a value or open: the state behind the filter
/// that a derive generates.
#[derive(Debug, Clone)]
pub struct FilterTokens {
    template: &'static str,
    tokens: Vec<Cow<'static, str>>,
    refused: Option<SubjectError>,
}

impl FilterTokens {
    /// The filter of `template`, whose text with `*` for each bound token is `filter`.
    pub fn new(template: &'static str, filter: &'static str) -> Self {
        let tokens = filter.split('.').map(Cow::Borrowed).collect();
        Self { template, tokens, refused: None }
    }

    /// Narrows the token at `position` (from 0, counting literals) to `value`.
    ///
    /// The first value that can't be a token is kept as the error of [`subjects`](Self::subjects).
    pub fn narrow<T: Token + ?Sized>(&mut self, position: usize, field: &'static str, value: &T) {
        let others = self.tokens.iter().enumerate().filter(|(other, _)| *other != position);
        let mut subject =
            SubjectBuilder::new(self.template, others.map(|(_, token)| token.len() + 1).sum());
        // Only the first token of a subject has names that are reserved.
        let before = if position == 0 { "" } else { "_." };
        subject.literal(before);
        match subject.token(field, value) {
            Ok(()) => {
                let token = subject.finish().as_str()[before.len()..].to_owned();
                self.tokens[position] = Cow::Owned(token);
            }
            Err(error) => {
                self.refused.get_or_insert(error);
            }
        }
    }

    /// The one subject filter.
    ///
    /// # Errors
    /// The first [`SubjectError`] that narrowing met.
    pub fn subjects(self) -> Result<Vec<Subject>, SubjectError> {
        match self.refused {
            Some(error) => Err(error),
            None => Ok(vec![Subject::from(self.tokens.join("."))]),
        }
    }
}

#[cfg(test)]
mod tests {
    use tidings_subject::{MAX_LEN, TokenError};

    use super::FilterTokens;

    #[test]
    fn narrowing() {
        let mut filter = FilterTokens::new("{a}.b.{c}", "*.b.*");
        assert_eq!(filter.clone().subjects().unwrap()[0].as_str(), "*.b.*");
        filter.narrow(2, "c", &7);
        assert_eq!(filter.clone().subjects().unwrap()[0].as_str(), "*.b.7");
        filter.narrow(0, "a", "$x");
        filter.narrow(2, "c", "x.y");
        let refused = filter.subjects().unwrap_err();
        assert_eq!((refused.field, refused.source), ("a", TokenError::Reserved));
    }

    #[test]
    fn the_whole_is_not_too_long() {
        let mut filter = FilterTokens::new("{a}.b.{c}", "*.b.*");
        filter.narrow(2, "c", &"x".repeat(MAX_LEN - 4));
        assert_eq!(filter.clone().subjects().unwrap()[0].as_str().len(), MAX_LEN);
        filter.narrow(0, "a", "xx");
        assert_eq!(filter.subjects().unwrap_err().source, TokenError::TooLong);
    }
}
