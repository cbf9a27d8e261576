//! Buckets and object stores that a service uses.

use std::fmt;

use serde_json::{Value, json};

/// A bucket or an object store that a service uses, by its name.
///
/// It is a stream, the configuration of which the catalog has where it is declared.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct Store {
    /// Kind of store.
    pub kind: StoreKind,
    /// The name, such as `sessions`.
    pub name: String,
}

/// Kind of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum StoreKind {
    /// A bucket: values by key.
    Bucket,
    /// An object store: files and other large things by name.
    ObjectStore,
}

impl StoreKind {
    pub(super) const ALL: [Self; 2] = [Self::Bucket, Self::ObjectStore];

    /// Beginning of the name of a store's stream.
    fn prefix(self) -> &'static str {
        match self {
            Self::Bucket => "KV_",
            Self::ObjectStore => "OBJ_",
        }
    }
}

/// `bucket` or `object_store`.
impl fmt::Display for StoreKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bucket => "bucket",
            Self::ObjectStore => "object_store",
        })
    }
}

impl Store {
    /// The store of this kind and name.
    pub fn new(kind: StoreKind, name: impl Into<String>) -> Self {
        Self { kind, name: name.into() }
    }

    /// The store that a stream of this name is; `None` if it is none.
    ///
    /// ```
    /// use tidings_contract::{Store, StoreKind};
    ///
    /// assert_eq!(Store::of_stream("KV_sessions"), Some(Store::new(StoreKind::Bucket, "sessions")));
    /// assert_eq!(Store::of_stream("ORDERS"), None);
    /// ```
    pub fn of_stream(stream: &str) -> Option<Self> {
        StoreKind::ALL.into_iter().find_map(|kind| {
            let name = stream.strip_prefix(kind.prefix()).filter(|name| !name.is_empty())?;
            Some(Self::new(kind, name))
        })
    }

    /// The name of its stream, such as `KV_sessions` or `OBJ_invoices`.
    pub fn stream(&self) -> String {
        [self.kind.prefix(), &self.name].concat()
    }

    pub(super) fn to_value(&self) -> Value {
        json!({ "kind": self.kind.to_string(), "name": self.name })
    }
}
