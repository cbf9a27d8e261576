//! Tokens of subjects.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::num::{
    NonZeroI8, NonZeroI16, NonZeroI32, NonZeroI64, NonZeroI128, NonZeroIsize, NonZeroU8,
    NonZeroU16, NonZeroU32, NonZeroU64, NonZeroU128, NonZeroUsize,
};
use std::sync::Arc;

use uuid::Uuid;

/// A value that can stand as one token of a subject, such as the `eu` of `orders.eu.created`.
///
/// Text, integers, `bool`, `char` and [`Uuid`] are tokens. For an enum without data or a newtype
/// around a token, `#[derive(Token)]` writes the implementation; an enum's tokens are then the
/// texts that serde writes for its variants.
///
/// The text is checked whenever it goes into a subject: a value that is empty or holds `.`, `*`,
/// `>`, white space or a control character is refused with an error that names the field.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be a token of a subject or of a key",
    label = "this field is bound to a token of the subject or of the key",
    note = "text, integers, `bool`, `char` and `Uuid` are tokens; for an enum without data or a newtype add `#[derive(Token)]`"
)]
pub trait Token {
    /// The type that a received token is parsed into: `Self`, or the owned form of borrowed text.
    type Owned: Token<Owned = Self::Owned> + Send + 'static;

    /// Appends the token's text.
    fn append_to(&self, subject: &mut String);

    /// The value whose text is `token`, if there is one.
    fn parse(token: &str) -> Option<Self::Owned>;

    /// Reads the value of a token, where there is one.
    #[doc(hidden)]
    #[inline]
    fn parse_next(token: Option<&str>) -> Option<Self::Owned> {
        Self::parse(token?)
    }
}

macro_rules! text {
    ($($type:ty => $owned:ty),* $(,)?) => {$(
        impl Token for $type {
            type Owned = $owned;

            fn append_to(&self, subject: &mut String) {
                subject.push_str(self);
            }

            fn parse(token: &str) -> Option<$owned> {
                Some(token.into())
            }
        }
    )*};
}

text!(str => String, String => String, Cow<'_, str> => String, Box<str> => Box<str>, Arc<str> => Arc<str>);

macro_rules! displayed {
    ($($type:ty),* $(,)?) => {$(
        impl Token for $type {
            type Owned = Self;

            fn append_to(&self, subject: &mut String) {
                // Writing to a String can't fail.
                let _ = write!(subject, "{self}");
            }

            fn parse(token: &str) -> Option<Self> {
                let value: Self = token.parse().ok()?;
                // One text per value: `+7`, `007` and an upper-case UUID are no tokens of ours.
                let mut text = String::with_capacity(token.len());
                value.append_to(&mut text);
                (text == token).then_some(value)
            }
        }
    )*};
}

displayed!(
    u8,
    u16,
    u32,
    u64,
    u128,
    usize,
    i8,
    i16,
    i32,
    i64,
    i128,
    isize,
    bool,
    char,
    Uuid,
    NonZeroU8,
    NonZeroU16,
    NonZeroU32,
    NonZeroU64,
    NonZeroU128,
    NonZeroUsize,
    NonZeroI8,
    NonZeroI16,
    NonZeroI32,
    NonZeroI64,
    NonZeroI128,
    NonZeroIsize,
);

impl<T: Token + ?Sized> Token for &T {
    type Owned = T::Owned;

    fn append_to(&self, subject: &mut String) {
        (**self).append_to(subject);
    }

    fn parse(token: &str) -> Option<Self::Owned> {
        T::parse(token)
    }
}

/// A value that a filter's token can be narrowed to, where the token is bound to a field of type
/// `F`: an `F`, a reference to one, and for text every kind of text.
// One implementation for each type, and not `Token<Owned = F>`: so `filter().shard(7)` tells the
// compiler which integer is meant.
#[diagnostic::on_unimplemented(
    message = "a token of type `{F}` can't be narrowed to a `{Self}`",
    label = "not a value of the token's type",
    note = "the token is bound to a field of type `{F}`: give a value of that type, or a reference to one"
)]
pub trait TokenOf<F>: Token {}

impl<F: Token> TokenOf<F> for F {}
impl<F: Token> TokenOf<F> for &F {}

macro_rules! any_text {
    ($($owned:ty),*) => {$(
        impl TokenOf<$owned> for &str {}
        impl TokenOf<$owned> for Cow<'_, str> {}
    )*};
}

any_text!(String, Box<str>, Arc<str>);

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Token, TokenOf};

    #[expect(clippy::needless_pass_by_value, reason = "as a filter's method takes it")]
    fn narrowed<F: Token>(value: impl TokenOf<F>) -> String {
        let mut text = String::new();
        value.append_to(&mut text);
        text
    }

    #[test]
    fn what_narrows_a_token() {
        assert_eq!(narrowed::<u64>(7), "7");
        assert_eq!(narrowed::<u64>(&7), "7");
        assert_eq!(narrowed::<String>("eu"), "eu");
        assert_eq!(narrowed::<String>(&String::from("eu")), "eu");
        assert_eq!(narrowed::<Arc<str>>("eu"), "eu");
    }

    #[test]
    fn one_text_per_value() {
        for text in ["+7", "007", "-0", " 7", "7.0", ""] {
            assert_eq!(<u32 as Token>::parse(text), None, "{text:?}");
        }
        assert_eq!(<u32 as Token>::parse("7"), Some(7));
        assert_eq!(<bool as Token>::parse("true"), Some(true));
        assert_eq!(<&str as Token>::parse("eu"), Some("eu".to_owned()));
    }
}
