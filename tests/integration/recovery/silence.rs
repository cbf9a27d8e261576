//! A server that says nothing is noticed by its heartbeats, which cost it something with each
//! message: they are asked for when nothing flows.

use futures_util::StreamExt as _;
use serde_json::Value;
use tidings::prelude::*;
use tidings_tests::{Server, listen};
use tokio::time::timeout;

use super::{Book, CONSUMER, Kneaded, Loaves, RECOVERED};

const MANY: u32 = 5_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn heartbeats_are_asked_for_when_nothing_flows() {
    let server = Server::start().await;
    let bus = Bus::connect(server.url()).await.unwrap();
    bus.provision::<Loaves>().await.unwrap();
    bus.publish_all((0..MANY).map(|number| Kneaded { number })).await.unwrap();
    let client = server.client().await;
    let asked = format!("$JS.API.CONSUMER.MSG.NEXT.LOAVES.{CONSUMER}");
    let mut asked = listen(&client, asked).await;

    let book = Book::default();
    let running = Registry::new("bakery").route(book.route()).start(&bus).await.unwrap();
    let mut next = async || {
        let request = timeout(RECOVERED, asked.next()).await.unwrap().unwrap();
        let request: Value = serde_json::from_slice(&request.payload).unwrap();
        assert!(request["expires"].is_u64(), "none is open for ever: {request}");
        request.get("idle_heartbeat").is_none()
    };
    assert!(!next().await, "the first request asks for heartbeats");
    while !next().await {}
    book.wait_for(0..MANY).await;
    while next().await {}

    // It is the same pull still: what comes is handled, as often as before.
    bus.publish(&Kneaded { number: MANY }).await.unwrap();
    book.wait_for(0..MANY + 1).await;
    running.shutdown().await;
    assert_eq!(book.twice(), 0);
}
