//! Payloads checked by the schemas of their types.
//!
//! Serde checks types and nothing else: a range, a length or a pattern of a schema binds only who looks
//! at it.

mod json;
mod read;

use jsonschema::PatternOptions;

use crate::cloud_event;
use crate::envelope::{DecodeError, Violation, declaration_of, opened};
use crate::message::{Declaration, Message};
use crate::transport::Incoming;
use json::{Slots, Tree};

/// Maximum number of violations of one payload that are told.
const MOST_VIOLATIONS: usize = 8;
/// Maximum number of values of a payload of which more than the first violation is told: the
/// validator finds all of them before it tells one.
const MOST_VALUES: usize = 10_000;

/// The schemas of a message's payloads, ready to check some.
///
/// [`Route::validate`](crate::Route::validate) checks what a handler receives; this is for whatever else
/// receives or makes payloads, such as a test.
///
/// ```
/// use tidings::prelude::*;
/// use tidings::PayloadValidator;
///
/// #[derive(Serialize, Deserialize, JsonSchema, Event)]
/// #[event(subject = "orders.placed")]
/// struct OrderPlaced {
///     #[schemars(range(min = 1, max = 100))]
///     quantity: u32,
/// }
///
/// # fn main() -> Result<(), tidings::ValidatorError> {
/// let validator = PayloadValidator::of::<OrderPlaced>()?;
/// let placed = OrderPlaced::DECLARATIONS[0];
/// assert!(validator.check(placed, br#"{"quantity": 7}"#).is_ok());
/// let violations = validator.check(placed, br#"{"quantity": 700}"#).unwrap_err();
/// assert_eq!(violations[0].pointer, "/quantity");
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct PayloadValidator {
    each: Vec<(&'static Declaration, jsonschema::Validator<Slots>)>,
}

/// A schema by which nothing can be checked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the schema of `{message}` can't be used to check payloads: {problem}; a pattern has neither \
     look-around nor back-references, and a `$ref` stays in its schema"
)]
#[non_exhaustive]
pub struct ValidatorError {
    /// The message, such as `orders.created.v1`.
    pub message: String,
    /// The fault of its schema, and its place.
    pub problem: String,
}

impl PayloadValidator {
    /// The schemas of what a reader of `M` takes: one for each of its versions and variants.
    ///
    /// Nothing is fetched for them, and no pattern takes more than linear time. Formats bind, such as
    /// `email`.
    ///
    /// # Errors
    /// [`ValidatorError`] if a schema can't be used.
    pub fn of<M: Message>() -> Result<Self, ValidatorError> {
        let mut each = Vec::new();
        let descriptors = M::descriptors();
        for declaration in crate::message::versions(M::DECLARATIONS) {
            let is_it = |one: &&tidings_contract::Descriptor| one.tag() == declaration.tag;
            let found = descriptors.iter().find(is_it).and_then(|found| found.payload.as_ref());
            let Some(payload) = found else {
                let problem = "its type describes no payload".to_owned();
                return Err(ValidatorError { message: declaration.tag.to_owned(), problem });
            };
            let options = jsonschema::options_for::<Slots>()
                .should_validate_formats(true)
                .with_pattern_options(PatternOptions::regex())
                .offline();
            let validator = options.build(payload.read()).map_err(|error| ValidatorError {
                message: declaration.tag.to_owned(),
                problem: format!("{}: {}", error.instance_path(), error.masked()),
            })?;
            each.push((declaration, validator));
        }
        Ok(Self { each })
    }

    /// Checks a payload of the message that `declaration` declares. What is empty or no JSON is not told
    /// here, but where it is decoded; nor is what is none of `M`'s.
    ///
    /// # Errors
    /// Values that its schema refuses: the first 8, and of a payload with more than 10,000 values the
    /// first one.
    pub fn check(&self, declaration: &Declaration, payload: &[u8]) -> Result<(), Vec<Violation>> {
        let of = self.each.iter().find(|(one, _)| one.is(declaration));
        let Some((_, validator)) = of else { return Ok(()) };
        let slots = match std::str::from_utf8(payload) {
            Ok(text) if !text.is_empty() => read::read(text),
            _ => return Ok(()),
        };
        let Ok(slots) = slots else { return Ok(()) };
        let tree = Tree(&slots);
        if validator.is_valid(tree) {
            return Ok(());
        }
        if slots.len() > MOST_VALUES {
            return validator.validate(tree).map_err(|error| vec![violation(&error)]);
        }
        let errors = validator.iter_errors(tree).take(MOST_VIOLATIONS);
        Err(errors.map(|error| violation(&error)).collect())
    }

