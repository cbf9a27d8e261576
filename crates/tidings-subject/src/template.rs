//! Subject templates: subjects in which `{field}` stands for a whole token.

use std::error::Error;
use std::fmt;
use std::iter::FusedIterator;
use std::str::Split;

use crate::scan::{is_reserved, same, token_end};
use crate::syntax::{SyntaxCause, SyntaxError, check_outline, check_token_at};

/// A subject with `{field}` for each token that a message's field fills, such as
/// `orders.{region}.created`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Template<'a>(&'a str);

/// A token of a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Segment<'a> {
    /// Text that every subject has at this place.
    Literal(&'a str),
    /// The name of the field whose value stands at this place.
    Field(&'a str),
}

/// Error of a template, with its position. Displayed after the text: *`orders.v{n}` has …*
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TemplateError<'a> {
    token: &'a str,
    position: usize,
    cause: TemplateCause,
}

/// Cause of a [`TemplateError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TemplateCause {
    /// Cause that would be wrong in any subject.
    Syntax(SyntaxCause),
    /// A wildcard, `*` or `>`; an open token is a `{field}`.
    Wildcard,
    /// The first token begins with `$` or is `_INBOX`: names of the server's.
    Reserved,
    /// A `{` without its `}`, or the other way round.
    Unbalanced,
    /// A `{field}` shares its token with other text.
    Mixed,
    /// A `{}` without a name.
    NoName,
    /// A `{name}` that no field can have.
    NoIdentifier,
    /// A `{field}` that stood before.
    Duplicate,
}

impl<'a> Template<'a> {
    /// Reads a template.
    ///
    /// # Errors
    /// [`TemplateError`], the first thing that is wrong with it.
    pub const fn parse(text: &'a str) -> Result<Self, TemplateError<'a>> {
        let bytes = text.as_bytes();
        if let Err(error) = check_outline(bytes) {
            let cause = TemplateCause::Syntax(error.cause());
            return Err(TemplateError { token: text, position: error.position(), cause });
        }
        let mut start = 0;
        while start < bytes.len() {
            let end = token_end(bytes, start);
            if let Err((position, cause)) = check_segment(bytes, start, end) {
                let token = text.split_at(end).0.split_at(start).1;
                return Err(TemplateError { token, position, cause });
            }
            start = end + 1;
        }
        Ok(Self(text))
    }

    /// The text it was read from.
    pub const fn as_str(&self) -> &'a str {
        self.0
    }

    /// Iterates over the tokens in order.
    pub fn segments(&self) -> Segments<'a> {
        Segments(self.0.split('.'))
    }

    /// The names of its fields in order.
    pub fn fields(&self) -> impl Iterator<Item = &'a str> {
        self.segments().filter_map(|segment| match segment {
            Segment::Field(name) => Some(name),
            Segment::Literal(_) => None,
        })
    }

    /// The filter that matches each of its subjects: `*` for each field.
    pub fn filter(&self) -> String {
        let tokens: Vec<_> = self
            .segments()
            .map(|segment| match segment {
                Segment::Field(_) => "*",
                Segment::Literal(text) => text,
            })
            .collect();
        tokens.join(".")
    }
}

/// The tokens of a [`Template`] in order.
#[derive(Debug, Clone)]
pub struct Segments<'a>(Split<'a, char>);

impl<'a> Iterator for Segments<'a> {
    type Item = Segment<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let token = self.0.next()?;
        let field = token.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        Some(field.map_or(Segment::Literal(token), Segment::Field))
    }
}

impl FusedIterator for Segments<'_> {}

const fn check_segment(
    bytes: &[u8],
    start: usize,
    end: usize,
) -> Result<(), (usize, TemplateCause)> {
    if let Err(error) = check_token_at(bytes, start, end, false) {
        return Err((error.position(), error_of_token(error)));
    }
    if start == 0 && is_reserved(bytes) {
        return Err((0, TemplateCause::Reserved));
    }
    let (mut opened, mut closed, mut at) = (0, 0, start);
    while at < end {
        match bytes[at] {
            b'{' => opened += 1,
            b'}' if closed == opened => return Err((at, TemplateCause::Unbalanced)),
            b'}' => closed += 1,
            _ => {}
        }
        at += 1;
    }
    if opened == 0 {
        return Ok(());
    }
    let cause = if opened != closed {
        TemplateCause::Unbalanced
    } else if opened > 1 || bytes[start] != b'{' || bytes[end - 1] != b'}' {
        TemplateCause::Mixed
    } else if end - start == 2 {
        TemplateCause::NoName
    } else if !is_identifier(bytes, start + 1, end - 1) {
        TemplateCause::NoIdentifier
    } else if stood_before(bytes, start, end) {
        TemplateCause::Duplicate
    } else {
        return Ok(());
    };
    Err((start, cause))
}

const fn error_of_token(error: SyntaxError) -> TemplateCause {
    match error.cause() {
        SyntaxCause::Wildcard => TemplateCause::Wildcard,
        cause => TemplateCause::Syntax(cause),
    }
}

/// Returns `true` if a field can have this name. Which letters outside ASCII an identifier may hold
/// is left to the compiler, which knows the fields.
const fn is_identifier(bytes: &[u8], start: usize, end: usize) -> bool {
    if bytes[start].is_ascii_digit() || (end - start == 1 && bytes[start] == b'_') {
        return false;
    }
    let mut at = start;
    while at < end {
        if !(bytes[at].is_ascii_alphanumeric() || bytes[at] == b'_' || bytes[at] >= 0x80) {
            return false;
        }
        at += 1;
    }
    true
}

