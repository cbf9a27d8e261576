//! Observers of what a bus sends: the probe of a test's bus, and its figures. Where there is nobody
//! it costs a look at an `Option`.

#[cfg(feature = "metrics")]
mod metrics;
mod observers;
mod received;
mod sending;

#[cfg(feature = "metrics")]
pub(crate) use metrics::Metrics;
pub(crate) use observers::Observers;
pub(crate) use received::Received;
pub(crate) use sending::{SendError, Sending};
