//! Figures of a bus for the recorder of the crate `metrics`: switching them on.

use std::time::Duration;

use super::Bus;
use super::builder::BusBuilder;
use crate::link::Link;
use crate::observe::{Metrics, Observers};

impl Bus {
    /// A bus over the same connections whose figures the recorder of the crate `metrics` gets: each message
    /// that it publishes and asks, how its connection is, and the routes of each registry that runs on it,
    /// those every `every`, as [`Registry::metrics`](crate::Registry::metrics) says it of one alone.
    /// [`BusBuilder::metrics`] says the same as a bus is made. See the guide's page `metrics`.
    ///
    /// The recorder is installed before this is called.
    ///
    /// ```
    /// # use tidings::prelude::*;
    /// let bus = Bus::in_memory().with_metrics(Duration::from_secs(10));
    /// ```
    #[cfg_attr(docsrs, doc(cfg(feature = "metrics")))]
    #[must_use]
    pub fn with_metrics(&self, every: Duration) -> Self {
        self.link.transport.observe(Metrics::observer);
        let observers = self.link.observers.as_deref().cloned().unwrap_or_default();
        let metrics = Some(Metrics::new(every).into());
        let observers = Some(Observers { metrics, ..observers }.into());
        Self { link: Link { observers, ..self.link.clone() } }
    }

    pub(super) fn measured(self, every: Option<Duration>) -> Self {
        match every {
            Some(every) => self.with_metrics(every),
            None => self,
        }
    }
}

impl BusBuilder {
    /// Gives its figures to the recorder of the crate `metrics`, which the program installs before it
    /// connects; those of routes so often. [`Bus::with_metrics`] says more.
    #[cfg_attr(docsrs, doc(cfg(feature = "metrics")))]
    pub fn metrics(mut self, every: Duration) -> Self {
        self.metrics = Some(every);
        self
    }
}
