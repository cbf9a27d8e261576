//! Errors of starting a registry.

use std::error::Error;

use crate::key_value::GetError;
use crate::subscribe::SubscribeError;
use crate::topology::ProvisionError;

/// A registry could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The registry's name is no service name (ADR-32).
    #[error("{name:?} can't name a registry: use letters, digits, `-` and `_`")]
    Name {
        /// The name.
        name: String,
    },
    /// The registry's version is not semantic.
    #[error("{version:?} is no version of registry `{registry}`: use one such as `1.4.0`")]
    Version {
        /// The registry.
        registry: String,
        /// The version.
        version: String,
    },
    /// The registry has nothing to run.
    #[error("registry `{registry}` has no handler; add one with `.handle::<Message>(handler)`")]
    Empty {
        /// The registry.
        registry: String,
    },
    /// A durable consumer would have no name: an enum of events has none of its own.
    #[error(
        "`{message}` has no wire name for a durable consumer; give it `#[event(name = \"…\")]`, or the route `.durable(\"…\")`"
    )]
    Unnamed {
        /// The enum.
        message: String,
    },
    /// An option of a route can't hold.
    #[error("the handler of `{message}` can't run: `.{option}(…)`: {problem}")]
    Option {
        /// The message that is handled.
        message: String,
        /// The route's method.
        option: &'static str,
        /// Reason why the option can't hold.
        problem: String,
    },
    /// Two handlers would share one durable consumer or one endpoint, and each take the other's
    /// messages.
    #[error(
        "two handlers of registry `{registry}` would share {what} `{name}`; name one of them with `.durable(\"…\")` or `.queue_group(\"…\")`"
    )]
    Twice {
        /// The registry.
        registry: String,
        /// Kind of name that they would share, such as `queue group`.
        what: &'static str,
        /// The name itself.
        name: String,
    },
    /// An enum's events are kept by different streams, or only some by one.
    #[error(
        "the events of `{message}` are not all kept by the same stream, so no one consumer can deliver them; handle them apart"
    )]
    Streams {
        /// The enum.
        message: String,
    },
    /// A stream keeps the subject of a request: it would answer the asker with its own
    /// confirmation, before the handler does.
    #[error(
        "stream `{stream}` keeps `{subject}`, the subject of request `{message}`, and would answer it; move the request to a subject outside the stream"
    )]
    RequestInStream {
        /// The request.
        message: String,
        /// The message's subject.
        subject: &'static str,
        /// The stream.
        stream: String,
    },
    /// The dead-letter stream can't be used.
    #[error("registry `{registry}` can't put dead letters into stream `{stream}`: {source}")]
    DeadLetters {
        /// The registry.
        registry: String,
        /// The dead-letter stream.
        stream: String,
        /// The cause.
        source: Box<dyn Error + Send + Sync>,
    },
    /// A stream can't be used.
    #[error("the handler of `{message}` can't run: {source}")]
    Provision {
        /// The message that is handled.
        message: String,
        /// The cause.
        source: ProvisionError,
    },
    /// A bucket or an object store can't be declared so.
    #[error("registry `{registry}` can't have object store {store:?}: {problem}")]
    StoreDeclaration {
        /// The registry.
        registry: String,
        /// Name of the object store.
        store: String,
        /// Reason why the store can't be declared so.
        problem: String,
    },
    /// A bucket or an object store can't be used.
    #[error("the store that is stream `{store}` can't be used: {source}")]
    Store {
        /// Stream that the store is.
        store: String,
        /// The cause.
        source: ProvisionError,
    },
    /// A bucket can't be watched.
    #[error("the handler of bucket `{bucket}` can't watch it: {source}")]
    Watch {
        /// The bucket.
        bucket: &'static str,
        /// The cause.
        source: GetError,
    },
    /// A subscription or a consumer can't be made.
    #[error("the handler of `{message}` can't run: {source}")]
    Subscribe {
        /// The message that is handled.
        message: String,
        /// The cause.
        source: SubscribeError,
    },
}
