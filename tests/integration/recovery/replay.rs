//! A replay whose consumer is taken away, and what is left of one that is not read any more.

use std::time::Duration;

use async_nats::jetstream;
use futures_util::TryStreamExt as _;
use tidings::Subscription;
use tidings::prelude::*;
use tidings_tests::{Server, eventually};
use tokio::time::timeout;

use super::RECOVERED;

#[derive(EventStream)]
#[stream(name = "OVENS", subjects("ovens.>"))]
struct Ovens;

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "ovens.{number}.heated", stream = Ovens)]
struct Heated {
    number: u32,
    degrees: u32,
}

async fn heat(bus: &Bus, numbers: std::ops::Range<u32>, degrees: u32) {
    for number in numbers {
        bus.publish(&Heated { number, degrees }).await.unwrap();
    }
}

async fn sequences(replay: &mut Subscription<Heated, tidings::Stored>, count: usize) -> Vec<u64> {
    let mut sequences = Vec::new();
    while sequences.len() < count {
        let next = timeout(RECOVERED, replay.next()).await.expect("it goes on");
        sequences.push(next.unwrap().unwrap().sequence());
    }
    sequences
}

/// Deletes all consumers; gives how many there were.
async fn delete_consumers(server: &Server) -> usize {
    let stream = jetstream::new(server.client().await).get_stream(Ovens::NAME).await.unwrap();
    let names: Vec<String> = stream.consumer_names().try_collect().await.unwrap();
    for name in &names {
        stream.delete_consumer(name).await.unwrap();
    }
    names.len()
}

/// The rest of the last messages, and then all that follow: none of those twice, and none of these
/// left out though it was not the last of its subject by then.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_of_each_subject_go_on_with_another_consumer() {
    let server = Server::start().await;
    let bus = Bus::connect(server.url()).await.unwrap();
    bus.provision::<Ovens>().await.unwrap();
    heat(&bus, 0..200, 100).await;
    heat(&bus, 0..200, 200).await;
    let mut replay = bus.replay::<Heated>(DeliverFrom::LastPerSubject).await.unwrap();
    assert_eq!(sequences(&mut replay, 5).await, (201..=205).collect::<Vec<_>>());
    assert_eq!(delete_consumers(&server).await, 1);
    for degrees in [300, 400] {
        heat(&bus, 0..5, degrees).await;
    }
    assert_eq!(sequences(&mut replay, 205).await, (206..=410).collect::<Vec<_>>());
    // And once more, while nothing comes.
    assert_eq!(delete_consumers(&server).await, 1);
    heat(&bus, 0..5, 500).await;
    assert_eq!(sequences(&mut replay, 5).await, (411..=415).collect::<Vec<_>>());
}

/// Consumers that are lost before anything has come.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_follows_is_not_left_out_where_the_first_consumer_was_of_no_use() {
    let server = Server::start().await;
    let bus = Bus::connect(server.url()).await.unwrap();
    bus.provision::<Ovens>().await.unwrap();
    let mut replay = bus.replay::<Heated>(DeliverFrom::LastPerSubject).await.unwrap();
    assert_eq!(delete_consumers(&server).await, 1);
    for degrees in [300, 400, 500] {
        heat(&bus, 0..2, degrees).await;
    }
    assert_eq!(sequences(&mut replay, 6).await, (1..=6).collect::<Vec<_>>());
}

/// A bus that is closed leaves no consumers of its replays, whoever still has them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closed_bus_leaves_no_consumers_of_replays() {
    let server = Server::start().await;
    let [bus, other] =
        [Bus::connect(server.url()).await.unwrap(), Bus::connect(server.url()).await.unwrap()];
    bus.provision::<Ovens>().await.unwrap();
    let mut replays = Vec::new();
    for _ in 0..10 {
        replays.push(bus.replay::<Heated>(DeliverFrom::New).await.unwrap());
    }
    assert_eq!(other.stream::<Ovens>().state().await.unwrap().consumers, 10);
    bus.close().await.unwrap();
    eventually(RECOVERED, "they are gone", || async {
        other.stream::<Ovens>().state().await.unwrap().consumers == 0
    })
    .await;
    for mut replay in replays {
        assert!(timeout(RECOVERED, replay.next()).await.unwrap().is_none());
    }
}

/// More replays than a server has room for consumers, one after the other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_dropped_replays_leave_room_for_the_next() {
    let server = Server::start().await;
    let bus = Bus::connect(server.url()).await.unwrap();
    bus.provision::<Ovens>().await.unwrap();
    for _ in 0..1500 {
        drop(bus.replay::<Heated>(DeliverFrom::New).await.unwrap());
    }
    let other = Bus::connect(server.url()).await.unwrap();
    drop(other.consume::<Heated>("bakers").await.unwrap());
    eventually(RECOVERED, "only the durable one is left", || async {
        other.stream::<Ovens>().state().await.unwrap().consumers == 1
    })
    .await;
}

/// A consumer that begins with the last message of each subject is stuck where one of those is gone, until it
/// is asked again (nats-server 2.15.1).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_durable_goes_on_where_the_last_of_a_subject_is_gone() {
    let server = Server::start().await;
    let bus = Bus::connect(server.url()).await.unwrap();
    bus.provision::<Ovens>().await.unwrap();
    heat(&bus, 0..4, 100).await;
    let stream = jetstream::new(server.client().await).get_stream(Ovens::NAME).await.unwrap();
    let config = jetstream::consumer::pull::Config {
        durable_name: Some("bakers".to_owned()),
        filter_subject: "ovens.*.heated".to_owned(),
        deliver_policy: jetstream::consumer::DeliverPolicy::LastPerSubject,
        ..Default::default()
    };
    stream.create_consumer(config).await.unwrap();
    stream.delete_message(1).await.unwrap();
    let mut work = bus.consume::<Heated>("bakers").from(DeliverFrom::LastPerSubject).await.unwrap();
    // A request would be asked anew after 30 s.
    let within = Duration::from_secs(20);
    for sequence in 2..=4 {
        let next = timeout(within, work.next()).await.expect("it goes on").unwrap().unwrap();
        assert_eq!(next.sequence(), sequence);
        next.ack_confirmed().await.unwrap();
    }
}
