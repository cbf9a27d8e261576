//! Confirmations that never come: the event is sent again with the same id, and stored once.

use std::time::Duration;

use tidings::prelude::*;
use tidings_tests::{Server, eventually};

use super::proxy::Proxy;
use super::{Parcels, Sent, stored};
use crate::{SOON, soon};

const ACK_TIMEOUT: Duration = Duration::from_millis(300);

async fn bus(url: &str) -> Bus {
    let bus = Bus::builder().server(url).ack_timeout(ACK_TIMEOUT).connect().await.unwrap();
    bus.provision::<Parcels>().await.unwrap();
    bus
}

/// The server has stored the event, and its answer is lost with the connection.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_is_lost_is_asked_for_again() {
    let server = Server::start().await;
    let proxy = Proxy::start(&server).await;
    let (bus, client) = (bus(proxy.url()).await, server.client().await);
    assert!(!bus.publish(&Sent { number: 1 }).await.unwrap().duplicate);

    proxy.lose_answers();
    let publishing = tokio::spawn({
        let bus = bus.clone();
        async move { bus.publish(&Sent { number: 2 }).await }
    });
    eventually(SOON, "it is stored", || async { stored(&client).await == 2 }).await;
    assert!(!publishing.is_finished(), "nobody has told it");
    proxy.cut();
    let ack = soon(publishing).await.unwrap().unwrap();
    assert!(ack.duplicate, "the one that was confirmed is not the first: {ack:?}");
    assert_eq!((ack.sequence, stored(&client).await), (2, 2));
}

/// Without an id of its own, an event is the same for as long as one publish of it lasts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_without_id_fields_is_stored_once_too() {
    #[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
    #[event(subject = "parcels.seen", stream = Parcels)]
    struct Seen {
        number: u32,
    }
    let server = Server::start().await;
    let proxy = Proxy::start(&server).await;
    let (bus, client) = (bus(proxy.url()).await, server.client().await);
    proxy.lose_answers();
    let publishing = tokio::spawn(async move { bus.publish(&Seen { number: 1 }).await });
    eventually(SOON, "it is stored", || async { stored(&client).await == 1 }).await;
    proxy.cut();
    assert!(soon(publishing).await.unwrap().unwrap().duplicate);
    assert_eq!(stored(&client).await, 1);
}

/// The server stands still for longer than a confirmation may take, and then takes all at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_stood_still_stores_what_was_repeated_once() {
    let server = Server::start().await;
    let bus = bus(&server.url()).await;
    server.suspend();
    let publishing = tokio::spawn({
        let bus = bus.clone();
        async move { bus.publish_all((1..=100).map(|number| Sent { number })).await }
    });
    tokio::time::sleep(ACK_TIMEOUT * 3).await;
    assert!(!publishing.is_finished());
    server.resume();
    let acks = soon(publishing).await.unwrap().unwrap();
    assert_eq!(acks.len(), 100);
    assert!(acks.iter().all(|ack| ack.duplicate), "the copies are confirmed: {acks:?}");
    assert_eq!(stored(&server.client().await).await, 100);
}
