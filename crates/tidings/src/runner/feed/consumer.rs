//! The durable consumer that a route reads, and what was seen of it.

use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use tokio::time::Instant;

use crate::lock::locked;
use crate::stream::{StreamConfig, StreamDeclaration};
use crate::subject::Subject;
use crate::topology::Modes;
use crate::transport::ConsumerConfig;

/// Time between two looks at it, about. A filter that another version added before the last look is
/// kept by whoever makes the consumer again.
const LOOK: Duration = Duration::from_secs(5);
/// Time between two looks of a registry at least, one route with another.
const LOOK_APART: Duration = Duration::from_millis(50);

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
    /// Time between two looks at it, about.
    pub(crate) look: Duration,
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
        let made = made.into();
        Self { stream, made, config, prefetch, modes, look: LOOK, seen: Mutex::default() }
    }

    /// Tells it that it is one of so many of a registry, which looks at no more than 20 of them a second.
    pub(crate) fn shares_looks(&mut self, routes: usize) {
        let all = u32::try_from(routes).unwrap_or(u32::MAX);
        self.look = LOOK.max(LOOK_APART.saturating_mul(all));
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
