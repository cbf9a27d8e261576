//! Results of a comparison, as data.

use serde::Serialize;

use super::allocation::PerMessage;
use super::processor::{Processor, Share};
use super::round::Round;
use super::row::{Figure, Row};
use super::sample::{Sample, Spread};

/// Rows of the report.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Number of times that each row was run.
    pub rounds: u32,
    /// Number of messages in a lap, as a multiple of what is usual.
    pub scale: f64,
    /// The rows, in the order of the table.
    pub rows: Vec<Entry>,
}

/// Results of one row.
#[derive(Debug, Serialize)]
pub struct Entry {
    /// Name of the row.
    pub name: String,
    /// Description of the row's work.
    pub what: &'static str,
    /// Unit of `raw` and `ours`: `messages/s`, or `s`.
    pub unit: &'static str,
    /// The least ratio that is wanted.
    pub target: Option<f64>,
    /// The median of what was written by hand.
    pub raw: Option<f64>,
    /// The median of ours.
    pub ours: Option<f64>,
    /// Factor by which ours is better, of each round; more than 1 is better, also of a latency.
    pub ratio: Option<Spread>,
    /// Number of rounds.
    pub rounds: usize,
    /// Mean number of memory allocations for a message.
    pub allocations: PerMessage,
    /// Processor time for a message.
    pub processor: Processor,
    /// `true` if the median ratio is at least the target.
    pub meets: Option<bool>,
}

impl Report {
    pub(crate) fn new(rounds: u32, scale: f64) -> Self {
        Self { rounds, scale, rows: Vec::new() }
    }

    /// Adds what a row has shown.
    pub(crate) fn add(&mut self, row: &Row, rounds: &[Round], allocations: PerMessage) {
        let latency = |percent| move |sample: &Sample| sample.percentile(percent);
        let entries = match row.figure {
            Figure::Rate => vec![entry(row, "", rounds, |sample| Some(sample.rate()))],
            Figure::Latency => vec![
                entry(row, "_p50", rounds, latency(50)),
                entry(row, "_p99", rounds, latency(99)),
            ],
        };
        self.rows.extend(entries.into_iter().map(|entry| Entry { allocations, ..entry }));
    }

    /// `true` if no row is below its target.
    pub(crate) fn met(&self) -> bool {
        self.rows.iter().all(|row| row.meets != Some(false))
    }
}

fn entry(
    row: &Row,
    suffix: &str,
    rounds: &[Round],
    value: impl Fn(&Sample) -> Option<f64>,
) -> Entry {
    let raw = rounds.iter().filter_map(|round| value(round.raw.as_ref()?));
    let ours = rounds.iter().filter_map(|round| value(round.ours.as_ref()?));
    let ratio = Spread::of(rounds.iter().filter_map(|round| {
        let (raw, ours) = (value(round.raw.as_ref()?)?, value(round.ours.as_ref()?)?);
        Some(match row.figure {
            Figure::Rate => ours / raw,
            Figure::Latency => raw / ours,
        })
    }));
    Entry {
        name: format!("{}{suffix}", row.name),
        what: row.what,
        unit: match row.figure {
            Figure::Rate => "messages/s",
            Figure::Latency => "s",
        },
        target: row.target,
        raw: Spread::of(raw).map(|raw| raw.median),
        ours: Spread::of(ours).map(|ours| ours.median),
        ratio,
        rounds: rounds.len(),
        allocations: PerMessage::default(),
        processor: Processor {
            raw: Share::of(rounds.iter().filter_map(|round| round.raw.as_ref())),
            ours: Share::of(rounds.iter().filter_map(|round| round.ours.as_ref())),
        },
        meets: row.target.zip(ratio).map(|(target, ratio)| ratio.median >= target),
    }
}