    /// Checks a message that came.
    pub(crate) fn check_incoming(
        &self,
        declarations: &'static [&'static Declaration],
        incoming: &Incoming,
    ) -> Result<(), DecodeError> {
        let declaration = declaration_of(declarations, incoming)?;
        let checked = match opened(incoming) {
            Some(Ok(opened)) => self.check(declaration, &opened.data),
            // The decoder tells of it.
            Some(Err(_)) => return Ok(()),
            None => self.check(declaration, &incoming.payload),
        };
        let checked =
            checked.or_else(|violations| match cloud_event::open_unmarked(&incoming.payload) {
                Some(opened) => self.check(declaration, &opened.data),
                None => Err(violations),
            });
        checked.map_err(|violations| DecodeError::Invalid {
            name: declaration.name,
            version: declaration.version,
            subject: incoming.subject.to_string(),
            payload: incoming.payload.clone(),
            violations: violations.into(),
        })
    }
}

fn violation(error: &jsonschema::ValidationError<'_>) -> Violation {
    Violation::new(error.instance_path().as_str(), &error.masked().to_string())
}

#[cfg(test)]
mod tests {
    use schemars::JsonSchema;
    use serde::{Deserialize, Serialize};
    use tidings_derive::Event;

    use super::*;

    fn violations<M: Message>(payload: &str) -> Vec<Violation> {
        let validator = PayloadValidator::of::<M>().unwrap();
        validator.check(M::DECLARATIONS[0], payload.as_bytes()).err().unwrap_or_default()
    }

    #[derive(Serialize, Deserialize, JsonSchema, Event)]
    #[event(subject = "lamps.switched", crate = "crate")]
    struct Switched;

    #[derive(Serialize, Deserialize, JsonSchema, Event)]
    #[event(subject = "lamps.dimmed", crate = "crate")]
    #[serde(deny_unknown_fields)]
    struct Dimmed {
        #[schemars(inner(range(max = 100)))]
        percents: Vec<u8>,
    }

    #[test]
    fn an_empty_payload_is_left_to_who_decodes_it() {
        assert_eq!(violations::<Switched>(""), []);
        assert_eq!(violations::<Switched>("null"), []);
        assert_eq!(violations::<Dimmed>(""), []);
        assert_eq!(violations::<Dimmed>("{"), []);
    }

    #[test]
    fn what_others_wrote_is_escaped_and_cut() {
        let long = format!(r#"{{"percents": [], "a\u0007b\u009b{}": 1}}"#, "x".repeat(1000));
        let all = violations::<Dimmed>(&long);
        let [violation] = &all[..] else { panic!("{all:?}") };
        let text = violation.to_string();
        assert!(text.contains("\\u{7}") && text.contains("\\u{9b}") && text.len() < 400, "{text}");
        assert!(!text.contains(char::is_control), "{text}");
    }

    #[test]
    fn the_first_of_many_are_told() {
        let payload = |count| format!(r#"{{"percents": [{}]}}"#, vec!["200"; count].join(", "));
        let eight = violations::<Dimmed>(&payload(100));
        assert_eq!((eight.len(), &*eight[7].pointer), (8, "/percents/7"));
        assert_eq!(violations::<Dimmed>(&payload(20_000)).len(), 1);
    }

    #[test]
    fn a_member_that_is_there_twice_is_checked_twice() {
        assert_eq!(violations::<Dimmed>(r#"{"percents": [200], "percents": [1]}"#).len(), 1);
        assert_eq!(violations::<Dimmed>(r#"{"percents": [1], "percents": [200]}"#).len(), 1);
    }
}
