//! Limit on the events that are waited for in vain: behind it the others are given up, because
//! nobody says anything of any, or of too many.

use crate::publish::PublishError;

/// Number of events in a row that are waited for in vain, each for as long as a publish may take.
/// Some behind them are on the way meanwhile, and one that is lost alone is nobody else's trouble.
const LIMIT: usize = 64;
/// Number of events in all that are waited for in vain, where something is heard now and then: as
/// many as are on the way at a time, so that no more is waited for in vain than once or twice.
const IN_ALL: usize = 1024;

/// Counts the events of one call that nothing was heard of.
#[derive(Debug, Default)]
pub(super) struct UnansweredLimit {
    /// Number of events since something was heard.
    in_a_row: usize,
    in_all: usize,
}

impl UnansweredLimit {
    /// Hears what came of an event.
    pub(super) fn record<T>(&mut self, outcome: &Result<T, PublishError>) {
        match outcome {
            Err(
                PublishError::Unconfirmed { .. }
                | PublishError::Leaderless { .. }
                | PublishError::Unsent { .. },
            ) => {
                self.in_a_row += 1;
                self.in_all += 1;
            }
            _ => self.in_a_row = 0,
        }
    }

    /// Returns `true` if what is left need not be sent.
    pub(super) fn is_reached(&self) -> bool {
        self.in_a_row >= LIMIT || self.in_all >= IN_ALL
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(outcomes: impl IntoIterator<Item = bool>) -> UnansweredLimit {
        let mut unanswered = UnansweredLimit::default();
        let lost = || PublishError::Unsent {
            subject: "orders.created".to_owned(),
            waited: std::time::Duration::ZERO,
            source: None,
        };
        outcomes
            .into_iter()
            .for_each(|stored| unanswered.record(&if stored { Ok(()) } else { Err(lost()) }));
        unanswered
    }

    #[test]
    fn many_in_a_row_are_a_long_silence() {
        assert!(!heard([false; LIMIT - 1]).is_reached());
        assert!(heard([false; LIMIT]).is_reached());
    }

    /// A message that is confirmed now and then does not end the silence.
    #[test]
    fn very_many_in_all_are_one_too() {
        let seldom = |count| (1..=count).map(|event| event % 50 == 0);
        assert!(!heard(seldom(1000)).is_reached());
        assert!(heard(seldom(1050)).is_reached());
        // Where nearly all go well it takes as many all the same.
        assert!(!heard((0..100_000).map(|event| event % 100 > 0)).is_reached());
    }
}
