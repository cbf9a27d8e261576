//! When many events are given up because nobody says anything of any.

use crate::publish::PublishError;

/// How many events in a row are waited for in vain, each for as long as a publish may take. Some
/// behind them are on the way meanwhile, and one that is lost alone is nobody else's trouble.
const LIMIT: usize = 64;

/// Counts the events of one call that nothing was heard of, since something was.
#[derive(Debug, Default)]
pub(super) struct Silence(usize);

impl Silence {
    /// Hears what came of an event.
    pub(super) fn hear<T>(&mut self, outcome: &Result<T, PublishError>) {
        self.0 = match outcome {
            Err(
                PublishError::Unconfirmed { .. }
                | PublishError::Leaderless { .. }
                | PublishError::Unsent { .. },
            ) => self.0 + 1,
            _ => 0,
        };
    }

    /// Whether what is left need not be sent.
    pub(super) fn is_long(&self) -> bool {
        self.0 >= LIMIT
    }
}
