//! Building a message's subject from its fields.

use std::mem;

use tidings_subject::{MAX_LEN, TokenError, check_first_token, check_token};

use crate::subject::{Subject, SubjectError};
use crate::text::Text;
use crate::write_buffer;

/// Writes a subject token by token; each value is checked before it can reach the wire.
///
/// The first value that is refused is told of at the end: what a derive writes is then nothing but
/// calls, and is compiled in half the time that a way out after each takes.
#[derive(Debug)]
pub struct SubjectBuilder {
    template: &'static str,
    text: String,
    /// Start of the token that is being written.
    start: usize,
    /// The literal bytes still to come: they count when a token is checked for length.
    literals: usize,
    refused: Option<SubjectError>,
}

impl SubjectBuilder {
    /// Starts the subject of `template`, of which `literals` bytes are literal text.
    pub fn new(template: &'static str, literals: usize) -> Self {
        Self { template, text: write_buffer::text(), start: 0, literals, refused: None }
    }

    /// Appends literal text, tokens and the dots between them, and begins a token: its value is to
    /// be appended to what is given back.
    pub fn open(&mut self, before: &'static str) -> &mut String {
        self.text.push_str(before);
        self.literals = self.literals.saturating_sub(before.len());
        self.start = self.text.len();
        &mut self.text
    }

    /// Ends the token of the value bound to `field`.
    pub fn close(&mut self, field: &'static str) {
        let written = &self.text[self.start..];
        // Only the first token of a subject has names that are reserved.
        let checked =
            if self.start == 0 { check_first_token(written) } else { check_token(written) };
        let checked = match checked {
            Ok(()) if self.text.len() + self.literals > MAX_LEN => Err(TokenError::TooLong),
            checked => checked,
        };
        if let Err(source) = checked {
            self.refuse(field, source);
        }
    }

    #[cold]
    fn refuse(&mut self, field: &'static str, source: TokenError) {
        let value = self.text[self.start..].chars().take(64).collect();
        let template = self.template;
        self.refused.get_or_insert(SubjectError { field, template, value, source });
    }

    /// The subject, with the literal text after the last token.
    ///
    /// # Errors
    /// [`SubjectError`] of the first value that is empty or holds what a token must not hold.
    pub fn finish(&mut self, rest: &'static str) -> Result<Subject, SubjectError> {
        match self.refused.take() {
            None => {
                self.text.push_str(rest);
                let text = mem::take(&mut self.text);
                Ok(Subject(Text::Shared(write_buffer::written(text))))
            }
            Some(error) => Err(error),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use tidings_subject::{MAX_LEN, TokenError};

    use crate::subject::{Subject, SubjectBuilder, SubjectError};
    use crate::token::Token as _;

    /// The subject of `{first}.orders.{last}.created`.
    pub(crate) fn built(first: &str, last: &str) -> Result<Subject, SubjectError> {
        let subject = &mut SubjectBuilder::new("{first}.orders.{last}.created", 16);
        first.append_to(subject.open(""));
        subject.close("first");
        last.append_to(subject.open(".orders."));
        subject.close("last");
        subject.finish(".created")
    }

    #[test]
    fn values_that_are_refused() {
        for (first, last, field, error) in [
            ("", "x", "first", TokenError::Empty),
            ("$JS", "x", "first", TokenError::Reserved),
            ("_INBOX", "x", "first", TokenError::Reserved),
            ("x", "a.b", "last", TokenError::Dot),
            ("x", "*", "last", TokenError::Wildcard),
            ("", "*", "first", TokenError::Empty),
            ("x", &"y".repeat(MAX_LEN - 16), "last", TokenError::TooLong),
        ] {
            let refused = built(first, last).unwrap_err();
            assert_eq!((refused.field, refused.source), (field, error));
        }
        let longest = built("x", &"y".repeat(MAX_LEN - 17)).unwrap();
        assert_eq!(longest.as_str().len(), MAX_LEN);
        assert!(built("x", "$JS").is_ok());
    }

    #[test]
    fn a_refused_value_is_told_in_part() {
        let refused = built("x", &format!("{}*", "é".repeat(100))).unwrap_err();
        assert_eq!(refused.value, "é".repeat(64));
        assert_eq!(refused.template, "{first}.orders.{last}.created");
    }
}
