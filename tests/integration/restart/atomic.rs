//! Batches that are all or nothing, while a server or its answers are lost.

use std::time::Duration;

use async_nats::HeaderMap;
use tidings::prelude::*;
use tidings::{AtomicBatch, AtomicError};
use tidings_tests::{Proxy, Server, eventually};

use crate::{SOON, soon};

const ACK_TIMEOUT: Duration = Duration::from_millis(300);
const EVENTS: u32 = 600;

#[derive(EventStream)]
#[stream(name = "CRATES", subjects("crates.>"), allow_atomic_publish)]
struct Crates;

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "crates.packed", stream = Crates)]
struct Packed {
    #[event(id)]
    number: u32,
    note: String,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "crates.lost", stream = Crates)]
struct Lost {
    number: u32,
}

/// Large enough to be on the way for a while.
fn packed(number: u32) -> Packed {
    Packed { number, note: "x".repeat(500) }
}

async fn bus(url: &str) -> Bus {
    let bus = Bus::builder().server(url).ack_timeout(ACK_TIMEOUT).connect().await.unwrap();
    bus.provision::<Crates>().await.unwrap();
    bus
}

fn batch(bus: &Bus, events: u32) -> AtomicBatch {
    let mut batch = bus.atomic();
    for number in 0..events {
        batch.add(&packed(number)).unwrap();
    }
    batch
}

async fn messages(bus: &Bus) -> u64 {
    bus.stream::<Crates>().state().await.unwrap().messages
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_confirmation_that_is_lost_is_found_again() {
    let server = Server::start().await;
    let proxy = Proxy::start(&server).await;
    let (lossy, direct) = (bus(&proxy.url()).await, bus(&server.url()).await);
    direct.publish(&packed(EVENTS)).await.unwrap();
    // What confirms a batch names it.
    proxy.lose_answers_from("\"batch\":");
    let publishing = tokio::spawn(async move { batch(&lossy, EVENTS).publish().await });
    eventually(SOON, "the answer is lost", || async { proxy.has_lost_answers() }).await;
    assert_eq!(messages(&direct).await, u64::from(EVENTS) + 1);
    assert!(!publishing.is_finished(), "nobody has told it");
    proxy.cut();
    let ack = soon(publishing).await.unwrap().unwrap();
    assert!(!ack.duplicate, "it is this call's own: {ack:?}");
    assert_eq!((ack.first_sequence, ack.last_sequence), (2, u64::from(EVENTS) + 1));
    assert_eq!(messages(&direct).await, u64::from(EVENTS) + 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_killed_in_the_middle_has_stored_nothing() {
    let mut server = Server::start().await;
    let proxy = Proxy::start(&server).await;
    let (lossy, direct) = (bus(&proxy.url()).await, bus(&server.url()).await);
    let mut live = direct.subscribe::<Packed>().await.unwrap();
    proxy.lose_questions_from("Nats-Batch-Sequence: 400\r\n");
    let publishing = tokio::spawn(async move { batch(&lossy, EVENTS).publish().await });
    // The server has some of it.
    for number in 0..50 {
        assert_eq!(soon(live.next()).await.unwrap().unwrap().number, number);
    }
    server.kill();
    server.restart().await;
    soon(async { while direct.stream::<Crates>().state().await.is_err() {} }).await;
    assert_eq!(messages(&direct).await, 0);
    assert!(!publishing.is_finished());
    proxy.cut();
    // All of it is sent again.
    let ack = soon(publishing).await.unwrap().unwrap();
    assert_eq!((ack.first_sequence, ack.last_sequence), (1, u64::from(EVENTS)));
    assert_eq!(messages(&direct).await, u64::from(EVENTS));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_stands_still_begins_nothing() {
    let server = Server::start().await;
    let direct = bus(&server.url()).await;
    let hasty = Bus::builder().server(server.url()).ack_timeout(ACK_TIMEOUT);
    let hasty = hasty.publish_timeout(ACK_TIMEOUT * 3).connect().await.unwrap();
    let batch = batch(&hasty, 10);
    server.suspend();
    let error = soon(batch.publish()).await.unwrap_err();
    assert!(matches!(error, AtomicError::NotBegun { stream: "CRATES", .. }), "{error:?}");
    server.resume();
    assert_eq!(messages(&direct).await, 0);
    assert!(!soon(batch.publish()).await.unwrap().duplicate);
    assert!(soon(batch.publish()).await.unwrap().duplicate);
    assert_eq!(messages(&direct).await, 10);
}

/// Begins a batch as somebody else does, or goes on with it.
async fn begin(client: &async_nats::Client, id: &str, sequence: u32, commit: bool) {
    let mut headers = HeaderMap::new();
    headers.insert("Nats-Batch-Id", id);
    headers.insert("Nats-Batch-Sequence", sequence.to_string().as_str());
    if commit {
        headers.insert("Nats-Batch-Commit", "1");
    }
    let asked = client.request_with_headers("crates.packed", headers, "{}".into());
    soon(asked).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn too_many_batches_at_once_are_waited_for() {
    let server = Server::start().await;
    let direct = bus(&server.url()).await;
    let client = server.client().await;
    for number in 0..50 {
        begin(&client, &format!("b{number}"), 1, false).await;
    }
    let hasty = Bus::builder().server(server.url()).publish_timeout(ACK_TIMEOUT);
    let hasty = hasty.connect().await.unwrap();
    match soon(batch(&hasty, 3).publish()).await.unwrap_err() {
        AtomicError::NotBegun { stream, reason, .. } => {
            assert_eq!(stream, "CRATES");
            assert!(reason.contains("too many"), "{reason}");
        }
        other => panic!("{other:?}"),
    }
    let publishing = tokio::spawn({
        let direct = direct.clone();
        async move { batch(&direct, 3).publish().await }
    });
    begin(&client, "b0", 2, true).await;
    let ack = soon(publishing).await.unwrap().unwrap();
    assert_eq!((ack.first_sequence, ack.last_sequence, ack.duplicate), (3, 5, false));
    assert_eq!(messages(&direct).await, 5, "what was only begun is not stored");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_may_not_be_published_is_named() {
    let server = Server::with_config(
        "authorization { users: [
            { user: owner, password: pw },
            { user: ann, password: pw, permissions: { publish: { deny: [\"crates.lost\"] } } }
        ] }",
    )
    .await;
    let user = |name: &str| Bus::builder().server(server.url()).user_and_password(name, "pw");
    let (ann, owner) =
        (user("ann").connect().await.unwrap(), user("owner").connect().await.unwrap());
    owner.provision::<Crates>().await.unwrap();
    let mut batch = batch(&ann, 2);
    batch.add(&Lost { number: 2 }).unwrap();
    batch.add(&packed(3)).unwrap();
    match soon(batch.publish()).await.unwrap_err() {
        AtomicError::Event { place, source } => {
            assert_eq!(place, 2);
            let denied = matches!(source, tidings::PublishError::Denied { .. });
            assert!(denied, "{source:?}");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(messages(&owner).await, 0);
}
