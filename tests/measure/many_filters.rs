//! Measures what one publish costs in memory while 100, 1,000, 10,000 and 100,000 filters are
//! listened to.
//!
//! Each event is one listener's alone, so that finding it is all that can grow. Every listener is
//! asked at the end whether it has heard its events, and no others.
#![expect(clippy::print_stdout, reason = "its output is what it is for")]

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use futures_util::FutureExt as _;
use tidings::prelude::*;
use tokio::task::coop::unconstrained;

const SIZES: [usize; 4] = [100, 1_000, 10_000, 100_000];
const PUBLISHES: usize = 200_000;
const ROUNDS: usize = 3;

#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "sites.{city}.rooms.{room}.lit")]
struct Lit {
    city: String,
    room: String,
}

/// Publishes to all of them in turn; the best of some rounds, since a machine is seldom alone.
async fn measure(filters: usize) -> Result<Duration> {
    let bus = Bus::in_memory();
    let mut listening = Vec::with_capacity(filters);
    for city in 0..filters {
        // `sites.city-7.rooms.*.lit`
        listening.push(bus.subscribe_to(Lit::filter().city(format!("city-{city}"))).await?);
    }
    let events: Vec<Lit> = (0..filters)
        .map(|city| Lit { city: format!("city-{city}"), room: "hall".to_owned() })
        .collect();
    let publisher = bus.publisher::<Lit>();
    let mut best = Duration::MAX;
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        for event in events.iter().cycle().take(PUBLISHES) {
            publisher.publish(event).await?;
        }
        best = best.min(begun.elapsed());
        for (city, flow) in listening.iter_mut().enumerate() {
            for _ in 0..PUBLISHES / filters + usize::from(city < PUBLISHES % filters) {
                ensure!(flow.next().await.context("the bus is closed")??.city == events[city].city);
            }
            ensure!(unconstrained(flow.next()).now_or_never().is_none(), "city {city}: too many");
        }
    }
    Ok(best / u32::try_from(PUBLISHES)?)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    println!("filters   ns per publish");
    for filters in SIZES {
        println!("{filters:>7}   {:>14}", measure(filters).await?.as_nanos());
    }
    Ok(())
}
