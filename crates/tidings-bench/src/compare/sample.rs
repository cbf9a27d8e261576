//! Measurements of one lap, and statistics over many.

use std::ops::AddAssign;
use std::time::Duration;

use serde::Serialize;

use super::processor::Work;

/// Sample of one lap, or of several together.
#[derive(Debug, Default)]
pub(crate) struct Sample {
    pub(crate) messages: usize,
    pub(crate) elapsed: Duration,
    /// Latency of each message, where that was measured; else empty.
    pub(crate) latencies: Vec<Duration>,
    /// Processor time, where that is known.
    pub(crate) work: Option<Work>,
}

impl AddAssign for Sample {
    fn add_assign(&mut self, other: Self) {
        self.messages += other.messages;
        self.elapsed += other.elapsed;
        self.latencies.extend(other.latencies);
        if let Some(work) = other.work {
            *self.work.get_or_insert_default() += work;
        }
    }
}

impl Sample {
    /// Messages in a second.
    #[expect(clippy::cast_precision_loss, reason = "a number of messages")]
    pub(crate) fn rate(&self) -> f64 {
        self.messages as f64 / self.elapsed.as_secs_f64()
    }

    /// The latency, in seconds, that this part of the messages keeps below; `None` where latencies
    /// were not measured.
    pub(crate) fn percentile(&self, percent: usize) -> Option<f64> {
        let mut latencies = self.latencies.clone();
        latencies.sort_unstable();
        let place = (latencies.len() * percent / 100).min(latencies.len().checked_sub(1)?);
        Some(latencies[place].as_secs_f64())
    }
}

/// The middle one of some values and their bounds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Spread {
    /// The middle one; of an even number, between the two in the middle.
    pub median: f64,
    /// The least.
    pub min: f64,
    /// The greatest.
    pub max: f64,
}

impl Spread {
    /// `None` of nothing.
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_unstable_by(f64::total_cmp);
        let (min, max) = (*values.first()?, *values.last()?);
        let middle = values.len() / 2;
        let median = if values.len().is_multiple_of(2) {
            f64::midpoint(values[middle - 1], values[middle])
        } else {
            values[middle]
        };
        Some(Self { median, min, max })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_has_its_middle() {
        let odd = Spread::of([3.0, 1.0, 2.0]).unwrap();
        assert_eq!(odd, Spread { median: 2.0, min: 1.0, max: 3.0 });
        let even = Spread::of([4.0, 1.0, 2.0, 3.0]).unwrap();
        assert_eq!(even, Spread { median: 2.5, min: 1.0, max: 4.0 });
        assert_eq!(Spread::of([]), None);
    }

    #[test]
    fn a_percentile_is_one_of_the_latencies() {
        let latencies = (1..=200).rev().map(Duration::from_secs).collect();
        let elapsed = Duration::from_secs(1);
        let sample = Sample { messages: 200, elapsed, latencies, work: None };
        assert_eq!(sample.percentile(50), Some(101.0));
        assert_eq!(sample.percentile(99), Some(199.0));
        assert_eq!(sample.percentile(100), Some(200.0));
        let none = Sample { latencies: Vec::new(), ..sample };
        assert_eq!(none.percentile(50), None);
    }
}
