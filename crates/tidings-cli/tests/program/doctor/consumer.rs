//! Consumers as `tidings doctor` looks at them: how they are declared, and how they do.

use async_nats::jetstream::{AckKind, consumer::pull::Config};
use futures_util::StreamExt as _;
use serde_json::{Value, json};
use tidings::Message as _;
use tidings::contract::{Catalog, DeliverPolicy, DurableConsumer, Handled, Kind, Service};
use tidings_tests::{Cluster, Server, eventually};

use super::super::{OrderCreated, SOON, said, tempfile};
use super::examined;

/// The lines about consumers, and what mends each.
fn consumers(lines: &[Value]) -> Vec<(&str, &str, &str)> {
    let all = lines.iter().filter(|line| line["about"] == "consumer");
    all.map(|line| {
        let text = |key: &str| line[key].as_str().unwrap_or_default();
        (text("status"), text("text"), text("mend"))
    })
    .collect()
}

/// Makes a consumer of the stream `ORDERS` as the server's own API takes it.
async fn make(client: &async_nats::Client, name: &str, config: Value) {
    let mut all = json!({
        "durable_name": name, "ack_policy": "explicit", "deliver_policy": "all",
        "ack_wait": 30_000_000_000_u64, "max_deliver": -1, "filter_subject": "orders.*.created",
    });
    for (key, value) in config.as_object().unwrap() {
        all[key] = value.clone();
    }
    let subject = format!("$JS.API.CONSUMER.DURABLE.CREATE.ORDERS.{name}");
    let request = json!({"stream_name": "ORDERS", "config": all}).to_string();
    let made: Value =
        serde_json::from_slice(&client.request(subject, request.into()).await.unwrap().payload)
            .unwrap();
    assert!(made["error"].is_null(), "{made}");
}

