//! All who look on at one bus.

use std::sync::Arc;

use crate::probe::Probe;
#[cfg(feature = "metrics")]
use crate::watch::metrics::Metrics;

/// All who look on at a bus; there is one at least.
#[derive(Debug, Clone, Default)]
pub(crate) struct Watchers {
    /// Probe of a test's bus.
    pub(crate) probe: Option<Arc<dyn Probe>>,
    /// Figures for a recorder.
    #[cfg(feature = "metrics")]
    pub(crate) metrics: Option<Arc<Metrics>>,
}
