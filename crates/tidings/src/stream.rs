//! Streams as types: what keeps events, and how it is configured.

mod config;
mod environment;
mod json;
mod json_field;
mod large_store;
mod source;
mod subject_transform;
mod zero;

pub use config::{
    Compression, ConsumerLimits, Discard, Persistence, Placement, Republish, Retention, Storage,
    StreamConfig,
};
pub use environment::StreamOverride;
pub(crate) use environment::{Edit, Environment, Fitted};
pub use json::StreamJsonError;
pub(crate) use json::read as read_config;
pub use large_store::LargeStore;
pub use source::{External, Source, SourceConsumer, SourceStart};
pub use subject_transform::SubjectTransform;

/// A stream, declared on a type with `#[derive(EventStream)]`.
///
/// ```
/// use tidings::prelude::*;
///
/// /// Everything that happens to an order, kept for a week.
/// #[derive(EventStream)]
/// #[stream(name = "ORDERS", subjects("orders.>"), max_age = "7d", duplicate_window = "2m")]
/// struct Orders;
///
/// assert_eq!(Orders::NAME, "ORDERS");
/// assert_eq!(Orders::config().max_age, Some(Duration::from_secs(7 * 24 * 3600)));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no stream",
    label = "not a stream",
    note = "declare one with `#[derive(EventStream)] #[stream(name = \"ORDERS\", subjects(\"orders.>\"))]`"
)]
pub trait EventStream {
    /// The stream's name on the server.
    const NAME: &'static str;
    /// The subject filters whose messages the stream keeps.
    const SUBJECTS: &'static [&'static str];
    /// `true` if it stores without telling the publisher; then no event can be declared in it.
    #[doc(hidden)]
    const NO_ACK: bool = false;
    /// The subjects on which delayed messages wait where an ack would cancel them; else empty.
    #[doc(hidden)]
    const ACK_CANCELS: &'static str = "";
    /// The object store for what of its events is too large for a message; `None` if it has none.
    const LARGE_STORE: Option<LargeStore> = None;

    /// The whole configuration.
    fn config() -> StreamConfig;
}

/// A stream as an event's declaration refers to it.
#[derive(Debug, Clone, Copy)]
pub struct StreamDeclaration {
    /// The stream's name on the server.
    pub name: &'static str,
    /// Makes the whole configuration.
    pub config: fn() -> StreamConfig,
    /// The object store of its large events, if it has one.
    pub large_store: Option<&'static LargeStore>,
}

impl StreamDeclaration {
    /// The declaration of `S`.
    pub const fn of<S: EventStream + ?Sized>() -> Self {
        let large_store = const { &S::LARGE_STORE }.as_ref();
        Self { name: S::NAME, config: S::config, large_store }
    }
}
