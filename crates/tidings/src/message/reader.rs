//! The tokens of a received subject.

use std::str::Split;

use crate::message::Declaration;
use crate::subject::ParseSubjectError;

/// Reads the tokens of a subject that are bound to fields: the inverse of
/// [`SubjectBuilder`](crate::subject::SubjectBuilder).
///
/// A subject of another shape is told of at the end, as there: what a derive writes is nothing but
/// calls.
#[derive(Debug)]
pub struct SubjectReader<'a> {
    declaration: &'static Declaration,
    subject: &'a str,
    /// Rest of the declared filter and of the subject, token by token.
    left: (Split<'static, char>, Split<'a, char>),
    /// The token that was read last, and the field that it is bound to.
    last: (&'static str, &'a str),
    other: bool,
}

impl<'a> SubjectReader<'a> {
    /// Starts to read `subject` as one of this declaration.
    pub(crate) fn of(declaration: &'static Declaration, subject: &'a str) -> Self {
        let left = (declaration.filter.split('.'), subject.split('.'));
        Self { declaration, subject, left, last: ("", ""), other: false }
    }

    /// The next token, which is bound to `field`; `None` if the subject has another shape.
    pub fn next(&mut self, field: &'static str) -> Option<&'a str> {
        let token = self.advance()?;
        self.last = (field, token);
        Some(token)
    }

    /// Ends the reading: gives what was read, where that is all of the subject.
    ///
    /// # Errors
    /// [`ParseSubjectError::Shape`] if the subject has other literals, or another number of tokens.
    pub fn finish<T>(&mut self, tokens: T) -> Result<T, ParseSubjectError> {
        if self.advance().is_none() && !self.other { Ok(tokens) } else { Err(self.shape()) }
    }

    /// Error of a subject that can't be read: it has another shape, or its last token is no value
    /// of the field that it is bound to.
    #[cold]
    pub fn refused(&mut self) -> ParseSubjectError {
        let (field, token) = self.last;
        while self.advance().is_some() {}
        if self.other {
            return self.shape();
        }
        ParseSubjectError::Token {
            subject: self.subject.to_owned(),
            template: self.declaration.template,
            field,
            token: token.to_owned(),
        }
    }

    /// The next bound token; `None` if there is none, or the subject is another.
    fn advance(&mut self) -> Option<&'a str> {
        let (expected, given) = &mut self.left;
        loop {
            match (expected.next(), given.next()) {
                (Some("*"), Some(token)) => return Some(token),
                (Some(expected), Some(token)) if expected == token => {}
                (None, None) => return None,
                _ => {
                    self.other = true;
                    return None;
                }
            }
        }
    }

    #[cold]
    fn shape(&self) -> ParseSubjectError {
        ParseSubjectError::Shape {
            subject: self.subject.to_owned(),
            template: self.declaration.template,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::subject::built;

    static DECLARATION: Declaration = Declaration::new(
        "orders.created",
        1,
        "orders.created.v1",
        "{first}.orders.{last}.created",
        "*.orders.*.created",
    );

    fn reader(subject: &str) -> SubjectReader<'_> {
        SubjectReader::of(&DECLARATION, subject)
    }

    fn is_shape(error: &ParseSubjectError) -> bool {
        matches!(error, ParseSubjectError::Shape { .. })
    }

    #[test]
    fn what_is_built_is_parsed() {
        let subject = built("eu", "7").unwrap();
        assert_eq!(subject.as_str(), "eu.orders.7.created");
        let mut reader = reader(subject.as_str());
        assert_eq!((reader.next("first"), reader.next("last")), (Some("eu"), Some("7")));
        assert_eq!(reader.finish(1), Ok(1));
    }

    #[test]
    fn another_shape() {
        for other in ["", "eu.orders.7", "eu.order.7.created", "eu.orders.7.created.now"] {
            let mut whole = reader(other);
            whole.next("first");
            whole.next("last");
            assert!(is_shape(&whole.finish(()).unwrap_err()), "{other}");
            // It is none of this message's, whatever its first token says.
            let mut begun = reader(other);
            begun.next("first");
            assert!(is_shape(&begun.refused()), "{other}");
        }
        let mut other = reader("eu.order.7.created");
        assert_eq!((other.next("first"), other.next("last")), (Some("eu"), None));
    }

    #[test]
    fn a_token_that_is_no_value() {
        let mut reader = reader("eu.orders.x.created");
        reader.next("first");
        reader.next("last");
        let ParseSubjectError::Token { field, token, .. } = reader.refused() else {
            panic!("its shape is right");
        };
        assert_eq!((field, token.as_str()), ("last", "x"));
    }
}
