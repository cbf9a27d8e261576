//! The durable consumer that a route reads, and what was seen of it.

use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use tokio::time::Instant;

use crate::lock::locked;
use crate::stream::{StreamConfig, StreamDeclaration};
use crate::subject::Subject;
use crate::topology::Modes;
use crate::transport::ConsumerConfig;

/// Age at which a look at the consumer counts for as good as none.
const MOST_OLD: Duration = Duration::from_secs(6);

/// The consumer that a route reads.
#[derive(Debug)]
pub(crate) struct Durable {
    pub(crate) stream: StreamDeclaration,
    /// The stream as it is made here.
    pub(crate) made: Box<StreamConfig>,
    pub(crate) config: ConsumerConfig,
    pub(crate) prefetch: usize,
    /// Modes by which it may be made again, and its stream with it.
    pub(crate) modes: Modes,
    seen: Mutex<Option<Box<Seen>>>,
}

/// A consumer when it was looked at last.
#[derive(Debug)]
struct Seen {
    /// Filters that it had: more than the route's own, where instances of another version share it.
    selects: Vec<Subject>,
    at: Instant,
}

impl Durable {
    pub(crate) fn new(
        (stream, made): (StreamDeclaration, StreamConfig),
        config: ConsumerConfig,
        prefetch: usize,
        modes: Modes,
    ) -> Self {
        Self { stream, made: made.into(), config, prefetch, modes, seen: Mutex::default() }
    }

    fn seen(&self) -> MutexGuard<'_, Option<Box<Seen>>> {
        locked(&self.seen)
    }

    /// The consumer selects these.
    pub(crate) fn set_filters(&self, selects: &[Subject]) {
        if !selects.is_empty() {
            let seen = Seen { selects: selects.to_vec(), at: Instant::now() };
            *self.seen() = Some(Box::new(seen));
        }
    }

    /// Wait before it is made again: whoever has looked at it since another filter was added goes
    /// first.
    pub(crate) fn recreate_delay(&self) -> Duration {
        let age = self.seen().as_ref().map_or(MOST_OLD, |seen| seen.at.elapsed());
        age.min(MOST_OLD) / 2
    }

    /// The consumer as it is to be made again: whoever does it must not take from the others what
    /// they asked for.
    pub(crate) fn wanted(&self) -> ConsumerConfig {
        let selects = self.seen().as_ref().map(|seen| seen.selects.clone());
        let filters = selects.unwrap_or_else(|| self.config.filters.clone());
        ConsumerConfig { filters, ..self.config.clone() }
    }
}
