//! Minutes at full speed: whether memory stays flat, and whether everything is handled.

mod load;
mod tally;

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use tidings::{Bus, Registry, Route, StreamState};
use tidings_tests::Server;
use tokio::time::{Instant, interval_at, timeout};

use crate::event::{OrderSoaked, Soaked};
use crate::memory::{Bound, mebibytes, resident};
use load::Load;
use tally::Tally;

/// Shortest time between two printed lines.
const LINE: Duration = Duration::from_secs(10);

/// Time that memory may grow before it has to stay.
const SETTLED: Duration = Duration::from_secs(60);

/// Longest time that the server stands still: less than publishing may take, and more than the bus
/// waits for a confirmation before it sends a message again.
const STILL: Duration = Duration::from_secs(5);

/// Longest time that what is left may take at the end.
const REST: Duration = Duration::from_secs(60);

/// Longest time that the server may take for the acks that it has read.
const SETTLE: Duration = Duration::from_secs(10);

/// Time to run.
#[derive(Debug, Clone, clap::Args)]
pub struct Options {
    /// For how long, such as 10m or 20s
    #[arg(long = "for", value_name = "TIME", default_value = "10m", value_parser = time)]
    pub length: Duration,
}

/// `90s`, `10m`, `1h`.
fn time(text: &str) -> Result<Duration> {
    let length = humantime::parse_duration(text)?;
    ensure!(length >= Duration::from_secs(10), "{text:?} is no time of 10s or more, as 20s or 10m");
    Ok(length)
}

/// Publishes and handles at full speed, and prints how it goes. The server stands still once, in
/// the middle.
///
/// # Errors
/// If memory grows, or a message is not published, stored or handled.
pub fn run(options: &Options) -> Result<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    let length = options.length;
    runtime.block_on(async move { tokio::spawn(soak(length)).await? })
}

#[expect(clippy::print_stdout, reason = "its output is what it is for")]
async fn soak(length: Duration) -> Result<()> {
    let server = Server::start().await;
    // As two programs would have it.
    let (publishing, handling) =
        (Bus::connect(server.url()).await?, Bus::connect(server.url()).await?);
    let tally = Arc::new(Tally::default());
    let load = Load::new(publishing.clone(), Arc::clone(&tally));
    let route = Route::of::<OrderSoaked>(load.handler()).concurrency(64).durable("soak");
    let running = Registry::new("soak").route(route).start(&handling).await?;
    let loading = load.start();

    println!("    time  published/s  handled/s  under way   memory   server");
    let begun = Instant::now();
    let (settled, half) = (SETTLED.min(length / 5), length / 2);
    let line = LINE.min(length / 10);
    let mut lines = interval_at(begun + line, line);
    let (mut bound, mut stood, mut before) = (None, false, tally.now());
    let mut peak = 0;
    while begun.elapsed() < length {
        let at = lines.tick().await - begun;
        let now = tally.now();
        let memory = resident()?;
        println!(
            "{:>7}s  {:>11}  {:>9}  {:>9}  {:>7}  {:>7}",
            at.as_secs(),
            per_second(now.published - before.published, line),
            per_second(now.handled - before.handled, line),
            now.published.saturating_sub(now.handled),
            mebibytes(memory),
            mebibytes(of_server(&server).await?),
        );
        before = now;
        match &bound {
            None if at >= settled => {
                bound = Some(Bound::after(memory));
                println!("          from here on memory may grow to {}", Bound::after(memory));
            }
            None => {}
            Some(bound) => bound.holds(memory)?,
        }
        if at >= half && !stood {
            stood = true;
            let still = STILL.min(length / 20);
            peak = stand_still(&server, &publishing, still).await?;
            println!("          the server stood still for {still:?}: {}", mebibytes(peak));
            bound.as_ref().context("the server stood still too early")?.holds(peak)?;
        }
    }

    loading.stop().await?;
    let published = tally.now().published;
    timeout(REST, tally.until_handled(published)).await.context("not everything was handled")?;
    let reports = running.shutdown().await;
    let state = worked_off(&handling).await?;
    let end = tally.now();
    println!(
        "{published} published, {} stored, {} handled, {} of them again; {} left; memory {}, at most {} while the server stood still",
        state.last_sequence,
        end.handled,
        end.again,
        state.messages,
        mebibytes(resident()?),
        mebibytes(peak),
    );
    // A work queue holds a message until it is acknowledged, and that is after its handler.
    ensure!(state.messages == 0, "{} messages were handled and not acknowledged", state.messages);
    ensure!(state.last_sequence == published, "as many were not stored as were published");
    ensure!(end.handled - end.again == published, "some were handled twice, or not at all");
    let aside: u64 = reports.iter().map(|report| report.dead_lettered).sum();
    ensure!(aside == 0, "{aside} messages were put aside");
    bound.context("it was too short to know what memory may be")?.holds(resident()?)
}

/// State of the stream once the server has worked off the acks that it has read. Nobody reads the
/// stream any more: a message whose ack was lost stays.
async fn worked_off(bus: &Bus) -> Result<StreamState> {
    let by = Instant::now() + SETTLE;
    loop {
        let state = bus.stream::<Soaked>().state().await?;
        if state.messages == 0 || Instant::now() > by {
            return Ok(state);
        }
    }
}

/// The server reads nothing for a while, and everybody goes on publishing, also what no stream
/// keeps. The most memory that was used meanwhile.
async fn stand_still(server: &Server, bus: &Bus, still: Duration) -> Result<u64> {
    let by = Instant::now() + still;
    server.suspend();
    let mut flood = load::flood(bus.clone());
    let mut looks = interval_at(Instant::now(), Duration::from_millis(100));
    let mut peak = resident();
    while Instant::now() < by {
        tokio::select! {
            _ = looks.tick() => peak = peak.and_then(|peak| Ok(peak.max(resident()?))),
            // It ends with an error alone.
            Some(ended) = flood.join_next() => {
                server.resume();
                ended??;
            }
        }
    }
    server.resume();
    peak
}

/// Memory of the server as it says itself, in bytes.
async fn of_server(server: &Server) -> Result<u64> {
    server.monitor("/varz").await["mem"].as_u64().context("the server does not tell its memory")
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a number of messages"
)]
fn per_second(messages: u64, span: Duration) -> u64 {
    (messages as f64 / span.as_secs_f64()) as u64
}
