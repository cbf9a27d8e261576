//! Fast ingest, while the server, its leader or its answers are lost.

use std::collections::HashSet;
use std::time::Duration;

use tidings::PublishAllError;
use tidings::prelude::*;
use tidings_tests::{Cluster, Proxy, Server, eventually};
use tokio::task::JoinHandle;

use crate::{SOON, soon};

const MANY: u64 = 60_000;
const BY_AND_BY: Duration = Duration::from_secs(60);

#[derive(EventStream)]
#[stream(name = "READINGS", subjects("readings.>"), allow_batch_publish)]
struct Readings;

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "readings.taken", stream = Readings)]
struct Taken {
    number: u64,
}

type Publishing = JoinHandle<Result<Vec<PublishAck>, PublishAllError<PublishAck>>>;

fn publish(bus: &Bus, numbers: std::ops::Range<u64>) -> Publishing {
    let bus = bus.clone();
    tokio::spawn(async move { bus.publish_all(numbers.map(|number| Taken { number })).await })
}

async fn messages(bus: &Bus) -> u64 {
    bus.stream::<Readings>().state().await.map_or(0, |state| state.messages)
}

async fn more_than(bus: &Bus, count: u64) {
    eventually(SOON, "some to be stored", || async { messages(bus).await > count }).await;
}

/// Asserts that each event is stored once, and is where its ack says.
async fn check(bus: &Bus, publishing: Publishing) {
    let acks = tokio::time::timeout(BY_AND_BY, publishing).await.expect("it ends").unwrap();
    let acks = acks.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(acks.len() as u64, MANY);
    // A cluster may still be electing who answers these.
    let state = || async { bus.stream::<Readings>().state().await };
    assert_eq!(eventually(BY_AND_BY, "the stream", state).await.messages, MANY);
    let replay = || async { bus.replay::<Taken>(DeliverFrom::Beginning).await };
    let mut replay = eventually(BY_AND_BY, "a replay", replay).await;
    let mut seen = HashSet::new();
    for _ in 0..MANY {
        let delivery = soon(replay.next()).await.unwrap().unwrap();
        assert!(seen.insert(delivery.number), "{} twice", delivery.number);
        let ack = &acks[usize::try_from(delivery.number).unwrap()];
        assert_eq!(ack.sequence, delivery.sequence(), "{}", delivery.number);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_killed_has_each_once() {
    let mut server = Server::start().await;
    let (bus, other) =
        (Bus::connect(server.url()).await.unwrap(), Bus::connect(server.url()).await.unwrap());
    bus.provision::<Readings>().await.unwrap();
    let publishing = publish(&bus, 0..MANY);
    more_than(&other, 5000).await;
    server.restart().await;
    check(&other, publishing).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_that_are_lost_are_asked_for_again() {
    let server = Server::start().await;
    let proxy = Proxy::start(&server).await;
    let (bus, direct) =
        (Bus::connect(proxy.url()).await.unwrap(), Bus::connect(server.url()).await.unwrap());
    bus.provision::<Readings>().await.unwrap();
    let publishing = publish(&bus, 0..MANY);
    more_than(&direct, 5000).await;
    proxy.lose_answers();
    eventually(SOON, "an answer is lost", || async { proxy.has_lost_answers() }).await;
    assert!(!publishing.is_finished());
    proxy.cut();
    check(&direct, publishing).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_lost_on_the_way_is_sent_again() {
    let server = Server::start().await;
    let proxy = Proxy::start(&server).await;
    let (bus, direct) =
        (Bus::connect(proxy.url()).await.unwrap(), Bus::connect(server.url()).await.unwrap());
    bus.provision::<Readings>().await.unwrap();
    let publishing = publish(&bus, 0..MANY);
    more_than(&direct, 5000).await;
    proxy.lose_questions();
    eventually(SOON, "something is lost", || async { !proxy.lost_questions().is_empty() }).await;
    proxy.cut();
    check(&direct, publishing).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_stands_still_is_waited_for() {
    let server = Server::start().await;
    let (bus, other) =
        (Bus::connect(server.url()).await.unwrap(), Bus::connect(server.url()).await.unwrap());
    bus.provision::<Readings>().await.unwrap();
    let mut publishing = publish(&bus, 0..MANY);
    more_than(&other, 5000).await;
    server.suspend();
    let early = tokio::time::timeout(Duration::from_secs(3), &mut publishing).await;
    assert!(early.is_err(), "nobody has confirmed it");
    server.resume();
    check(&other, publishing).await;
}

/// The index of the server that leads the stream.
async fn leader(cluster: &Cluster) -> usize {
    let context = async_nats::jetstream::new(cluster.client().await);
    let mut stream = context.get_stream("READINGS").await.unwrap();
    let info = stream.info().await.unwrap();
    let name = info.cluster.as_ref().and_then(|group| group.leader.clone()).unwrap();
    (0..3).find(|index| cluster.server(*index).name() == name).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leader_that_is_killed_is_followed_by_another() {
    let mut cluster = Cluster::start(3).await;
    // Electing a leader takes up to nine seconds.
    let bus = Bus::builder().servers(cluster.url().split(','));
    let bus = bus.publish_timeout(Duration::from_secs(30)).connect().await.unwrap();
    let mut config = Readings::config();
    config.replicas = 3;
    bus.apply(bus.plan_stream(&config).await.unwrap()).await.unwrap();
    let publishing = publish(&bus, 0..MANY);
    more_than(&bus, 3000).await;
    let leader = leader(&cluster).await;
    cluster.kill(leader);
    check(&bus, publishing).await;
}
