//! Watchers of what a bus sends: the probe of a test's bus, and its figures. Where there is nobody
//! it costs a look at an `Option`.

#[cfg(feature = "metrics")]
mod metrics;
mod sending;
mod watchers;

#[cfg(feature = "metrics")]
pub(crate) use metrics::Metrics;
pub(crate) use sending::{SendError, Sending};
pub(crate) use watchers::Watchers;
