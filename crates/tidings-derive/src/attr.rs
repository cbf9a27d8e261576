//! Attributes as written, key by key, before anything is made of them.

pub(crate) mod bucket;
pub(crate) mod key;
pub(crate) mod lint;
pub(crate) mod message;
pub(crate) mod quantity;
pub(crate) mod serde;
pub(crate) mod source;
pub(crate) mod stream;
pub(crate) mod suggest;
pub(crate) mod token;
pub(crate) mod value;

use proc_macro2::Span;

/// A value with the place of the key it was given to, to which errors about both point.
#[derive(Clone)]
pub(crate) struct Keyed<T> {
    /// The place of the key.
    pub(crate) key: Span,
    /// The value.
    pub(crate) value: T,
}
