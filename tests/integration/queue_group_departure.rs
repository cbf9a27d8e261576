//! Members of a queue group that come and go in good order lose nothing, however busy it is.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tidings::prelude::*;
use tidings::{RouteReport, Running};
use tidings_tests::{Cluster, Server};
use tokio::sync::mpsc;

use crate::SOON;

#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "meters.{meter}.read")]
struct Read {
    meter: u32,
    number: u64,
}

/// A number from 0 to below `bound`, the same ones for each run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
        (self.0 >> 33) % bound
    }
}

async fn join(url: &str, heard: &mpsc::UnboundedSender<u64>) -> Running {
    let bus = Bus::connect(url).await.unwrap();
    let heard = heard.clone();
    let handler = move |read: Read, _: Context| {
        let heard = heard.clone();
        async move {
            heard.send(read.number)?;
            Ok(())
        }
    };
    Registry::new("meters").handle::<Read>(handler).start(&bus).await.unwrap()
}

/// Least number of members that leave, also where the machine is busy with other things.
const DEPARTURES: u64 = 20;

/// Publishes `count` events or more while the three members of a group are replaced one after the
/// other, without a pause; gives how often each arrived, and how many were published.
async fn come_and_go(
    urls: &[String],
    publish_at: &str,
    count: u64,
    seed: u64,
) -> (HashMap<u64, u64>, Vec<RouteReport>, u64) {
    let (heard, mut hearing) = mpsc::unbounded_channel();
    let mut members = Vec::new();
    for place in 0..3 {
        members.push(join(&urls[place % urls.len()], &heard).await);
    }
    let bus = Bus::connect(publish_at).await.unwrap();
    let departures = Arc::new(AtomicU64::new(0));
    let publishing = tokio::spawn({
        let departures = Arc::clone(&departures);
        async move {
            let mut number = 0;
            while number < count || departures.load(Ordering::Relaxed) < DEPARTURES {
                bus.publish(&Read { meter: 1, number }).await.unwrap();
                number += 1;
                if number % 1024 == 0 {
                    bus.flush().await.unwrap();
                }
            }
            bus.flush().await.unwrap();
            number
        }
    });
    let (mut dice, mut reports) = (Dice(seed), Vec::new());
    let mut place = 0;
    while !publishing.is_finished() {
        members.push(join(&urls[place % urls.len()], &heard).await);
        place += 1;
        let leaving =
            members.swap_remove(usize::try_from(dice.roll(members.len() as u64)).unwrap());
        reports.extend(leaving.shutdown_within(SOON).await);
        departures.fetch_add(1, Ordering::Relaxed);
    }
    let published = publishing.await.unwrap();
    for member in members {
        reports.extend(member.shutdown_within(SOON).await);
    }
    drop(heard);
    let mut times = HashMap::new();
    while let Some(number) = hearing.recv().await {
        *times.entry(number).or_default() += 1;
    }
    (times, reports, published)
}

fn account(times: &HashMap<u64, u64>, reports: &[RouteReport], count: u64) {
    let missing: Vec<u64> = (0..count).filter(|number| !times.contains_key(number)).collect();
    assert!(missing.is_empty(), "{} lost, such as {:?}", missing.len(), missing.first());
    assert!(times.values().all(|times| *times == 1), "none came twice");
    assert_eq!(reports.iter().map(|report| report.handled).sum::<u64>(), count);
    assert!(reports.iter().all(|report| (report.left, report.dropped) == (0, 0)), "{reports:?}");
}

/// Number of events; `TIDINGS_DEPARTURES` asks for more of them.
fn count() -> u64 {
    std::env::var("TIDINGS_DEPARTURES").map_or(30_000, |text| text.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn members_come_and_go_and_nothing_is_lost() {
    let count = count();
    let server = Server::start().await;
    let (times, reports, published) = come_and_go(&[server.url()], &server.url(), count, 7).await;
    account(&times, &reports, published);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn members_come_and_go_on_all_servers_of_a_cluster() {
    let count = count();
    let cluster = Cluster::start(3).await;
    let urls: Vec<String> = (0..3).map(|index| cluster.server(index).url()).collect();
    let (times, reports, published) = come_and_go(&urls, &urls[0], count, 7).await;
    account(&times, &reports, published);
}
