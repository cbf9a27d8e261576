//! Publishing all events, and what became of each.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result};
use tidings::prelude::*;
use tidings::{PublishAck, PublishError};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::event::{Begun, Fate, Scrawled};
use crate::option::Options;

const TASKS: usize = 48;
/// Number of events of which one is published with a short timeout, so that some end unconfirmed.
const SHORT_EVERY: u32 = 4;
const SHORT_TIMEOUT: Duration = Duration::from_millis(300);

/// Outcomes of publishing, by the number of the event.
#[derive(Debug, Default)]
pub(crate) struct Published {
    pub(crate) acked: BTreeSet<u32>,
    /// Events that may be stored.
    pub(crate) unconfirmed: BTreeSet<u32>,
    /// Events that are not stored, and the error of each.
    pub(crate) unsent: BTreeMap<u32, String>,
    /// Acked, and was stored before by an earlier try of the same publish.
    pub(crate) repeated: usize,
}

/// Publishes all events. A legible one is published when there is room for it: a permit, which
/// whoever hears of it gives back.
pub(crate) async fn publish(
    url: &str,
    options: &Options,
    room: Arc<Semaphore>,
) -> Result<Published> {
    let connect = || Bus::builder().servers(url.split(','));
    let long = connect().publish_timeout(Duration::from_secs(30)).connect().await?;
    let short =
        connect().publish_timeout(SHORT_TIMEOUT).ack_timeout(SHORT_TIMEOUT / 3).connect().await?;
    let next = Arc::new(AtomicU32::new(0));
    let mut tasks = JoinSet::new();
    for _ in 0..TASKS {
        let (long, short, next) = (long.clone(), short.clone(), Arc::clone(&next));
        let (room, options) = (Arc::clone(&room), options.clone());
        tasks.spawn(async move {
            let mut published = Published::default();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= options.events {
                    return Ok(published);
                }
                let fate = Fate::of(options.seed, number);
                if fate.is_legible() {
                    room.acquire().await?.forget();
                }
                let bus = if number % SHORT_EVERY == 0 { &short } else { &long };
                let acked = published.enter(number, publish_one(bus, number, fate).await)?;
                if fate.is_legible() && !acked {
                    room.add_permits(1);
                }
            }
        });
    }
    let mut all = Published::default();
    while let Some(published) = tasks.join_next().await {
        let published: Result<Published> = published?;
        all.append(published?);
    }
    Ok(all)
}

async fn publish_one(bus: &Bus, number: u32, fate: Fate) -> Result<PublishAck, PublishError> {
    if fate.is_legible() {
        bus.publish(&Begun { number, fate }).await
    } else {
        bus.publish(&Scrawled { number, fate: "?".to_owned() }).await
    }
}

impl Published {
    /// Enters an outcome. Returns `true` if the event is acked.
    fn enter(&mut self, number: u32, outcome: Result<PublishAck, PublishError>) -> Result<bool> {
        match outcome {
            Ok(ack) => {
                self.acked.insert(number);
                self.repeated += usize::from(ack.duplicate);
                return Ok(true);
            }
            Err(PublishError::Unconfirmed { .. }) => {
                self.unconfirmed.insert(number);
            }
            // The server said no, in an election or while it starts, until the time was up.
            Err(
                error @ (PublishError::Unsent { .. }
                | PublishError::Leaderless { .. }
                | PublishError::Refused { .. }),
            ) => {
                self.unsent.insert(number, error.to_string());
            }
            Err(error) => return Err(error).with_context(|| format!("event {number}")),
        }
        Ok(false)
    }

    fn append(&mut self, mut other: Self) {
        self.acked.append(&mut other.acked);
        self.unconfirmed.append(&mut other.unconfirmed);
        self.unsent.append(&mut other.unsent);
        self.repeated += other.repeated;
    }
}