/// Returns `true` if a token before `start` is the same as the one from `start` to `end`.
const fn stood_before(bytes: &[u8], start: usize, end: usize) -> bool {
    let mut other = 0;
    while other < start {
        let other_end = token_end(bytes, other);
        if same(bytes, (other, other_end), bytes, (start, end)) {
            return true;
        }
        other = other_end + 1;
    }
    false
}

impl<'a> TemplateError<'a> {
    /// The token in which it was noticed; the whole text where it is about the whole.
    pub const fn token(&self) -> &'a str {
        self.token
    }

    /// The byte of the template at which it was noticed.
    pub const fn position(&self) -> usize {
        self.position
    }

    /// Cause of the error.
    pub const fn cause(&self) -> TemplateCause {
        self.cause
    }
}

impl fmt::Display for TemplateError<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { token, position, cause } = self;
        match cause {
            TemplateCause::Syntax(cause) => SyntaxError::new(*position, *cause).fmt(f),
            TemplateCause::Wildcard => {
                write!(
                    f,
                    "holds the wildcard `{token}`: bind the token to a field with `{{field}}`"
                )
            }
            TemplateCause::Reserved => {
                write!(f, "begins with `{token}`, which is reserved for the server")
            }
            TemplateCause::Unbalanced => write!(f, "has an unbalanced brace in `{token}`"),
            TemplateCause::Mixed => {
                write!(
                    f,
                    "mixes a field with other text in `{token}`: `{{field}}` is a whole token"
                )
            }
            TemplateCause::NoName => {
                write!(f, "has `{{}}` without a name: write `{{field}}` with a field's name")
            }
            TemplateCause::NoIdentifier => {
                write!(f, "has `{token}`, and no field can have that name")
            }
            TemplateCause::Duplicate => write!(f, "binds `{token}` twice"),
        }
    }
}

impl Error for TemplateError<'_> {}

#[cfg(test)]
mod tests {
    use super::TemplateCause::*;
    use super::*;
    use crate::MAX_LEN;

    #[test]
    fn good_ones() {
        use Segment::{Field, Literal};
        for (text, segments, filter) in [
            ("a", &[Literal("a")][..], "a"),
            ("a.b", &[Literal("a"), Literal("b")], "a.b"),
            ("{a}", &[Field("a")], "*"),
            (
                "orders.{region}.created",
                &[Literal("orders"), Field("region"), Literal("created")],
                "orders.*.created",
            ),
            ("{a}.{b}", &[Field("a"), Field("b")], "*.*"),
            ("{_a1}.a", &[Field("_a1"), Literal("a")], "*.a"),
            ("{größe}", &[Field("größe")], "*"),
            ("_INBOXES.x", &[Literal("_INBOXES"), Literal("x")], "_INBOXES.x"),
        ] {
            let template = Template::parse(text).unwrap();
            assert_eq!(template.segments().collect::<Vec<_>>(), segments, "{text}");
            assert_eq!(template.filter(), filter);
            assert_eq!(crate::check_filter(filter), Ok(()));
        }
    }

    #[test]
    fn bad_ones() {
        for (text, token, position, cause) in [
            ("", "", 0, Syntax(SyntaxCause::Empty)),
            (".a", ".a", 0, Syntax(SyntaxCause::LeadingDot)),
            ("a.", "a.", 1, Syntax(SyntaxCause::TrailingDot)),
            ("a..b", "", 2, Syntax(SyntaxCause::EmptyToken)),
            ("a.b c", "b c", 3, Syntax(SyntaxCause::WhiteSpace)),
            ("a.{b }", "{b }", 4, Syntax(SyntaxCause::WhiteSpace)),
            ("a.\u{1}", "\u{1}", 2, Syntax(SyntaxCause::Control)),
            ("a.*", "*", 2, Wildcard),
            ("a.>", ">", 2, Wildcard),
            ("a.b>", "b>", 3, Wildcard),
            ("$JS.a", "$JS", 0, Reserved),
            ("_INBOX.a", "_INBOX", 0, Reserved),
            ("a.{b", "{b", 2, Unbalanced),
            ("a.b}", "b}", 3, Unbalanced),
            ("a.}b{", "}b{", 2, Unbalanced),
            ("a.{b.c}", "{b", 2, Unbalanced),
            ("a.v{n}", "v{n}", 2, Mixed),
            ("a.{n}v", "{n}v", 2, Mixed),
            ("a.{n}{m}", "{n}{m}", 2, Mixed),
            ("a.{{n}}", "{{n}}", 2, Mixed),
            ("a.{}", "{}", 2, NoName),
            ("a.{1}", "{1}", 2, NoIdentifier),
            ("a.{_}", "{_}", 2, NoIdentifier),
            ("a.{a-b}", "{a-b}", 2, NoIdentifier),
            ("a.{r#b}", "{r#b}", 2, NoIdentifier),
            ("{a}.b.{a}", "{a}", 6, Duplicate),
        ] {
            let error = Template::parse(text).unwrap_err();
            assert_eq!(error, TemplateError { token, position, cause }, "{text:?}");
        }
        let long = "x".repeat(MAX_LEN + 1);
        let error = Template::parse(&long).unwrap_err();
        assert_eq!(error.cause(), Syntax(SyntaxCause::TooLong));
    }

    #[test]
    fn is_const() {
        const TEMPLATE: Template<'_> = match Template::parse("orders.{region}") {
            Ok(template) => template,
            Err(_) => panic!("a good template"),
        };
        assert_eq!(TEMPLATE.fields().collect::<Vec<_>>(), ["region"]);
    }
}
