//! Subject filters with the types of the fields that they narrow.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use tidings_subject::TokenError;

use crate::message::{Declaration, Filter, Message, versions};
use crate::subject::{Subject, SubjectBuilder, SubjectError};
use crate::token::Token;

/// A filter whose tokens have no methods: of an enum of events, whose variants have subjects of their own, and
/// of a message without tokens.
///
/// ```
/// # use tidings::prelude::*;
/// # #[derive(Serialize, Deserialize, JsonSchema, Event)]
/// # #[event(subject = "orders.{region}.created")]
/// # struct OrderCreated { region: String }
/// # #[derive(Serialize, Deserialize, JsonSchema, Event)]
/// # #[event(subject = "orders.{region}.shipped")]
/// # struct OrderShipped { region: String }
/// #[derive(Event)]
/// enum OrderEvent {
///     Created(OrderCreated), // orders.{region}.created
///     Shipped(OrderShipped), // orders.{region}.shipped
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let bus = Bus::in_memory();
/// let mut european = bus.subscribe_to(OrderEvent::filter().token("region", "eu")).await?;
/// # Ok(())
/// # }
/// ```
pub struct SubjectFilter<M> {
    /// The tokens that were given, with what they narrow to.
    given: Vec<(&'static str, String)>,
    refused: Option<SubjectError>,
    message: PhantomData<fn() -> M>,
}

/// The name that generated code has for it.
pub type Unfiltered<M> = SubjectFilter<M>;

impl<M> SubjectFilter<M> {
    /// A filter of all subjects.
    #[doc(hidden)]
    pub const fn new() -> Self {
        Self { given: Vec::new(), refused: None, message: PhantomData }
    }
}

impl<M: Message> SubjectFilter<M> {
    /// Narrows the token of this name to one value, in the subjects of all variants. Where one has no such
    /// token the filter is an error, which names the subject.
    #[must_use]
    pub fn token<T: Token>(mut self, name: &'static str, value: T) -> Self {
        let mut subject = SubjectBuilder::new(M::DECLARATIONS[0].template, 0);
        value.append_to(subject.open("_."));
        subject.close(name);
        match subject.finish("") {
            Ok(subject) => self.given.push((name, subject.as_str()["_.".len()..].to_owned())),
            Err(error) => {
                self.refused.get_or_insert(error);
            }
        }
        self
    }
}

impl<M> Default for SubjectFilter<M> {
    fn default() -> Self {
        Self::new()
    }
}

// Whatever `M` is: it holds none.
impl<M> Clone for SubjectFilter<M> {
    fn clone(&self) -> Self {
        Self { given: self.given.clone(), refused: self.refused.clone(), message: PhantomData }
    }
}

impl<M> fmt::Debug for SubjectFilter<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SubjectFilter").field(&self.given).finish()
    }
}

impl<M: Message> Filter for SubjectFilter<M> {
    type Message = M;

    fn subjects(self) -> Result<Vec<Subject>, SubjectError> {
        if let Some(error) = self.refused {
            return Err(error);
        }
        if self.given.is_empty() {
            return Ok(filters(M::DECLARATIONS));
        }
        let mut subjects: Vec<String> = Vec::new();
        for declaration in versions(M::DECLARATIONS) {
            let mut narrowed = Narrowed::of(declaration);
            for (field, token) in &self.given {
                narrowed = narrowed.at_field(field, token)?;
            }
            if let Some(error) = narrowed.refused {
                return Err(error);
            }
            let subject = narrowed.tokens.join(".");
            let covers = |a: &str, b: &str| tidings_subject::covers(&[a], b);
            if !subjects.iter().any(|known| covers(known, &subject)) {
                subjects.retain(|known| !covers(&subject, known));
                subjects.push(subject);
            }
        }
        Ok(subjects.into_iter().map(Subject::from).collect())
    }
}

/// The filters that together match all that is declared, none of them covered by another: events
/// that share a subject share a subscription, and each message comes once.
pub(crate) fn filters(declarations: &'static [&'static Declaration]) -> Vec<Subject> {
    let mut filters: Vec<&'static str> = Vec::with_capacity(declarations.len());
    for declaration in versions(declarations) {
        if !tidings_subject::covers(&filters, declaration.filter) {
            filters.retain(|known| !tidings_subject::covers(&[declaration.filter], known));
            filters.push(declaration.filter);
        }
    }
    filters.into_iter().map(Subject::from_static).collect()
}

/// The state behind the filter of `M` that a derive generates.
pub struct FilterTokens<M>(Narrowed, PhantomData<fn() -> M>);

impl<M: Message> FilterTokens<M> {
    /// The filter of all its subjects.
    pub fn all() -> Self {
        Self(Narrowed::of(M::DECLARATIONS[0]), PhantomData)
    }
}

impl<M> FilterTokens<M> {
    /// Narrows the token at `position` (from 0, counting literals) to `value`.
    ///
    /// The first value that can't be a token is kept as the error of [`subjects`](Self::subjects).
    #[must_use]
    pub fn narrow<T: Token + ?Sized>(
        self,
        position: usize,
        field: &'static str,
        value: &T,
    ) -> Self {
        Self(self.0.to(position, field, value), PhantomData)
    }

    /// A clone of the filter.
    #[must_use]
    pub fn copy(&self) -> Self {
        Self(self.0.clone(), PhantomData)
    }

    /// The subject filter; where older versions are upcast to `M`, also those of theirs that are others.
    ///
    /// # Errors
    /// The first [`SubjectError`] that narrowing met; it was narrowed by a token that the subject of an
    /// older version does not have.
    pub fn subjects(self) -> Result<Vec<Subject>, SubjectError> {
        self.0.subjects()
    }

