//! Options of a run: how much, how often, and the seed of what is left to chance.

use anyhow::{Context as _, Result, bail};

/// Options that a run is told.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    pub(crate) orders: i64,
    /// Number of times that each part is killed.
    pub(crate) kills: u32,
    /// Seed that decides when.
    pub(crate) seed: u64,
}

impl Options {
    /// Reads `--orders N`, `--kills N` and `--seed N`.
    pub(crate) fn read(mut words: impl Iterator<Item = String>) -> Result<Self> {
        let mut options = Self { orders: 20_000, kills: 5, seed: 1 };
        while let Some(word) = words.next() {
            let number = words.next().with_context(|| format!("{word} needs a number"))?;
            let wrong = || format!("{word} needs a number, not {number:?}");
            match word.as_str() {
                "--orders" => options.orders = number.parse().with_context(wrong)?,
                "--kills" => options.kills = number.parse().with_context(wrong)?,
                "--seed" => options.seed = number.parse().with_context(wrong)?,
                _ => bail!("{word:?} is none of --orders, --kills and --seed"),
            }
        }
        Ok(options)
    }
}
