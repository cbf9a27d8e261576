//! Observers of a bus.

use std::sync::Arc;

#[cfg(feature = "metrics")]
use crate::observe::metrics::Metrics;
use crate::probe::Probe;

/// Observers of a bus; there is one at least.
#[derive(Debug, Clone, Default)]
pub(crate) struct Observers {
    /// Probe of a test's bus.
    pub(crate) probe: Option<Arc<dyn Probe>>,
    /// Figures for a recorder.
    #[cfg(feature = "metrics")]
    pub(crate) metrics: Option<Arc<Metrics>>,
}
