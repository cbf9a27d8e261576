//! Two versions of a service beside each other, while instances come and go, acks are lost, and
//! consumer and stream are changed, deleted and made again by hand.
//!
//! Every event has to be handled by an instance that knows it, once more at most where something
//! that loses acks happened, and an instance that says it runs has to run.

mod fault;
mod instance;
mod verify;
mod version;

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use async_nats::jetstream;
use tidings::prelude::*;
use tidings_tests::{HUB, Proxy, Server};
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, timeout};

use crate::option::Options;
use fault::Fault;
use instance::Instance;
use tidings_tests::Chance;
use verify::Record;
use version::{Kind, Shop, Version, v2};

/// Number of instances that run; the last of them behind a leaf node.
const MEMBERS: usize = 4;
/// Largest number of events that may be published and not handled yet.
const ON_THE_WAY: usize = 256;
/// Longest time in which nothing may be handled. A message that an instance does not know, and a
/// lost ack, wait for some seconds.
const TIMEOUT: Duration = Duration::from_secs(60);
/// Time until every instance has seen what the others asked of the consumer.
const LOOKED_WITHIN: Duration = Duration::from_secs(12);
/// Number of events that each instance has to handle alone in the end.
const ALONE: u32 = 20;

/// Parts of the ordeal.
struct Mixed {
    begun: Instant,
    hub: Server,
    leaf: Server,
    /// The leaf's only link.
    link: Proxy,
    jetstream: jetstream::Context,
    bus: Bus,
    record: Arc<Record>,
    room: Arc<Semaphore>,
    chance: Chance,
    instances: Vec<Instance>,
}

pub(crate) async fn run(options: &Options) -> Result<()> {
    println!("{options:?}");
    let mut mixed = Mixed::start(options.seed).await?;
    let mut faults = Fault::sequence(&mut mixed.chance, options.kills);
    let places = mixed.chance.places(options.kills, options.events);
    let mut published = 0;
    for at in places {
        mixed.publish(published..at).await?;
        published = at;
        if let Some(fault) = faults.pop() {
            mixed.tell(&format!("{fault:?}"));
            mixed.meet(fault).await.with_context(|| format!("{fault:?}"))?;
        }
    }
    mixed.publish(published..options.events).await?;
    mixed.all_handled(options.events).await?;
    let alone = mixed.each_alone(options.events).await?;
    mixed.end().await?;
    println!("{} events in {:.1?}", options.events + alone, mixed.begun.elapsed());
    mixed.record.close(options.events + alone)
}

impl Mixed {
    async fn start(seed: u64) -> Result<Self> {
        let hub = Server::with_config(HUB).await;
        let link = Proxy::to(hub.leaf_address().await).await;
        let leaf = Server::leaf(link.address()).await;
        let room = Arc::new(Semaphore::new(ON_THE_WAY));
        let mut mixed = Self {
            begun: Instant::now(),
            jetstream: jetstream::new(hub.client().await),
            bus: Bus::connect(hub.url()).await?,
            record: Arc::new(Record::new(Arc::clone(&room))),
            room,
            chance: Chance::new(seed, 0),
            instances: Vec::new(),
            hub,
            leaf,
            link,
        };
        mixed.bus.provision::<Shop>().await?;
        // The old version runs, and the new one is rolled out beside it.
        for place in 0..MEMBERS {
            let version = if place < MEMBERS / 2 { Version::Old } else { Version::New };
            let instance = mixed.instance(place, version).await?;
            mixed.instances.push(instance);
        }
        // An old instance that makes the consumer again keeps the filters that it has seen there.
        sleep(LOOKED_WITHIN).await;
        Ok(mixed)
    }

    /// An instance in this place: the last one is behind the leaf.
    async fn instance(&self, place: usize, version: Version) -> Result<Instance> {
        let server = if place == MEMBERS - 1 { &self.leaf } else { &self.hub };
        Instance::start(server, version, Arc::clone(&self.record)).await
    }

    /// Publishes these events, and never more than may be on the way.
    async fn publish(&self, numbers: std::ops::Range<u32>) -> Result<()> {
        for number in numbers {
            let room = timeout(TIMEOUT, self.room.acquire()).await;
            let room = room.with_context(|| {
                format!("nothing is handled any more: {}", self.record.left(number))
            })?;
            room?.forget();
            self.record.publish(number);
            v2::publish(&self.bus, number, Kind::of(number)).await?;
        }
        Ok(())
    }

    /// Waits until each event below `end` is handled.
    async fn all_handled(&self, end: u32) -> Result<()> {
        let all = timeout(TIMEOUT, self.record.handled(end)).await;
        all.with_context(|| format!("not all is handled: {}", self.record.left(end)))
    }

    /// Lets each instance handle some events while all others are paused: what says that it runs has
    /// to. Gives how many were published.
    async fn each_alone(&mut self, from: u32) -> Result<u32> {
        let mut number = from;
        for place in 0..self.instances.len() {
            for (other, instance) in self.instances.iter().enumerate() {
                instance.pause(other != place)?;
            }
            let instance = &self.instances[place];
            timeout(TIMEOUT, instance.runs()).await.with_context(|| {
                format!("instance {place} does not run again: {:?}", instance.status())
            })?;
            for _ in 0..ALONE {
                self.record.publish(number);
                // Every version knows it.
                v2::publish(&self.bus, number, Kind::Created).await?;
                number += 1;
            }
            self.all_handled(number)
                .await
                .with_context(|| format!("instance {place} runs alone, and does not handle"))?;
        }
        Ok(number - from)
    }

    /// Ends all instances in good order.
    async fn end(&mut self) -> Result<()> {
        for instance in self.instances.drain(..) {
            instance.pause(false)?;
            instance.leave().await?;
        }
        let letters = self.jetstream.get_stream(version::DEAD_LETTERS).await;
        let letters = letters.map_or(0, |stream| stream.cached_info().state.messages);
        ensure!(letters == 0, "{letters} dead letters, and every event is known to somebody");
        Ok(())
    }

    fn tell(&self, what: &str) {
        println!("{:>6.1?} {:>6} handled: {what}", self.begun.elapsed(), self.record.count());
    }
}
