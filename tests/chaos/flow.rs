//! Events flow through publish, handler and publish while what they stand on is killed.

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use async_nats::jetstream;
use tidings::prelude::*;
use tokio::sync::Semaphore;
use tokio::time::{Instant, interval, timeout_at};

use crate::environment::Environment;
use crate::event::{Fate, REPLICAS, Results, Works};
use crate::option::Options;
use crate::publisher::{self, Published};
use crate::verify::{Heard, Stored, left};
use crate::worker_pool::WorkerPool;
use tidings_tests::Chance;

/// Number of copies of the registry that run.
const COPIES: usize = 2;
/// Longest time in which nothing may happen.
const TIMEOUT: Duration = Duration::from_secs(90);
const BETWEEN_LOOKS: Duration = Duration::from_millis(200);
/// The longest time for which a server is away.
const OUTAGE_MILLIS: u64 = 1500;

/// Kind of process that is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    Environment,
    Worker,
}

struct Flow {
    begun: Instant,
    workers: WorkerPool,
    chance: Chance,
    room: Arc<Semaphore>,
    heard: Heard,
    listening: usize,
    /// Number of workers that have failed to start, because the server was away.
    unlucky: usize,
    /// Number of events heard of at which something is killed, and what.
    strikes: VecDeque<(u32, Target)>,
}

/// Kills the environment as often as the options say, and a worker `worker_kills` times.
pub(crate) async fn run(
    environment: &mut Environment,
    worker_kills: u32,
    options: &Options,
) -> Result<()> {
    let begun = Instant::now();
    println!("{options:?}, {worker_kills} kills of a worker");
    let jetstream = jetstream::new(environment.client().await);
    provision(environment).await?;

    let mut chance = Chance::new(options.seed, 0);
    let legible = (0..options.events).filter(|n| Fate::of(options.seed, *n).is_legible()).count();
    let legible = u32::try_from(legible)?;
    let places =
        chance.places(options.kills, legible).into_iter().map(|at| (at, Target::Environment));
    let mut strikes: Vec<_> = places.collect();
    strikes.extend(chance.places(worker_kills, legible).into_iter().map(|at| (at, Target::Worker)));
    strikes.sort_by_key(|(at, _)| *at);

    let workers = WorkerPool::start(environment.url(), environment.replicas(), COPIES)?;
    let ahead = usize::try_from(options.events / 20)?.max(64);
    let mut flow = Flow {
        begun,
        workers,
        chance,
        room: Arc::new(Semaphore::new(ahead)),
        heard: Heard::default(),
        listening: 0,
        unlucky: 0,
        strikes: strikes.into(),
    };
    while flow.listening < COPIES {
        flow.next("all listen").await?;
    }
    let url = environment.url();
    let mut publishing = tokio::spawn({
        let (options, room) = (options.clone(), Arc::clone(&flow.room));
        async move { publisher::publish(&url, &options, room).await }
    });
    let mut published = None;
    while published.is_none() || !flow.strikes.is_empty() {
        if flow.strike(environment).await? {
            continue;
        }
        tokio::select! {
            outcome = &mut publishing, if published.is_none() => published = Some(outcome??),
            heard = flow.next("all is published and killed") => heard?,
        }
    }
    let published = published.unwrap_or_default();
    println!("published after {:.1?}", begun.elapsed());
    let outcome = flow.settle(&jetstream).await;
    println!("settled after {:.1?}", begun.elapsed());
    let stored = Stored::read(&jetstream).await?;
    println!("{} starts of a worker failed while the environment was away", flow.unlucky);
    let account = stored.settle(options, &published, &flow.heard);
    // What is wrong says more than that it took too long.
    account?;
    outcome?;
    check(&published, options)
}

/// The publisher's own account.
fn check(published: &Published, options: &Options) -> Result<()> {
    let all = published.acked.len() + published.unconfirmed.len() + published.unsent.len();
    ensure!(all == options.events as usize, "{all} of {} events are published", options.events);
    // Nothing would be shown by a run in which little is stored.
    ensure!(published.acked.len() > all / 2, "only {} are acked", published.acked.len());
    Ok(())
}

