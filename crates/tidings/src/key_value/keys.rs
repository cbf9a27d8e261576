//! Kinds of keys: those that a type declares, and text.

use crate::bucket::{Bucket, BucketKey};

/// The keys of a bucket that is declared with `#[derive(Bucket)]`: typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Declared {}

/// The keys of a bucket whose name is given where it is opened: text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextKeys {}

/// Way in which the keys of a bucket of `V` are written: [`Declared`] or [`TextKeys`].
pub trait Keys<V>: sealed::Sealed {
    /// The key.
    type Key: BucketKey + ?Sized;
    /// The bucket that a filter of such keys is of.
    type Of: ?Sized;
}

impl<V: Bucket> Keys<V> for Declared {
    type Key = V::Key;
    type Of = V;
}

impl<V> Keys<V> for TextKeys {
    type Key = str;
    type Of = str;
}

/// The key as it is read.
pub(super) type Owned<V, K> = <<K as Keys<V>>::Key as BucketKey>::Owned;

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Declared {}
    impl Sealed for super::TextKeys {}
}
