//! Choice of the events that go by fast ingest: who listens to their subject sees it.

use std::ops::Range;

use futures_util::StreamExt as _;
use tidings::prelude::*;
use tidings_tests::{Server, listen};

use crate::soon;

#[derive(EventStream)]
#[stream(name = "READINGS", subjects("readings.>"), allow_batch_publish)]
struct Readings;

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "readings.taken", stream = Readings)]
struct Taken {
    number: u32,
}

/// Known again by its number.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "readings.counted", stream = Readings)]
struct Counted {
    #[event(id)]
    number: u32,
}

const MANY: u32 = 10_000;

/// Number of those that are published that go the fast way.
async fn fast<E: Event<Ack = PublishAck>>(
    server: &Server,
    bus: &Bus,
    event: impl Fn(u32) -> E + Send,
) -> usize {
    let client = server.client().await;
    let mut heard = listen(&client, "readings.>").await;
    let numbers: Range<u32> = 0..MANY;
    let acks = soon(bus.publish_all(numbers.map(event))).await.unwrap();
    assert!(acks.windows(2).all(|pair| pair[0].sequence + 1 == pair[1].sequence));
    let mut fast = 0;
    for _ in 0..MANY {
        let message = soon(heard.next()).await.unwrap();
        fast += usize::from(message.reply.unwrap().ends_with(".$FI"));
    }
    fast
}

#[tokio::test]
async fn many_of_a_stream_that_allows_it_go_by_fast_ingest() {
    let server = Server::start().await;
    let bus = Bus::connect(server.url()).await.unwrap();
    bus.provision::<Readings>().await.unwrap();
    // The first says where the stream is, whether it is known how many there are or not.
    assert_eq!(fast(&server, &bus, |number| Taken { number }).await, 9_999);
    // What the stream may have is told apart by an ack of its own.
    assert_eq!(fast(&server, &bus, |number| Counted { number }).await, 0);
}

#[tokio::test]
async fn a_stream_that_does_not_allow_it_has_them_one_by_one() {
    let server = Server::start().await;
    let bus = Bus::connect(server.url()).await.unwrap();
    let mut config = Readings::config();
    config.allow_batch_publish = false;
    bus.apply(bus.plan_stream(&config).await.unwrap()).await.unwrap();
    // It is asked once.
    for asked in [1, 0] {
        assert_eq!(fast(&server, &bus, |number| Taken { number }).await, asked);
    }
}
