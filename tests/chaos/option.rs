//! Options of a run: how much, how often, and the seed of what is left to chance.

use anyhow::{Context as _, Result, bail};

/// Options that a run is told.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    /// Number of events that are published.
    pub(crate) events: u32,
    /// Seed that decides when something is killed, and what becomes of each event.
    pub(crate) seed: u64,
    /// Number of times that the server is killed, or that a member leaves.
    pub(crate) kills: u32,
}

impl Options {
    /// Reads `--events N`, `--seed N` and `--kills N`.
    pub(crate) fn read(mut words: impl Iterator<Item = String>, default: &Self) -> Result<Self> {
        let mut options = default.clone();
        while let Some(word) = words.next() {
            let number = words.next().with_context(|| format!("{word} needs a number"))?;
            let wrong = || format!("{word} needs a number, not {number:?}");
            match word.as_str() {
                "--events" => options.events = number.parse().with_context(wrong)?,
                "--seed" => options.seed = number.parse().with_context(wrong)?,
                "--kills" => options.kills = number.parse().with_context(wrong)?,
                _ => bail!("{word:?} is none of --events, --seed and --kills"),
            }
        }
        Ok(options)
    }
}