    /// Writes the filter whose type has this name.
    ///
    /// # Errors
    /// What the formatter fails with.
    pub fn debug(&self, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple(name).field(&self.0).finish()
    }
}

impl<M> fmt::Debug for FilterTokens<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.debug("FilterTokens", f)
    }
}

// Whatever `M` is: it holds none.
impl<M> Clone for FilterTokens<M> {
    fn clone(&self) -> Self {
        self.copy()
    }
}

/// A template's tokens, each a literal, narrowed to a value or open.
#[derive(Clone)]
struct Narrowed {
    declaration: &'static Declaration,
    tokens: Vec<Cow<'static, str>>,
    /// The fields that were given, with the tokens that they narrowed.
    given: Vec<(&'static str, String)>,
    refused: Option<SubjectError>,
}

impl Narrowed {
    fn of(declaration: &'static Declaration) -> Self {
        let tokens = declaration.filter.split('.').map(Cow::Borrowed).collect();
        Self { declaration, tokens, given: Vec::new(), refused: None }
    }

    fn to<T: Token + ?Sized>(mut self, position: usize, field: &'static str, value: &T) -> Self {
        let others = self.tokens.iter().enumerate().filter(|(other, _)| *other != position);
        let length = others.map(|(_, token)| token.len() + 1).sum();
        let mut subject = SubjectBuilder::new(self.declaration.template, length);
        // Only the first token of a subject has names that are reserved.
        let before = if position == 0 { "" } else { "_." };
        value.append_to(subject.open(before));
        subject.close(field);
        match subject.finish("") {
            Ok(subject) => {
                let token = subject.as_str()[before.len()..].to_owned();
                self.tokens[position] = Cow::Owned(token.clone());
                self.given.push((field, token));
            }
            Err(error) => {
                self.refused.get_or_insert(error);
            }
        }
        self
    }

    fn subjects(self) -> Result<Vec<Subject>, SubjectError> {
        if let Some(error) = self.refused {
            return Err(error);
        }
        let mut subjects = vec![self.tokens.join(".")];
        for older in self.declaration.versions().skip(1) {
            let mut same = Self::of(older);
            for (field, token) in &self.given {
                same = same.at_field(field, token)?;
            }
            if let Some(error) = same.refused {
                return Err(error);
            }
            let subject = same.tokens.join(".");
            let is_covered = |known: &String| tidings_subject::covers(&[known.as_str()], &subject);
            if !subjects.iter().any(is_covered) {
                subjects.push(subject);
            }
        }
        Ok(subjects.into_iter().map(Subject::from).collect())
    }

    /// Narrows the token of a template that another one has too.
    fn at_field(self, field: &'static str, token: &str) -> Result<Self, SubjectError> {
        let template = self.declaration.template;
        let is_it =
            |part: &str| part.strip_prefix('{').and_then(|p| p.strip_suffix('}')) == Some(field);
        match template.split('.').position(is_it) {
            Some(position) => Ok(self.to(position, field, token)),
            None => Err(SubjectError {
                field,
                template,
                value: token.to_owned(),
                source: TokenError::NoPlace,
            }),
        }
    }
}

impl fmt::Debug for Narrowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Narrowed")
            .field("template", &self.declaration.template)
            .field("tokens", &self.tokens)
            .field("refused", &self.refused)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use tidings_subject::{MAX_LEN, TokenError};

    use super::Narrowed;
    use crate::message::Declaration;

    static OLDEST: Declaration = Declaration::new("n", 1, "n.v1", "old.{c}", "old.*");
    static OLDER: Declaration =
        Declaration::new("n", 2, "n.v2", "{a}.b.{c}", "*.b.*").upcasting(&OLDEST);
    static NEWEST: Declaration =
        Declaration::new("n", 3, "n.v3", "{a}.b.{c}", "*.b.*").upcasting(&OLDER);

    fn filter() -> Narrowed {
        static DECLARATION: Declaration = Declaration::new("n", 1, "n.v1", "{a}.b.{c}", "*.b.*");
        Narrowed::of(&DECLARATION)
    }

    #[test]
    fn older_versions_are_narrowed_too() {
        let subjects = |filter: Narrowed| {
            let subjects = filter.subjects().unwrap();
            subjects.iter().map(|subject| subject.as_str().to_owned()).collect::<Vec<_>>()
        };
        let newest = || Narrowed::of(&NEWEST);
        assert_eq!(subjects(newest()), ["*.b.*", "old.*"]);
        assert_eq!(subjects(newest().to(2, "c", &7)), ["*.b.7", "old.7"]);
        let refused = newest().to(2, "c", &7).to(0, "a", "x").subjects().unwrap_err();
        assert_eq!(
            (refused.field, refused.template, refused.source),
            ("a", "old.{c}", TokenError::NoPlace)
        );
    }

    #[test]
    fn narrowing() {
        assert_eq!(filter().subjects().unwrap()[0].as_str(), "*.b.*");
        let filter = filter().to(2, "c", &7);
        assert_eq!(filter.clone().subjects().unwrap()[0].as_str(), "*.b.7");
        let refused = filter.to(0, "a", "$x").to(2, "c", "x.y");
        let refused = refused.clone().subjects().unwrap_err();
        assert_eq!((refused.field, refused.source), ("a", TokenError::Reserved));
    }

    #[test]
    fn the_whole_is_not_too_long() {
        let filter = filter().to(2, "c", &"x".repeat(MAX_LEN - 4));
        assert_eq!(filter.clone().subjects().unwrap()[0].as_str().len(), MAX_LEN);
        let refused = filter.to(0, "a", "xx").subjects().unwrap_err();
        assert_eq!(refused.source, TokenError::TooLong);
    }
}