/// A catalog in which each of these consumers has a service.
fn catalog(declared: impl IntoIterator<Item = DurableConsumer>) -> Catalog {
    let mut catalog = Catalog::of(OrderCreated::descriptors()).unwrap();
    for consumer in declared {
        let handled = Handled::new(Kind::Event, "orders.created", 1, "orders.*.created");
        let service = Service::new(format!("{}-service", consumer.name));
        catalog.add_service(service.handles(handled.consumer(consumer))).unwrap();
    }
    catalog
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn waits_acks_and_bounds_are_compared_with_those_declared() {
    let server = Server::start().await;
    let folder = tempfile(&server);
    let mut waits = DurableConsumer::new("waits", "ORDERS");
    waits.backoff_ms = vec![1_000, 5_000];
    let mut bounded = DurableConsumer::new("bounded", "ORDERS");
    bounded.max_ack_pending = Some(5);
    let mut new = DurableConsumer::new("new", "ORDERS");
    new.deliver_policy = DeliverPolicy::New;
    let declared = [waits, bounded, DurableConsumer::new("acks", "ORDERS"), new];
    catalog(declared).write_to(&folder).unwrap();
    let schemas = ["--schemas", folder.to_str().unwrap()];
    said(&server, &[&["stream", "apply"], &schemas[..]].concat()).await;
    let client = server.client().await;
    let backoff = json!({"backoff": [1_000_000_000_u64, 2_000_000_000_u64], "max_deliver": 3});
    make(&client, "waits", backoff).await;
    make(&client, "bounded", json!({"max_ack_pending": 7})).await;
    make(&client, "acks", json!({"ack_policy": "all"})).await;
    make(&client, "new", json!({"deliver_policy": "new"})).await;

    let (code, lines) = examined(&server, &schemas).await;
    assert_eq!(code, Some(0), "{lines:?}");
    let again = |service: &str| {
        format!("start {service} with a topology that may change it, or write the contracts again")
    };
    let found = consumers(&lines);
    for (text, service) in [
        ("ORDERS/acks: its ack policy is all, and explicit is declared", "acks-service"),
        ("ORDERS/bounded: how many may be unsettled is 7, and 5 is declared", "bounded-service"),
        (
            "ORDERS/waits: its backoff is [1000, 2000] ms, and [1000, 5000] ms is declared",
            "waits-service",
        ),
        ("ORDERS/waits: how often it delivers is 3, and no bound is declared", "waits-service"),
    ] {
        let (status, mend) = ("warn", again(service));
        assert!(found.contains(&(status, text, mend.as_str())), "{text}: {found:#?}");
    }
    assert_eq!(found.iter().filter(|(status, ..)| *status == "warn").count(), 4, "{found:#?}");
    std::fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_consumer_that_gives_again_stands_still_or_is_paused_is_told() {
    let server = Server::start().await;
    let folder = tempfile(&server);
    let names = ["failing", "full", "paused"];
    catalog(names.map(|name| DurableConsumer::new(name, "ORDERS"))).write_to(&folder).unwrap();
    let schemas = ["--schemas", folder.to_str().unwrap()];
    said(&server, &[&["stream", "apply"], &schemas[..]].concat()).await;
    let client = server.client().await;
    make(&client, "failing", json!({})).await;
    make(&client, "full", json!({"max_ack_pending": 2})).await;
    make(&client, "paused", json!({"pause_until": "2100-01-01T00:00:00Z"})).await;
    let jetstream = async_nats::jetstream::new(client);
    for _ in 0..3 {
        jetstream.publish("orders.eu.created", "{}".into()).await.unwrap().await.unwrap();
    }
    let stream = jetstream.get_stream("ORDERS").await.unwrap();
    let full = stream.get_consumer::<Config>("full").await.unwrap();
    let mut batch = full.batch().max_messages(2).expires(SOON).messages().await.unwrap();
    for _ in 0..2 {
        batch.next().await.unwrap().unwrap();
    }
    let failing = stream.get_consumer::<Config>("failing").await.unwrap();
    // Two that failed come again, before the third or behind it.
    for (count, fail) in [(2, true), (3, false)] {
        let batch = failing.batch().max_messages(count).expires(SOON).messages();
        let mut batch = batch.await.unwrap();
        for _ in 0..count {
            let message = batch.next().await.unwrap().unwrap();
            if fail {
                message.ack_with(AckKind::Nak(None)).await.unwrap();
            }
        }
    }
    let few = [&schemas[..], &["--most-redelivered", "1"]].concat();
    let expected = [
        (
            "ORDERS/failing: 0 waiting, 3 unsettled, 2 delivered again: more than 1 came again",
            "see why its handlers fail, or are slower than the ack wait",
        ),
        (
            "ORDERS/full: 1 waiting, 2 unsettled, 0 delivered again, as many unsettled as may be: \
             it delivers no more",
            "see what its handlers wait for, or raise max_ack_pending",
        ),
        (
            "ORDERS/paused: 3 waiting, 0 unsettled, 0 delivered again, paused",
            "resume it, if it is not so on purpose",
        ),
    ];
    let found = || async { examined(&server, &few).await.1 };
    eventually(SOON, "each is told", || async {
        let lines = found().await;
        let found = consumers(&lines);
        let are_told = expected.iter().all(|(text, mend)| found.contains(&("warn", *text, *mend)));
        if are_told { Ok(()) } else { Err(format!("{found:#?}")) }
    })
    .await;
    let (_, lines) = examined(&server, &schemas).await;
    let fine =
        consumers(&lines).into_iter().find(|(_, text, _)| text.starts_with("ORDERS/failing"));
    assert_eq!(fine.map(|(status, ..)| status), Some("ok"), "{lines:?}");
    std::fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_whose_server_is_away_is_told() {
    let mut cluster = Cluster::start(3).await;
    let folder = tempfile(cluster.server(0));
    catalog([DurableConsumer::new("shop", "ORDERS")]).write_to(&folder).unwrap();
    let schemas = ["--schemas", folder.to_str().unwrap()];
    let client = cluster.server(0).client().await;
    let jetstream = async_nats::jetstream::new(client.clone());
    let config = async_nats::jetstream::stream::Config {
        name: "ORDERS".to_owned(),
        subjects: vec!["orders.>".to_owned()],
        num_replicas: 3,
        ..Default::default()
    };
    jetstream.create_stream(config).await.unwrap();
    make(&client, "shop", json!({"num_replicas": 3})).await;
    let (_, lines) = examined(cluster.server(0), &schemas).await;
    let found = consumers(&lines);
    assert!(matches!(found[..], [("ok", ..)]), "{found:#?}");

    cluster.server_mut(2).stop().await;
    eventually(6 * SOON, "the replica is missed", || async {
        let (_, lines) = examined(cluster.server(0), &schemas).await;
        let missed = (
            "warn",
            "ORDERS/shop: 2 replicas of 3 are there",
            "see which server of the cluster is away",
        );
        consumers(&lines).contains(&missed)
    })
    .await;
    std::fs::remove_dir_all(&folder).unwrap();
}
