//! Enums of events: the variants' tokens, and their payloads.

use std::any::Any;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use serde::de::Error as _;

use crate::message::{Declaration, Decode, Message, Part};

/// The tokens of a variant that holds the event `E`; to be used as `E`'s own, by reference.
///
/// Their type is not part of this one, so that the enum's tokens are a type of their own even if
/// a variant holds no event: then that is the only error.
pub struct VariantTokens<E> {
    tokens: Box<dyn Any + Send>,
    of: PhantomData<fn() -> E>,
}

impl<E> VariantTokens<E> {
    /// Wraps tokens that are `E`'s.
    pub fn new<T: Send + 'static>(tokens: T) -> Self {
        Self { tokens: Box::new(tokens), of: PhantomData }
    }
}

impl<E: Message> Deref for VariantTokens<E> {
    type Target = E::Tokens;

    fn deref(&self) -> &E::Tokens {
        match self.tokens.downcast_ref() {
            Some(tokens) => tokens,
            None => unreachable!("the derive makes it of this type"),
        }
    }
}

impl<E: Message<Tokens: fmt::Debug>> fmt::Debug for VariantTokens<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<E: Message<Tokens: Clone>> Clone for VariantTokens<E> {
    fn clone(&self) -> Self {
        Self::new((**self).clone())
    }
}

impl<E: Message<Tokens: PartialEq>> PartialEq for VariantTokens<E> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

/// A variant whose event can be received.
///
/// As a bound on [`Part`] it makes an enum one that can be received where all of its events can.
pub trait DecodePart<E> {
    /// The event, if it is the one declared by `declaration`.
    ///
    /// # Errors
    /// As the event's [`decode`](Decode::decode).
    fn decode_part<const WAS_WRITTEN: bool>(
        declaration: &'static Declaration,
        payload: &[u8],
    ) -> Option<Result<E, serde_json::Error>>;
}

impl<E: Decode, const N: usize> DecodePart<E> for Part<'_, E, N> {
    fn decode_part<const WAS_WRITTEN: bool>(
        declaration: &'static Declaration,
        payload: &[u8],
    ) -> Option<Result<E, serde_json::Error>> {
        let declared = E::DECLARATIONS.first()?;
        let version = declared.versions().find(|version| version.is(declaration))?;
        Some(E::decode_by::<WAS_WRITTEN>(version, payload))
    }
}

/// The error of an enum of events asked to decode what none of its variants declares.
pub fn no_variant(of: &str, declaration: &Declaration) -> serde_json::Error {
    serde_json::Error::custom(format_args!("no variant of `{of}` holds `{}`", declaration.tag))
}