/// Makes the streams before anything is killed.
async fn provision(environment: &Environment) -> Result<()> {
    let mut configs = [Works::config(), Results::config()];
    let jetstream = jetstream::new(environment.client().await);
    for config in &mut configs {
        config.replicas = environment.replicas();
        jetstream
            .create_stream(jetstream::stream::Config {
                name: config.name.clone(),
                subjects: config.subjects.clone(),
                num_replicas: usize::from(config.replicas),
                duplicate_window: config.duplicate_window.unwrap_or_default(),
                ..Default::default()
            })
            .await
            .with_context(|| format!("{} with {REPLICAS} {}", config.name, config.replicas))?;
    }
    Ok(())
}

impl Flow {
    /// Hears the next thing that is said.
    async fn next(&mut self, what: &str) -> Result<()> {
        let said = timeout_at(Instant::now() + TIMEOUT, self.workers.said()).await;
        let (place, line) = said.with_context(|| {
            format!("nothing happens any more; {} heard of, until {what}", self.heard.of.len())
        })??;
        self.hear(place, line).await
    }

    async fn hear(&mut self, place: usize, line: Option<String>) -> Result<()> {
        match line.as_deref() {
            Some("listens") => self.listening += 1,
            // It could not start: it is replaced below.
            Some(line) if line.starts_with("ends: ") => {}
            Some(line) => {
                if self.heard.hear(line)? {
                    self.room.add_permits(1);
                }
            }
            None => {
                let killed = self.workers.replace(place).await?;
                // As whoever runs it would start it again.
                self.unlucky += usize::from(!killed);
                ensure!(self.unlucky < 100, "the workers can't start");
            }
        }
        Ok(())
    }

    /// Kills what is due; says whether there was anything.
    async fn strike(&mut self, environment: &mut Environment) -> Result<bool> {
        let heard = u32::try_from(self.heard.of.len())?;
        let Some((_, target)) = self.strikes.front().filter(|(at, _)| *at <= heard).copied() else {
            return Ok(false);
        };
        self.strikes.pop_front();
        match target {
            Target::Environment => {
                let outage = Duration::from_millis(self.chance.below(OUTAGE_MILLIS));
                let results = self.chance.below(2) == 1;
                self.tell(&format!("the environment is struck for {outage:?}"));
                let mut struck = pin!(environment.strike(outage, results));
                // The work goes on meanwhile, as far as it can.
                loop {
                    tokio::select! {
                        outcome = &mut struck => break outcome?,
                        said = self.workers.said() => {
                            let (place, line) = said?;
                            self.hear(place, line).await?;
                        }
                    }
                }
            }
            Target::Worker => {
                let place = usize::try_from(self.chance.below(self.workers.size() as u64))?;
                self.tell(&format!("worker {place} is killed"));
                self.workers.kill(place)?;
            }
        }
        Ok(true)
    }

    fn tell(&self, what: &str) {
        println!("{:>6.1?} {:>6} heard of: {what}", self.begun.elapsed(), self.heard.of.len());
    }

    /// Waits until every event has its end, and ends the workers in good order.
    async fn settle(&mut self, jetstream: &jetstream::Context) -> Result<()> {
        let mut looks = interval(BETWEEN_LOOKS);
        let deadline = Instant::now() + TIMEOUT;
        loop {
            tokio::select! {
                said = self.workers.said() => {
                    let (place, line) = said?;
                    self.hear(place, line).await?;
                }
                _ = looks.tick() => match left(jetstream).await {
                    Ok(()) => break,
                    Err(left) if Instant::now() > deadline => bail!("it does not end: {left}"),
                    Err(_) => {}
                }
            }
        }
        self.workers.interrupt();
        let mut running = self.workers.size();
        while running > 0 {
            match self.workers.said().await? {
                (_, None) => running -= 1,
                (place, line) => self.hear(place, line).await?,
            }
        }
        self.workers.gone().await
    }
}
