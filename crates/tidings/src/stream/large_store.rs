//! The object store beside a stream, for what of its events is too large for a message.

use std::time::Duration;

/// Object store of a stream's large events, as the stream declares it with `large_store`.
///
/// It is made with its stream, wherever that is: on disk or in memory, on as many servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct LargeStore {
    /// The store's name.
    pub name: &'static str,
    /// Time after which an object is gone, also if an event still refers to it; `None` if only
    /// [`Bus::sweep_large`](crate::Bus::sweep_large) removes any.
    pub max_age: Option<Duration>,
}

impl LargeStore {
    /// A store of this name, in which objects become so old.
    pub const fn new(name: &'static str, max_age: Option<Duration>) -> Self {
        Self { name, max_age }
    }
}
