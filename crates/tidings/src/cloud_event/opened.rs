//! A CloudEvent taken apart.

use bytes::Bytes;

use super::attributes::CloudEvent;

/// A CloudEvent taken apart.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) event: CloudEvent,
    /// The data as JSON; empty where the event has none.
    pub(crate) data: Bytes,
}
