//! Core messages through a queue group whose members come and go.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use tidings::Running;
use tidings::prelude::*;
use tidings_tests::Server;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

use crate::option::Options;
use tidings_tests::Chance;

const MEMBERS: usize = 3;
/// Largest number of events on the way: far fewer than a subscription holds.
const ON_THE_WAY: usize = 8192;
/// Longest time in which nothing may come: who is stopped has been waited for by then.
const TIMEOUT: Duration = Duration::from_secs(10);

/// A core event: nobody keeps it, and it comes once or never.
#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "lamps.lit")]
struct Lit {
    number: u32,
}

/// Events that all members have handled.
struct Seen {
    /// Number of times that each was handled.
    times: Vec<AtomicU8>,
    count: watch::Sender<u32>,
    room: Semaphore,
}

impl Seen {
    fn see(&self, number: u32) {
        if let Some(times) = self.times.get(number as usize)
            && times.fetch_add(1, Ordering::Relaxed) == 0
        {
            self.count.send_modify(|count| *count += 1);
            self.room.add_permits(1);
        }
    }
}

/// A member, with a connection of its own.
struct Member {
    bus: Bus,
    running: Running,
}

impl Member {
    async fn join(url: &str, seen: &Arc<Seen>) -> Result<Self> {
        let bus = Bus::connect(url).await?;
        let seen = Arc::clone(seen);
        let handler = move |lit: Lit, _: Context| {
            let seen = Arc::clone(&seen);
            async move {
                // So that handlers overlap, and some are at work when a member leaves.
                tokio::task::yield_now().await;
                seen.see(lit.number);
                Ok(())
            }
        };
        let running = Registry::new("lamps").handle::<Lit>(handler).start(&bus).await?;
        Ok(Self { bus, running })
    }

    /// Gives back how many it has handled.
    async fn leave(self) -> Result<u64> {
        let report = self.running.shutdown().await;
        self.bus.close().await?;
        Ok(report.iter().map(|route| route.handled).sum())
    }
}

pub(crate) async fn run(options: &Options) -> Result<()> {
    let begun = Instant::now();
    println!("{options:?}");
    let server = Server::start().await;
    let url = server.url();
    let seen = Arc::new(Seen {
        times: (0..options.events).map(|_| AtomicU8::new(0)).collect(),
        count: watch::channel(0).0,
        room: Semaphore::new(ON_THE_WAY),
    });
    let mut members = Vec::new();
    for _ in 0..MEMBERS {
        members.push(Member::join(&url, &seen).await?);
    }
    let sending = tokio::spawn({
        let (seen, url, events) = (Arc::clone(&seen), url.clone(), options.events);
        async move { send(&url, &seen, events).await }
    });

    let mut chance = Chance::new(options.seed, 0);
    let mut changes: VecDeque<u32> = chance.places(options.kills, options.events).into();
    let mut count = seen.count.subscribe();
    let mut handled = 0;
    while let Some(at) = changes.pop_front() {
        // What it gives holds a lock that who counts would wait for.
        let reached = timeout(TIMEOUT, count.wait_for(|count| *count >= at)).await.map(drop);
        if reached.is_err() {
            break;
        }
        let place = usize::try_from(chance.below(MEMBERS as u64))?;
        // Sometimes the new one comes first, sometimes the old one goes first.
        if chance.below(2) == 0 {
            members.push(Member::join(&url, &seen).await?);
            handled += members.swap_remove(place).leave().await?;
        } else {
            handled += members.swap_remove(place).leave().await?;
            members.push(Member::join(&url, &seen).await?);
        }
    }
    let all = timeout(TIMEOUT * 6, progress(&seen, options.events)).await.unwrap_or(false);
    for member in members {
        handled += member.leave().await?;
    }
    end(sending, all).await?;
    println!("{handled} handled after {:.1?}", begun.elapsed());
    account(&seen)
}

/// Waits until all are seen, or for some time none: says which.
async fn progress(seen: &Seen, events: u32) -> bool {
    let mut count = seen.count.subscribe();
    loop {
        let known = *count.borrow_and_update();
        if known == events {
            return true;
        }
        if timeout(TIMEOUT, count.changed()).await.is_err() {
            return false;
        }
    }
}

/// Sends all, and never more than may be on the way.
async fn send(url: &str, seen: &Seen, events: u32) -> Result<()> {
    let bus = Bus::connect(url).await?;
    let publisher = bus.publisher::<Lit>();
    for number in 0..events {
        seen.room.acquire().await?.forget();
        publisher.publish(&Lit { number }).await?;
    }
    bus.close().await.context("closing the sender's bus")
}

/// A sender that waits for what was lost is not waited for.
async fn end(sending: JoinHandle<Result<()>>, all: bool) -> Result<()> {
    if all {
        return sending.await?;
    }
    sending.abort();
    Ok(())
}

fn account(seen: &Seen) -> Result<()> {
    let times = |wanted: fn(u8) -> bool| {
        seen.times.iter().filter(|times| wanted(times.load(Ordering::Relaxed))).count()
    };
    let (none, twice) = (times(|times| times == 0), times(|times| times > 1));
    println!("{} sent, {none} lost, {twice} handled twice", seen.times.len());
    ensure!((none, twice) == (0, 0), "{none} are lost, {twice} were handled twice");
    Ok(())
}
