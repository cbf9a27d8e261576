//! Start of a process with many routes: how long a registry of them takes to start, how often it asks the
//! server, and how much memory it has.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use tidings::{Bus, Context, Failure, Registry, Route};
use tidings_tests::Server;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout};

use crate::event::{Order as _, OrderPlaced, OrderStored, Stored};
use crate::memory::{mebibytes, resident};

/// Longest time that an event may take to reach all routes.
const WITHIN: Duration = Duration::from_secs(120);

/// Number of routes.
#[derive(Debug, Clone, clap::Args)]
pub struct Options {
    /// Routes with a durable consumer each, all of one stream
    #[arg(long, default_value_t = 5_000)]
    pub durable: usize,

    /// Routes of a queue group each, without a stream
    #[arg(long, default_value_t = 5_000)]
    pub core: usize,

    /// Longest time that the start may take, in seconds
    #[arg(long, default_value_t = 10.0)]
    pub seconds: f64,

    /// Maximum memory that they may have, in MB
    #[arg(long, default_value_t = 200)]
    pub megabytes: u64,
}

/// Starts them, has one event of each kind reach all of them, and shuts them down; then starts them again, where
/// all consumers are there already.
///
/// # Errors
/// If that takes too long, needs too much memory, or an event does not reach all.
pub fn run(options: &Options) -> Result<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    let options = options.clone();
    runtime.block_on(async move { tokio::spawn(routes(options)).await? })
}

#[expect(clippy::print_stdout, reason = "its output is what it is for")]
async fn routes(options: Options) -> Result<()> {
    let server = Server::start().await;
    let bus = Bus::connect(server.url()).await?;
    bus.provision::<Stored>().await?;
    for what in ["created", "found"] {
        let handled = Handled::default();
        let registry = registry(&options, &handled);
        let (before, asked) = (resident()?, asked(&server).await?);
        let begun = Instant::now();
        let running = registry.start(&bus).await?;
        let took = begun.elapsed();
        let requests = self::asked(&server).await? - asked;
        bus.publish(&OrderStored::numbered(0)).await?;
        bus.publish(&OrderPlaced::numbered(0)).await?;
        let begun = Instant::now();
        handled.until(options.core + options.durable).await?;
        let memory = resident()?.saturating_sub(before);
        println!(
            "{} durable and {} core routes, consumers {what}: started in {:.2} s with {requests} messages to the server; an event reached all {:.2} s later; {} more",
            options.durable,
            options.core,
            took.as_secs_f64(),
            begun.elapsed().as_secs_f64(),
            mebibytes(memory),
        );
        let begun = Instant::now();
        running.shutdown().await;
        println!("  shut down in {:.2} s", begun.elapsed().as_secs_f64());
        ensure!(took.as_secs_f64() <= options.seconds, "the start took {took:?}");
        let most = options.megabytes * 1_000_000;
        ensure!(memory <= most, "they have {memory} bytes, and may have {most}");
    }
    Ok(())
}

/// Counts what was handled.
#[derive(Debug, Clone, Default)]
struct Handled(Arc<(AtomicUsize, Notify)>);

impl Handled {
    fn one_more(&self) {
        self.0.0.fetch_add(1, Ordering::Relaxed);
        self.0.1.notify_one();
    }

    async fn until(&self, messages: usize) -> Result<()> {
        let reached = async {
            while self.0.0.load(Ordering::Relaxed) < messages {
                self.0.1.notified().await;
            }
        };
        timeout(WITHIN, reached).await.with_context(|| {
            format!("{} of {messages} were handled", self.0.0.load(Ordering::Relaxed))
        })
    }
}

fn registry(options: &Options, handled: &Handled) -> Registry {
    let mut registry = Registry::new("routes");
    for number in 0..options.durable {
        let handled = handled.clone();
        let count = move |_: OrderStored, _: Context| {
            handled.one_more();
            async { Ok::<_, Failure>(()) }
        };
        let route = Route::of::<OrderStored>(count).durable(format!("route-{number}"));
        registry = registry.route(route);
    }
    for number in 0..options.core {
        let handled = handled.clone();
        let count = move |_: OrderPlaced, _: Context| {
            handled.one_more();
            async { Ok::<_, Failure>(()) }
        };
        let route = Route::of::<OrderPlaced>(count).queue_group(format!("group-{number}"));
        registry = registry.route(route);
    }
    registry
}

/// Number of messages that the server has had of its clients.
async fn asked(server: &Server) -> Result<u64> {
    server.monitor("/varz").await["in_msgs"].as_u64().context("the server does not say")
}
