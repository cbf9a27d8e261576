//! Rounds of a row: a warm-up, then raw and ours in turns.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use tokio::runtime::Runtime;
use tokio::time::timeout;

use super::processor::Clock;
use super::row::{Row, Side, Threads};
use super::sample::Sample;
use super::{Only, Options};
use crate::environment::Environment;

/// Longest time that a lap may take: many times what it does.
const WITHIN: Duration = Duration::from_secs(60);

/// Samples of both sides in one round.
#[derive(Debug)]
pub(crate) struct Round {
    pub(crate) raw: Option<Sample>,
    pub(crate) ours: Option<Sample>,
}

pub(crate) fn run(
    runtime: &Runtime,
    environment: &Arc<Environment>,
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
    let round = |messages| round(runtime, environment, row, options.only, messages);
    round(messages / 4)?;
    (0..options.rounds).map(|_| round(messages)).collect()
}

fn round(
    runtime: &Runtime,
    environment: &Arc<Environment>,
    row: &Row,
    only: Option<Only>,
    messages: usize,
) -> Result<Round> {
    let messages = messages.div_ceil(row.turns);
    let (mut raw, mut ours) = (None::<Sample>, None::<Sample>);
    for _ in 0..row.turns {
        if only != Some(Only::Ours) {
            let lap = lap(runtime, environment, row.threads, row.raw, messages).context("raw")?;
            *raw.get_or_insert_default() += lap;
        }
        if only != Some(Only::Raw)
            && let Some(side) = row.ours
        {
            let lap = lap(runtime, environment, row.threads, side, messages).context("ours")?;
            *ours.get_or_insert_default() += lap;
        }
    }
    Ok(Round { raw, ours })
}

fn lap(
    runtime: &Runtime,
    environment: &Arc<Environment>,
    threads: Threads,
    side: Side,
    messages: usize,
) -> Result<Sample> {
    let (lap, server) = (side(Arc::clone(environment), messages), environment.server_process());
    let whole = async move {
        let lap = lap.await?;
        let clock = Clock::start(server);
        let begun = Instant::now();
        // A message that is lost would be waited for without end.
        let check = timeout(WITHIN, lap.run()).await.context("not all has arrived")??;
        let (elapsed, work) = (begun.elapsed(), clock.stop());
        Ok(Sample { messages, elapsed, latencies: check.await?, work })
    };
    match threads {
        // On a worker, as a program's own tasks are.
        Threads::All => runtime.block_on(runtime.spawn(whole))?,
        Threads::One => {
            tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(whole)
        }
    }
}
