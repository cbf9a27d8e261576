//! The consumer is deleted under load, or replaced by one that is somebody else's.

use std::time::Duration;

use async_nats::jetstream::{self, consumer, stream};
use tidings::prelude::*;
use tidings::{RouteState, Topology};
use tidings_tests::{Server, eventually};
use tokio::time::sleep;

use super::{Book, Burnt, CONSUMER, Loaves, RECOVERED, publish};

/// A consumer that is made again goes on behind what is settled: nothing is lost, and nothing is
/// handled twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_is_deleted_again_and_again_loses_nothing() {
    let server = Server::start().await;
    let bus = Bus::connect(server.url()).await.unwrap();
    let book = Book::default();
    let registry = Registry::new("bakers").route(book.route());
    let running = registry.start(&bus).await.unwrap();
    let publishing = tokio::spawn({
        let bus = bus.clone();
        async move { publish(&bus, 0..2000).await }
    });
    for numbers in [0..300, 300..900, 900..1400] {
        book.wait_for(numbers).await;
        // Where more were handled than waited for, it may not have come back yet.
        eventually(RECOVERED, "it is there, and deleted", async || {
            let deleted = bus.stream::<Loaves>().delete_consumer(CONSUMER).await;
            deleted.map_err(|error| error.to_string())
        })
        .await;
    }
    publishing.await.unwrap();
    book.wait_for(0..2000).await;
    running.shutdown().await;
    assert_eq!(book.twice(), 0);
}

/// Two instances know their parts, and the server what both have settled: what was handled just
/// before the consumer went may be handled again, and nothing else.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_two_instances_goes_on_behind_what_both_have_settled() {
    let server = Server::start().await;
    let [bus, other] =
        [Bus::connect(server.url()).await.unwrap(), Bus::connect(server.url()).await.unwrap()];
    let book = Book::default();
    let registry = || Registry::new("bakers").route(book.route().prefetch(4));
    let (one, two) =
        (registry().start(&bus).await.unwrap(), registry().start(&other).await.unwrap());
    publish(&bus, 0..2000).await;
    book.wait_for(0..2000).await;
    eventually(RECOVERED, "all of them are settled", || async {
        let state = bus.stream::<Loaves>().consumer_state(CONSUMER).await;
        let left = state.map_err(|error| error.to_string())?.ack_pending;
        if left == 0 { Ok(()) } else { Err(left.to_string()) }
    })
    .await;
    // In two seconds each has asked the server, which it does at once while it does not know all.
    sleep(Duration::from_secs(2)).await;
    bus.stream::<Loaves>().delete_consumer(CONSUMER).await.unwrap();
    publish(&bus, 2000..2100).await;
    book.wait_for(0..2100).await;
    let reports = [one.shutdown().await, two.shutdown().await];
    assert_eq!(book.twice(), 0, "{reports:?}");
}

/// A consumer that somebody sets forward by hand is not overruled when it is lost later.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_was_set_forward_by_hand_stays_there() {
    let server = Server::start().await;
    let bus = Bus::connect(server.url()).await.unwrap();
    let book = Book::default();
    let registry = || Registry::new("bakers").route(book.route());
    let running = registry().start(&bus).await.unwrap();
    publish(&bus, 0..10).await;
    book.wait_for(0..10).await;
    running.shutdown().await;
    publish(&bus, 10..20).await;
    let reset = format!("$JS.API.CONSUMER.RESET.{}.{CONSUMER}", Loaves::NAME);
    let answer = server.client().await.request(reset, r#"{"seq":16}"#.into()).await.unwrap();
    let answer = String::from_utf8_lossy(&answer.payload).into_owned();
    assert!(answer.contains("reset_seq"), "{answer}");
    let running = registry().start(&bus).await.unwrap();
    book.wait_for(15..20).await;
    bus.stream::<Loaves>().delete_consumer(CONSUMER).await.unwrap();
    publish(&bus, 20..30).await;
    book.wait_for(20..30).await;
    running.shutdown().await;
    let handled: Vec<u32> = book.0.lock().unwrap().keys().copied().collect();
    assert_eq!(handled, (0..10).chain(15..30).collect::<Vec<_>>());
    assert_eq!(book.twice(), 0);
}

/// Somebody else makes it, with another filter. Returns its stream, once events of both kinds were
/// published.
async fn replaced(server: &Server, bus: &Bus) -> stream::Stream {
    let stream = jetstream::new(server.client().await).get_stream(Loaves::NAME).await.unwrap();
    let others = consumer::pull::Config {
        durable_name: Some(CONSUMER.to_owned()),
        filter_subject: "loaves.burnt".to_owned(),
        ..Default::default()
    };
    // The route makes it again as soon as it is gone: whoever is first.
    eventually(RECOVERED, "it is somebody else's", || async {
        let _ = stream.delete_consumer(CONSUMER).await;
        stream.create_consumer(others.clone()).await.map_err(|error| error.to_string())
    })
    .await;
    for number in 0..5 {
        bus.publish(&Burnt { why: number.to_string() }).await.unwrap();
    }
    publish(bus, 10..20).await;
    stream
}

/// A consumer is this program's alone where it manages it: it is put right, and read then.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_is_made_by_somebody_else_is_put_right() {
    let server = Server::start().await;
    let bus = Bus::connect(server.url()).await.unwrap();
    let book = Book::default();
    let running = Registry::new("bakers").route(book.route()).start(&bus).await.unwrap();
    publish(&bus, 0..10).await;
    book.wait_for(0..10).await;
    replaced(&server, &bus).await;
    book.wait_for(10..20).await;
    let report = running.shutdown().await;
    assert_eq!(report[0].undecodable, 0, "what is not ours is not taken: {report:?}");
}

/// A consumer of somebody else, which must not be changed, is not read: its messages are neither
/// handled nor given up. When it is as it should be, the route goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_is_somebody_elses_is_not_read() {
    let server = Server::start().await;
    let bus = Bus::connect(server.url()).await.unwrap();
    let book = Book::default();
    let registry = Registry::new("bakers").consumers(Topology::CreateOnly).route(book.route());
    let running = registry.start(&bus).await.unwrap();
    publish(&bus, 0..10).await;
    book.wait_for(0..10).await;
    let stream = replaced(&server, &bus).await;
    let asked = async || server.monitor("/jsz").await["api"]["total"].as_u64().unwrap();
    let before = asked().await;
    eventually(RECOVERED, "it is looked at again and again", async || {
        let asked = asked().await;
        if asked > before + 4 { Ok(()) } else { Err((before, asked)) }
    })
    .await;
    let info = stream.consumer_info(CONSUMER).await.unwrap();
    assert_eq!(info.config.filter_subject, "loaves.burnt", "it is left as it is");
    assert_eq!(info.delivered.consumer_sequence, 0, "what is not ours is not taken: {info:?}");
    assert_eq!(running.report()[0].undecodable, 0);
    let state = running.status().remove(0).state;
    assert!(
        matches!(&state, RouteState::Failing { error, .. } if error.contains("loaves.burnt")),
        "{state:?}"
    );

    stream.delete_consumer(CONSUMER).await.unwrap();
    book.wait_for(10..20).await;
    assert_eq!(running.status()[0].state, RouteState::Running);
    running.shutdown().await;
}
