//! A bucket that is changed and watched while its server is killed: the watcher ends with what the
//! bucket has, and each gap is told.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use tidings::prelude::*;
use tidings::{Changes, PutError, WatchEvent};
use tidings_tests::{Chance, Server};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use crate::option::Options;

const WRITERS: u32 = 8;
/// Number of keys that each writer changes; nobody else does.
const KEYS: u64 = 50;
/// Longest time in which nothing may happen.
const TIMEOUT: Duration = Duration::from_secs(60);
/// Time that a server is away once it is killed, at most.
const OUTAGE: u64 = 300;

/// A lamp, switched by its writer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Bucket)]
#[bucket(name = "lamps", key = "{writer}.{place}", history = 3)]
struct Lamp {
    writer: u32,
    place: u64,
    change: u32,
}

type Lamps = BTreeMap<(u32, u64), u32>;

/// A watcher's copy of the bucket.
#[derive(Debug, Default)]
struct Mirror {
    lamps: Lamps,
    told: u64,
    gaps: u32,
    is_current: bool,
}

impl Mirror {
    fn take(&mut self, event: WatchEvent<Lamp, LampKey>) {
        self.told += 1;
        match event {
            WatchEvent::Put(entry) => {
                self.lamps.insert((entry.key.writer, entry.key.place), entry.value.change);
            }
            WatchEvent::Removed(removal) => {
                self.lamps.remove(&(removal.key.writer, removal.key.place));
            }
            WatchEvent::Current => self.is_current = true,
            WatchEvent::Resynchronised => {
                self.lamps.clear();
                (self.gaps, self.is_current) = (self.gaps + 1, false);
            }
            _ => {}
        }
    }
}

pub(crate) async fn run(options: &Options) -> Result<()> {
    let begun = Instant::now();
    println!("{options:?}");
    let mut server = Server::start().await;
    let bus = Bus::connect(server.url()).await?;
    bus.provision::<Lamp>().await?;
    let changes = Bus::connect(server.url()).await?.key_value::<Lamp>().watch().await?;
    let (gaps, mut heard) = watch::channel(0);
    let watching = tokio::spawn(follow(changes, gaps));

    let done = Arc::new(AtomicU32::new(0));
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let bus = Bus::connect(server.url()).await?;
        let (done, options) = (Arc::clone(&done), options.clone());
        writers.spawn(async move { write(&bus, writer, &options, &done).await });
    }
    let mut chance = Chance::new(options.seed, 0);
    let mut kills: VecDeque<u32> = chance.places(options.kills, options.events).into();
    let mut killed = 0;
    while let Some(at) = kills.pop_front() {
        progress(&done, at).await?;
        server.kill();
        sleep(Duration::from_millis(chance.below(OUTAGE))).await;
        server.restart().await;
        killed += 1;
        // The next one is a gap of its own.
        let told = timeout(TIMEOUT, heard.wait_for(|gaps| *gaps >= killed)).await;
        ensure!(matches!(told, Ok(Ok(_))), "the gap of kill {killed} is not told");
    }
    let mut written = Lamps::new();
    while let Some(model) = writers.join_next().await {
        written.append(&mut model??);
    }
    // The last of all: who has seen it has seen what was before.
    bus.key_value::<Lamp>().put(&Lamp { writer: WRITERS, place: 0, change: 0 }).await?;
    let mirror = timeout(TIMEOUT, watching).await.context("the watcher does not end")???;
    written.insert((WRITERS, 0), 0);

    let stored = read(&bus).await?;
    differ("the bucket", &stored, "what was confirmed", &written)?;
    differ("the watcher", &mirror.lamps, "the bucket", &stored)?;
    ensure!(mirror.gaps >= killed, "{} gaps told of {killed} kills", mirror.gaps);
    println!(
        "{} changes, {killed} kills, {} gaps told, {} told in all, {} keys in the end, {:.1?}",
        done.load(Ordering::Relaxed),
        mirror.gaps,
        mirror.told,
        stored.len(),
        begun.elapsed()
    );
    Ok(())
}

/// Waits until so many changes are made.
async fn progress(done: &AtomicU32, at: u32) -> Result<()> {
    let by = Instant::now() + TIMEOUT * 3;
    while done.load(Ordering::Relaxed) < at {
        ensure!(Instant::now() < by, "the writers do not come on");
        sleep(Duration::from_millis(1)).await;
    }
    Ok(())
}

async fn follow(mut changes: Changes<Lamp>, gaps: watch::Sender<u32>) -> Result<Mirror> {
    let mut mirror = Mirror::default();
    loop {
        let event = changes.next().await.context("the bus is closed")?;
        mirror.take(event?);
        gaps.send_if_modified(|told| std::mem::replace(told, mirror.gaps) != mirror.gaps);
        if mirror.is_current && mirror.lamps.contains_key(&(WRITERS, 0)) {
            return Ok(mirror);
        }
    }
}

/// Makes changes, each until it is confirmed; gives what there is in the end.
async fn write(bus: &Bus, writer: u32, options: &Options, done: &AtomicU32) -> Result<Lamps> {
    let (lamps, mut chance) = (bus.key_value::<Lamp>(), Chance::new(options.seed, writer.into()));
    let mut model = Lamps::new();
    for change in 0..options.events / WRITERS {
        let (place, what) = (chance.below(KEYS), chance.below(10));
        loop {
            let key = LampKey { writer, place };
            let made = match what {
                0 => lamps.delete(&key).await,
                1 => lamps.purge(&key).await,
                _ => lamps.put(&Lamp { writer, place, change }).await,
            };
            match made {
                Ok(_) => break,
                // Done once more: it is the same again.
                Err(
                    PutError::Unconfirmed { .. }
                    | PutError::Unsent { .. }
                    | PutError::Leaderless { .. }
                    | PutError::NoBucket { .. }
                    | PutError::Refused { .. },
                ) => {}
                Err(error) => bail!("{error}"),
            }
        }
        match what {
            0 | 1 => drop(model.remove(&(writer, place))),
            _ => drop(model.insert((writer, place), change)),
        }
        done.fetch_add(1, Ordering::Relaxed);
    }
    Ok(model)
}

/// Reads the bucket, all keys with one question.
async fn read(bus: &Bus) -> Result<Lamps> {
    let lamps = bus.key_value::<Lamp>();
    let (mut list, mut keys) = (lamps.keys().await?, Vec::new());
    while let Some(key) = list.next().await {
        keys.push(key?);
    }
    let entries = lamps.get_many(&keys).await?;
    let read = |lamp: Lamp| ((lamp.writer, lamp.place), lamp.change);
    Ok(entries.into_iter().flatten().map(|entry| read(entry.value)).collect())
}

fn differ(one: &str, lamps: &Lamps, other: &str, others: &Lamps) -> Result<()> {
    let only = |a: &Lamps, b: &Lamps| {
        a.iter()
            .find(|(key, change)| b.get(key) != Some(change))
            .map(|(k, c)| format!("{k:?}: {c}"))
    };
    match (only(lamps, others), only(others, lamps)) {
        (None, None) => Ok(()),
        found => bail!("{one} and {other} differ: {found:?}"),
    }
}
