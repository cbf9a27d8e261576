//! Streams and consumers move from one server of a cluster to another.

use std::time::Duration;

use async_nats::jetstream::{self, stream};
use tidings::Topology;
use tidings::prelude::*;
use tidings_tests::{Cluster, eventually};

use super::{Book, CONSUMER, Loaves, RECOVERED, publish};

const EVENTS: u32 = 1500;

/// Leaders that step down in turn, under load: nobody dies, and so nothing is lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn leaders_that_step_down_lose_nothing() {
    let cluster = Cluster::start(3).await;
    let client = cluster.client().await;
    let config = stream::Config {
        name: Loaves::NAME.to_owned(),
        subjects: vec!["loaves.>".to_owned()],
        num_replicas: 3,
        duplicate_window: Duration::from_secs(600),
        ..Default::default()
    };
    jetstream::new(client.clone()).create_stream(config).await.unwrap();
    let servers: Vec<String> = cluster.url().split(',').map(ToOwned::to_owned).collect();
    let bus = Bus::builder().servers(servers).connect().await.unwrap();
    let book = Book::default();
    let registry = Registry::new("bakers").streams(Topology::CreateOnly).route(book.route());
    let running = registry.start(&bus).await.unwrap();
    let publishing = tokio::spawn({
        let bus = bus.clone();
        async move { publish(&bus, 0..EVENTS).await }
    });
    let of_consumer = format!("$JS.API.CONSUMER.LEADER.STEPDOWN.{}.{CONSUMER}", Loaves::NAME);
    let of_stream = format!("$JS.API.STREAM.LEADER.STEPDOWN.{}", Loaves::NAME);
    for (round, numbers) in (0..6).map(|round| (round, round * 200..(round + 1) * 200)) {
        book.wait_for(numbers).await;
        let subject = if round % 2 == 0 { &of_consumer } else { &of_stream };
        eventually(RECOVERED, format!("{subject} in round {round}"), || async {
            let answer = client.request(subject.clone(), "".into()).await;
            let answer = answer.map_err(|error| error.to_string())?.payload;
            let text = String::from_utf8_lossy(&answer).into_owned();
            if text.contains("\"success\":true") { Ok(()) } else { Err(text) }
        })
        .await;
    }
    publishing.await.unwrap();
    book.wait_for(0..EVENTS).await;
    let report = running.shutdown().await;
    eprintln!("{} of {EVENTS} handled twice: {report:?}", book.twice());
}
