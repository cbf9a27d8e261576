//! The events: those that are published first, and those that follow from them.

use std::time::Duration;

use tidings::StreamConfig;
use tidings::prelude::*;

use tidings_tests::Chance;

/// Environment variable that tells the processes the number of replicas of each stream.
pub(crate) const REPLICAS: &str = "ORDEAL_REPLICAS";
/// The durable consumer of [`Begun`].
pub(crate) const CONSUMER: &str = "workers";
/// The registry.
pub(crate) const REGISTRY: &str = "works";
/// Stream in which the registry puts aside what it can't handle.
pub(crate) const DEAD_LETTERS: &str = "works-dead-letters";

/// Longer than any run, so that an id is known for as long as it lasts.
const WINDOW: Duration = Duration::from_secs(3600);

/// Stream of the events that are published first.
#[derive(Debug)]
pub(crate) struct Works;

impl EventStream for Works {
    const NAME: &'static str = "WORKS";
    const SUBJECTS: &'static [&'static str] = &["works.>"];

    fn config() -> StreamConfig {
        config::<Self>()
    }
}

/// Stream of the events that follow from those of [`Works`].
#[derive(Debug)]
pub(crate) struct Results;

impl EventStream for Results {
    const NAME: &'static str = "RESULTS";
    const SUBJECTS: &'static [&'static str] = &["results.>"];

    fn config() -> StreamConfig {
        config::<Self>()
    }
}

fn config<S: EventStream>() -> StreamConfig {
    let mut config = StreamConfig::new(S::NAME, S::SUBJECTS.iter().copied());
    config.duplicate_window = Some(WINDOW);
    config.replicas =
        std::env::var(REPLICAS).ok().and_then(|replicas| replicas.parse().ok()).unwrap_or(1);
    config
}

/// Fate of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) enum Fate {
    /// Handled at once.
    Sound,
    /// Failing the first time, before anything followed.
    Late,
    /// Failing the first time, after its follow-up was stored.
    Halved,
    /// Failing always.
    Doomed,
    /// Rejected by its handler.
    Unwelcome,
    /// Undecodable.
    Illegible,
    /// Killing the process that handles it.
    Fatal,
}

impl Fate {
    /// Fate of an event. Of every 100: 4 fail at first, 3 always, 2 are rejected, 2 can't be read.
    /// Of every 10,000 one is fatal.
    pub(crate) fn of(seed: u64, number: u32) -> Self {
        let mut chance = Chance::new(seed, u64::from(number) + 1);
        if chance.below(10_000) == 0 {
            return Self::Fatal;
        }
        match chance.below(100) {
            0..2 => Self::Late,
            2..4 => Self::Halved,
            4..7 => Self::Doomed,
            7..9 => Self::Unwelcome,
            9..11 => Self::Illegible,
            _ => Self::Sound,
        }
    }

    /// Returns `true` if a handler sees an event of this fate.
    pub(crate) fn is_legible(self) -> bool {
        self != Self::Illegible
    }

    /// Returns `true` if another event follows from it.
    pub(crate) fn is_mended(self) -> bool {
        matches!(self, Self::Sound | Self::Late | Self::Halved)
    }
}

/// Known again by its number.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "works.begun", stream = Works)]
pub(crate) struct Begun {
    #[event(id)]
    pub(crate) number: u32,
    pub(crate) fate: Fate,
}

/// A payload that any program may write on the same subject, and not what [`Begun`] declares.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "works.begun", name = "works.scrawled", stream = Works)]
pub(crate) struct Scrawled {
    #[event(id)]
    pub(crate) number: u32,
    pub(crate) fate: String,
}

/// An event without an id of its own: its handler's context gives it one, of what it holds, and so nothing of it
/// differs from run to run.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "results.finished", stream = Results)]
pub(crate) struct Finished {
    pub(crate) number: u32,
}
