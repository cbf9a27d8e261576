//! A differential test: random sessions in memory and over a server, compared step by step.
//!
//! Each step is done in memory and then over the server, and what came of it compared: results,
//! error kinds and codes, sequences, flags, deliveries with their order and attempts, and what the
//! stream holds afterwards. A session is decided by its seed alone. One that differs is made shorter,
//! step by step, as long as it still differs.
//!
//! # What is not compared
//!
//! - The wording of a refusal: its kind and its code are.
//! - Which member of a queue group gets a message, as that is random on both sides.
//! - A durable consumer that starts with the last message of each subject: on a server (2.15.1) it
//!   stalls once its first message is gone, and is asked to go on only seconds later.
//! - What a durable consumer that starts with a sequence has still to deliver: a server (2.15.1) counts
//!   what comes before it.
//! - Readers from a sequence in streams that keep by interest: where one that starts behind the end goes,
//!   a server (2.15.1) may remove what others want.
//! - A duplicate window that becomes shorter: from when on it counts is a race in a server (2.15.1).
//! - Markers where what is new is discarded: a server that has no room for one tries again at times of
//!   its own.
//! - A new stream with the messages of the one that was deleted before it: a server (2.15.1) makes one
//!   now and then, where that was just now (`findings/stream-made-again-keeps-messages.sh`).
//! - Behaviour while a delivery is on its way to a client: a server may have sent what is then
//!   purged, and in memory nothing is on its way. So a consumer is read to its end and let go.

mod clock;
mod event;
mod session;
mod side;
mod step;

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use futures_util::future::try_join_all;
use tidings::Bus;

use crate::Server;
use clock::Clock;
use session::Session;
use side::Side;
use step::Step;

/// Number of sessions that run at a time, each in an account of its own.
const LANES: u64 = 10;

/// Runs the sessions of these seeds; gives their count.
///
/// # Errors
/// Tells of the first session that differs: seed, stream, shortest form and difference.
pub async fn run(seeds: Range<u64>) -> Result<String> {
    let account = |lane| {
        format!("LANE{lane} {{ jetstream: enabled, users: [{{ user: l{lane}, password: pw }}] }}")
    };
    let accounts = (0..LANES).map(account).collect::<Vec<_>>().join("\n");
    let server = Server::with_config(&format!("accounts {{\n{accounts}}}")).await;
    let next = Arc::new(AtomicU64::new(seeds.start));
    let mut lanes = Vec::new();
    for lane in 0..LANES {
        let (next, end) = (Arc::clone(&next), seeds.end);
        let bus = Bus::builder()
            .server(server.url())
            .user_and_password(format!("l{lane}"), "pw")
            .connect()
            .await
            .context("a bus on the server")?;
        lanes.push(async move {
            let mut steps = 0;
            loop {
                let seed = next.fetch_add(1, Ordering::Relaxed);
                if seed >= end {
                    return Ok::<_, anyhow::Error>(steps);
                }
                let session = Session::new(seed);
                steps += session.steps.len();
                if let Some(difference) = compare(&session, &session.steps, &bus).await? {
                    return Err(told(&session, difference, &bus).await);
                }
            }
        });
    }
    let steps: usize = try_join_all(lanes).await?.into_iter().sum();
    Ok(format!("{} sessions with {steps} steps: no difference", seeds.end - seeds.start))
}

/// Outcomes that differ, and the step after which they do.
#[derive(Debug)]
struct Difference {
    step: usize,
    memory: Vec<String>,
    server: Vec<String>,
}

/// Does the steps on both sides, as far as they agree.
async fn compare(session: &Session, steps: &[Step], bus: &Bus) -> Result<Option<Difference>> {
    let mut memory = Side::new(Bus::in_memory(), session);
    let mut server = Side::new(bus.clone(), session);
    memory.clear().await?;
    server.clear().await?;
    let mut clock = Clock::new(session);
    for (index, step) in [Step::Begin].iter().chain(steps).enumerate() {
        clock.before(step, session.silence).await;
        let begun = Instant::now();
        let ours = memory.run(step, None).await;
        let mut theirs = server.run(step, Some(&ours)).await;
        theirs.state = server.settle(&ours.state).await;
        clock.after(step, begun);
        if ours != theirs {
            let lines = |outcome: side::Outcome| {
                let mut lines = outcome.lines;
                lines.push(outcome.state);
                lines
            };
            let (memory, server) = (lines(ours), lines(theirs));
            return Ok(Some(Difference { step: index, memory, server }));
        }
    }
    Ok(None)
}

/// The shortest form of a session that differs, in words.
async fn told(session: &Session, mut difference: Difference, bus: &Bus) -> anyhow::Error {
    let mut steps: Vec<Step> = session.steps[..difference.step].to_vec();
    let mut index = steps.len().saturating_sub(1);
    while index > 0 {
        index -= 1;
        let mut shorter = steps.clone();
        shorter.remove(index);
        if let Ok(Some(still)) = compare(session, &shorter, bus).await {
            shorter.truncate(still.step);
            steps = shorter;
            difference = still;
            index = index.min(steps.len().saturating_sub(1));
        }
    }
    let told = session.told();
    let steps = steps.iter().zip(1..).map(|(step, number)| format!("{number:>3}. {step:?}\n"));
    let Difference { memory, server, .. } = difference;
    anyhow::anyhow!(
        "session {} differs\nstream: {told}\n{}in memory: {memory:#?}\nserver:    {server:#?}",
        session.seed,
        steps.collect::<Vec<_>>().concat(),
    )
}

/// Refuses what a step can't be.
fn unexpected(error: &impl std::fmt::Debug) -> Result<()> {
    bail!("the stream can't be removed: {error:?}")
}
