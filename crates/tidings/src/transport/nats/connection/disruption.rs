//! Losses of the connection that listens, while the one that publishes holds: what somebody does who
//! sends what the client can't read.

use std::time::Duration;

use tokio::time::Instant;

/// Minimum time between two warnings.
const WARN_INTERVAL: Duration = Duration::from_secs(60);

/// Count of the losses of this connection alone, without a word of the server's.
#[derive(Debug, Default)]
pub(crate) struct Disruptions {
    times: u64,
    /// Number of losses that were told, and when.
    told: u64,
    told_at: Option<Instant>,
    /// `true` if it was lost since it was made, and without a word.
    is_lost: bool,
    /// Number of times that the other connection had been made when this was made last.
    main_made: Option<u64>,
}

/// Warning about interruptions of the listening connection.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct DisruptionWarning {
    times: u64,
    /// Number of losses since it was said last.
    since: u64,
}

impl Disruptions {
    pub(crate) fn lost(&mut self, with_words: bool) {
        self.is_lost = !with_words;
    }

    /// Notes that it is made again, while the other connection was made so often; gives what is to be said.
    pub(crate) fn back(
        &mut self,
        main_holds: bool,
        main_made: u64,
        now: Instant,
    ) -> Option<DisruptionWarning> {
        let has_held = main_holds && self.main_made.replace(main_made) == Some(main_made);
        if !std::mem::take(&mut self.is_lost) || !has_held {
            return None;
        }
        self.times = self.times.saturating_add(1);
        if self.told_at.is_some_and(|at| now.saturating_duration_since(at) < WARN_INTERVAL) {
            return None;
        }
        let since = self.times - self.told;
        (self.told, self.told_at) = (self.times, Some(now));
        Some(DisruptionWarning { times: self.times, since })
    }
}

impl DisruptionWarning {
    pub(crate) fn warn(&self, server: &str) {
        let Self { times, since } = self;
        tracing::warn!(
            server,
            times,
            since,
            "the connection on which core subscriptions listen was lost and made again, while the \
             other one held. Most likely somebody sent a message whose header block or subject can't \
             be read, on a subject that is listened to: the client (async-nats 0.51) gives the whole \
             connection up for it. That message is lost, and what came to core subscriptions until \
             they listened again; publishing, requests and streams go on. Each subscription counts \
             its interruptions. This is said once a minute at most"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loss_is_one_of_this_connection_alone() {
        let (mut disruptions, begun) = (Disruptions::default(), Instant::now());
        assert_eq!(disruptions.back(true, 1, begun), None, "it is made");
        disruptions.lost(false);
        assert_eq!(
            disruptions.back(true, 1, begun),
            Some(DisruptionWarning { times: 1, since: 1 })
        );
        disruptions.lost(true);
        assert_eq!(disruptions.back(true, 1, begun + WARN_INTERVAL), None, "the server said why");
        disruptions.lost(false);
        assert_eq!(
            disruptions.back(true, 2, begun + WARN_INTERVAL),
            None,
            "the other one was lost, too"
        );
        disruptions.lost(false);
        assert_eq!(disruptions.back(false, 2, begun + WARN_INTERVAL), None, "and is");
    }

    #[test]
    fn many_losses_are_told_once_a_minute() {
        let (mut disruptions, begun) = (Disruptions::default(), Instant::now());
        disruptions.back(true, 1, begun);
        let mut lose = |seconds| {
            disruptions.lost(false);
            disruptions.back(true, 1, begun + Duration::from_secs(seconds))
        };
        assert_eq!(lose(0), Some(DisruptionWarning { times: 1, since: 1 }));
        for seconds in 1..60 {
            assert_eq!(lose(seconds), None);
        }
        assert_eq!(lose(60), Some(DisruptionWarning { times: 61, since: 60 }));
    }
}
