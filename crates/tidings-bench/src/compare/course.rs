//! One row: a warm-up, then raw and ours in turns.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use tokio::runtime::Runtime;
use tokio::time::timeout;

use super::Options;
use super::row::{Row, Side, Threads};
use super::sample::Sample;
use crate::ground::Ground;

/// How long a lap may take: many times what it does.
const WITHIN: Duration = Duration::from_secs(60);

/// What both sides did in one round.
#[derive(Debug)]
pub(crate) struct Round {
    pub(crate) raw: Sample,
    pub(crate) ours: Option<Sample>,
}

pub(crate) fn run(
    runtime: &Runtime,
    ground: &Arc<Ground>,
    row: &Row,
    options: &Options,
) -> Result<Vec<Round>> {
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a number of messages"
    )]
    let messages = ((row.messages as f64 * options.scale) as usize).max(1_000);
    round(runtime, ground, row, messages / 4)?;
    (0..options.rounds).map(|_| round(runtime, ground, row, messages)).collect()
}

fn round(runtime: &Runtime, ground: &Arc<Ground>, row: &Row, messages: usize) -> Result<Round> {
    let messages = messages.div_ceil(row.turns);
    let (mut raw, mut ours) = (Sample::default(), None);
    for _ in 0..row.turns {
        raw += lap(runtime, ground, row.threads, row.raw, messages).context("raw")?;
        if let Some(side) = row.ours {
            let lap = lap(runtime, ground, row.threads, side, messages).context("ours")?;
            *ours.get_or_insert_default() += lap;
        }
    }
    Ok(Round { raw, ours })
}

fn lap(
    runtime: &Runtime,
    ground: &Arc<Ground>,
    threads: Threads,
    side: Side,
    messages: usize,
) -> Result<Sample> {
    let lap = side(Arc::clone(ground), messages);
    let whole = async move {
        let lap = lap.await?;
        let begun = Instant::now();
        // A message that is lost would be waited for without end.
        let check = timeout(WITHIN, lap.run()).await.context("not all has arrived")??;
        let elapsed = begun.elapsed();
        Ok(Sample { messages, elapsed, latencies: check.await? })
    };
    match threads {
        // On a worker, as a program's own tasks are.
        Threads::All => runtime.block_on(runtime.spawn(whole))?,
        Threads::One => {
            tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(whole)
        }
    }
}
