//! Clock of a row: its start, its end, and the figures it reports.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use clap::ValueEnum as _;
use serde_json::json;
use tokio::sync::Notify;

use crate::{FEED, Peer};

/// Figures of a measured row.
#[derive(Debug)]
pub struct Measured {
    /// Time from the first measured message to the last.
    pub took: Duration,
    /// Latency of each message, in the rows that ask for it; else empty.
    pub each: Vec<Duration>,
}

impl From<Duration> for Measured {
    fn from(took: Duration) -> Self {
        Self { took, each: Vec::new() }
    }
}

impl Measured {
    /// Prints the line that a run reads.
    pub fn print(mut self, name: &str, peer: &Peer) {
        self.each.sort_unstable();
        let percentile = |hundredths: usize| {
            let at = (self.each.len() * hundredths / 100).min(self.each.len().saturating_sub(1));
            self.each.get(at).map(|each| each.as_secs_f64() * 1e6)
        };
        #[expect(clippy::cast_precision_loss, reason = "a count of messages is far below 2⁵²")]
        let rate = peer.count as f64 / self.took.as_secs_f64();
        println!(
            "{}",
            json!({
                "peer": name,
                "row": peer.row.to_possible_value().map(|row| row.get_name().to_owned()),
                "messages": peer.count,
                "seconds": self.took.as_secs_f64(),
                "rate": rate,
                "p50_us": percentile(50),
                "p99_us": percentile(99),
            })
        );
    }
}

/// Room for the time of each message.
#[must_use]
pub fn latencies(peer: &Peer) -> Vec<Duration> {
    Vec::with_capacity(usize::try_from(peer.count).unwrap_or_default())
}

/// Counts what is handled, and holds the times of the first and the last.
#[derive(Debug)]
pub struct Handled {
    warm: u64,
    total: u64,
    seen: AtomicU64,
    begun: OnceLock<Instant>,
    ended: OnceLock<Instant>,
    changed: Notify,
}

impl Handled {
    /// Count of a row of which nothing is handled yet.
    #[must_use]
    pub fn new(peer: &Peer) -> Self {
        Self {
            warm: peer.warm(),
            total: peer.total(),
            seen: AtomicU64::new(0),
            begun: OnceLock::new(),
            ended: OnceLock::new(),
            changed: Notify::new(),
        }
    }

    /// Number of messages to handle in all.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Counts one more that is handled. Returns `true` if it was the last.
    pub fn one(&self) -> bool {
        let seen = self.seen.fetch_add(1, Ordering::Relaxed) + 1;
        if seen == self.warm {
            self.begun.get_or_init(Instant::now);
        }
        if seen == self.total {
            self.ended.get_or_init(Instant::now);
        }
        if seen == self.total || seen.is_multiple_of(FEED) {
            self.changed.notify_waiters();
        }
        seen >= self.total
    }

    /// Waits until so many are handled: a multiple of [`FEED`], or all.
    pub async fn reach(&self, handled: u64) {
        loop {
            let changed = self.changed.notified();
            if self.seen.load(Ordering::Relaxed) >= handled {
                return;
            }
            changed.await;
        }
    }

    /// Waits for the last one, and says how long the measured ones took.
    pub async fn all(&self) -> Measured {
        self.reach(self.total).await;
        match (self.begun.get(), self.ended.get()) {
            (Some(begun), Some(ended)) => ended.duration_since(*begun).into(),
            _ => Duration::ZERO.into(),
        }
    }
}
