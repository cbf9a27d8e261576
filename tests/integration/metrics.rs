//! Figures of a bus: what it sends, by every way there is, and its connection.

use std::time::Duration;

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tidings::prelude::*;
use tidings::{PublishError, RequestError, StreamState};
use tidings_tests::{Server, eventually};
use tokio::sync::{Semaphore, mpsc};

use crate::{SOON, soon};

#[derive(EventStream)]
#[stream(name = "PARCELS", subjects("parcels.>"), allow_atomic_publish)]
struct Parcels;

#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "parcels.{place}.sent", stream = Parcels, id = "{number}")]
struct Sent {
    place: String,
    number: u32,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "weights.measured")]
struct Measured {
    grams: u32,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema, Request)]
#[request(subject = "weights.ask", reply = u32)]
struct Weigh {
    number: u32,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema, Request)]
#[request(subject = "weights.ask_nobody", reply = u32)]
struct Unheard {
    number: u32,
}

fn sent(number: u32) -> Sent {
    Sent { place: "kiel".to_owned(), number }
}

/// A value of the scrape: of the line with this name and all of these labels.
fn value(scrape: &PrometheusHandle, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
    let labels: Vec<_> = labels.iter().map(|(name, value)| format!("{name}=\"{value}\"")).collect();
    let text = scrape.render();
    let line = text.lines().find(|line| {
        line.starts_with(&format!("{name}{{")) && labels.iter().all(|label| line.contains(label))
    });
    line?.rsplit(' ').next()?.parse().ok()
}

const PARCEL: (&str, &str) = ("messaging_destination_template", "parcels.{place}.sent");
const WEIGHT: (&str, &str) = ("messaging_destination_template", "weights.measured");
const RECORD: (&str, &str) = ("messaging_operation_name", "publish_record");
const ASKED: (&str, &str) = ("messaging_destination_template", "weights.ask");
const UNHEARD: (&str, &str) = ("messaging_destination_template", "weights.ask_nobody");

async fn every_way_of_sending_counts(bus: &Bus, scrape: &PrometheusHandle) {
    let count = |message, outcome| {
        let labels = [message, ("tidings_outcome", outcome)];
        value(scrape, "messaging_client_sent_messages_total", &labels)
    };
    bus.provision::<Parcels>().await.unwrap();
    bus.publish(&sent(1)).await.unwrap();
    assert_eq!((count(PARCEL, "stored"), count(PARCEL, "duplicate")), (Some(1.0), Some(0.0)));
    bus.publish(&sent(1)).await.unwrap();
    bus.message(&sent(2)).header("tenant", "acme").publish().await.unwrap();
    bus.publisher().publish(&sent(3)).await.unwrap();
    bus.publish_all((4..8).map(sent)).await.unwrap();
    let mut batch = bus.atomic();
    for number in 8..10 {
        batch.add(&sent(number)).unwrap();
    }
    batch.publish().await.unwrap();
    batch.publish().await.unwrap();
    assert_eq!((count(PARCEL, "stored"), count(PARCEL, "duplicate")), (Some(9.0), Some(3.0)));
    let stored = bus.stream::<Parcels>().state().await.unwrap();
    assert!(matches!(stored, StreamState { messages: 9, .. }), "{stored:?}");
    // One that was refused, and one that nobody waited for.
    let late = bus.message(&sent(10)).expected_last_sequence(1).publish().await;
    assert!(matches!(late, Err(PublishError::Conflict { .. })), "{late:?}");
    let labels = [PARCEL, ("tidings_outcome", "failed"), ("error_type", "conflict")];
    assert_eq!(value(scrape, "messaging_client_sent_messages_total", &labels), Some(1.0));

    let records = [8, 20].map(|number| bus.message(&sent(number)).record().unwrap());
    bus.publish_records(records).await.into_iter().for_each(|outcome| drop(outcome.unwrap()));
    assert_eq!((count(RECORD, "stored"), count(RECORD, "duplicate")), (Some(1.0), Some(1.0)));

    bus.publish(&Measured { grams: 1 }).await.unwrap();
    bus.publish_all([Measured { grams: 2 }, Measured { grams: 3 }]).await.unwrap();
    assert_eq!(count(WEIGHT, "sent"), Some(3.0));

    let (begun, mut begins) = mpsc::unbounded_channel();
    let gate = std::sync::Arc::new(Semaphore::new(0));
    let held = std::sync::Arc::clone(&gate);
    let weigh = move |asked: Weigh, cx: Context| {
        let (begun, held) = (begun.clone(), std::sync::Arc::clone(&held));
        async move {
            begun.send(()).unwrap();
            cx.publish(&Measured { grams: asked.number }).await.unwrap();
            if asked.number == 0 {
                held.acquire().await.unwrap().forget();
            }
            Ok(asked.number)
        }
    };
    let running = Registry::new("scales").handle::<Weigh>(weigh).start(bus).await.unwrap();
    assert_eq!(bus.request(&Weigh { number: 5 }).await.unwrap(), 5);
    assert_eq!((count(ASKED, "replied"), count(WEIGHT, "sent")), (Some(1.0), Some(4.0)));
    let nobody = bus.request(&Unheard { number: 5 }).await;
    assert!(matches!(nobody, Err(RequestError::NoResponders { .. })), "{nobody:?}");
    let labels = [UNHEARD, ("tidings_outcome", "failed"), ("error_type", "no_responders")];
    assert_eq!(value(scrape, "messaging_client_sent_messages_total", &labels), Some(1.0));
    begins.recv().await.unwrap();
    let given_up = Weigh { number: 0 };
    tokio::select! {
        answered = bus.request(&given_up) => panic!("{answered:?}"),
        begun = begins.recv() => begun.unwrap(),
    }
    assert_eq!(count(ASKED, "abandoned"), Some(1.0));
    gate.add_permits(1);
    running.shutdown().await;
    // Routes of a bus with metrics are recorded without a word of the registry's.
    let labels = [ASKED, ("tidings_outcome", "handled"), ("tidings_registry", "scales")];
    assert_eq!(value(scrape, "messaging_client_consumed_messages_total", &labels), Some(2.0));

    for (operation, message, times) in
        [("publish", PARCEL, 12.0), ("publish", WEIGHT, 5.0), ("request", ASKED, 1.0)]
    {
        let labels = [message, ("messaging_operation_name", operation)];
        let name = "messaging_client_operation_duration_seconds_count";
        assert_eq!(value(scrape, name, &labels), Some(times), "{operation} {message:?}");
    }
}

/// Recorders of tests are those of their threads: a test's runtime has one.
fn recorded() -> (metrics::LocalRecorderGuard<'static>, PrometheusHandle) {
    let recorder = Box::leak(Box::new(PrometheusBuilder::new().build_recorder()));
    let scrape = recorder.handle();
    (metrics::set_default_local_recorder(recorder), scrape)
}

#[tokio::test]
async fn every_way_of_sending_counts_over_a_server() {
    let (_recorder, scrape) = recorded();
    let server = Server::start().await;
    let bus = Bus::builder().server(server.url()).metrics(SOON).connect().await.unwrap();
    every_way_of_sending_counts(&bus, &scrape).await;
}

#[tokio::test]
async fn every_way_of_sending_counts_in_memory() {
    let (_recorder, scrape) = recorded();
    every_way_of_sending_counts(&Bus::in_memory().with_metrics(SOON), &scrape).await;
}

#[tokio::test]
async fn nothing_is_recorded_of_a_bus_without_metrics() {
    let (_recorder, scrape) = recorded();
    let bus = Bus::in_memory();
    bus.publish(&Measured { grams: 1 }).await.unwrap();
    assert_eq!(scrape.render(), "");
}

#[tokio::test]
async fn a_connection_that_goes_and_comes_is_a_gauge_and_a_counter() {
    let (_recorder, scrape) = recorded();
    let mut server = Server::start().await;
    let bus = Bus::connect(server.url()).await.unwrap().with_metrics(SOON);
    let main = [("tidings_connection", "main")];
    let figures = || {
        let up = value(&scrape, "tidings_connection_up", &main);
        (up, value(&scrape, "tidings_reconnects_total", &main))
    };
    let become_ = async |up: f64, reconnects: f64| {
        eventually(SOON, "the figures follow the connection", async || {
            let now = figures();
            if now == (Some(up), Some(reconnects)) { Ok(()) } else { Err(now) }
        })
        .await;
    };
    become_(1.0, 0.0).await;
    server.kill();
    become_(0.0, 0.0).await;
    server.restart().await;
    become_(1.0, 1.0).await;
    bus.close().await.unwrap();
    become_(0.0, 1.0).await;
}

#[tokio::test]
async fn what_a_subscription_has_no_room_for_counts() {
    let (_recorder, scrape) = recorded();
    let bus = Bus::builder().subscription_capacity(2).metrics(SOON).in_memory();
    let slow = bus.subscribe::<Measured>().await.unwrap();
    for grams in 0..7 {
        bus.publish(&Measured { grams }).await.unwrap();
    }
    let text = scrape.render();
    assert_eq!(slow.dropped(), 5);
    assert!(text.contains("tidings_slow_consumer_dropped_messages_total 5"), "{text}");
}

/// A retry counts, and a message that is being handled shows.
#[tokio::test]
async fn retries_and_what_is_in_flight_are_figures_of_a_route() {
    let (_recorder, scrape) = recorded();
    let bus = Bus::in_memory().with_metrics(Duration::from_millis(10));
    bus.provision::<Parcels>().await.unwrap();
    let gate = std::sync::Arc::new(Semaphore::new(0));
    let held = std::sync::Arc::clone(&gate);
    let handle = move |_: Sent, cx: Context| {
        let held = std::sync::Arc::clone(&held);
        async move {
            if cx.attempt() < 3 {
                return Err(Failure::retry("not yet"));
            }
            held.acquire().await?.forget();
            Ok(())
        }
    };
    let retry = Retry::fixed(Duration::from_millis(1)).max_attempts(5);
    let route = Route::of::<Sent>(handle).retry(retry);
    let running = Registry::new("parcels").route(route).start(&bus).await.unwrap();
    bus.publish(&sent(1)).await.unwrap();
    let figures = || {
        let of = [("tidings_registry", "parcels")];
        let in_flight = value(&scrape, "tidings_in_flight_messages", &of);
        (in_flight, value(&scrape, "tidings_retries_total", &of))
    };
    eventually(SOON, "one is handled after two retries", async || {
        let now = figures();
        if now == (Some(1.0), Some(2.0)) { Ok(()) } else { Err(now) }
    })
    .await;
    gate.add_permits(1);
    let reports = running.shutdown().await;
    assert_eq!((reports[0].retried, reports[0].in_flight, reports[0].handled), (2, 0, 1));
}

/// A payload that is not as [`Measured`] says.
#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "weights.measured", name = "weights.mismeasured")]
struct Mismeasured {
    stones: String,
}

async fn what_is_taken_by_hand_counts(bus: &Bus, scrape: &PrometheusHandle) {
    let mut live = bus.subscribe::<Measured>().queue_group("scales").await.unwrap();
    let mut raw = bus.subscribe_raw("weights.*").await.unwrap();
    bus.provision::<Parcels>().await.unwrap();
    let mut durable = bus.consume::<Sent>("counter").await.unwrap();
    bus.publish(&Measured { grams: 1 }).await.unwrap();
    bus.publish(&Mismeasured { stones: "many".to_owned() }).await.unwrap();
    bus.publish(&sent(1)).await.unwrap();
    soon(live.next()).await.unwrap().unwrap();
    soon(live.next()).await.unwrap().unwrap_err();
    for _ in 0..2 {
        soon(raw.next()).await.unwrap().unwrap();
    }
    soon(durable.next()).await.unwrap().unwrap().ack().await.unwrap();
    let mut replay = bus.replay::<Sent>(DeliverFrom::Beginning).await.unwrap();
    soon(replay.next()).await.unwrap().unwrap();
    for (template, group, outcome, times) in [
        (WEIGHT, "scales", "received", 1.0),
        (WEIGHT, "scales", "undecodable", 1.0),
        (("messaging_destination_template", "weights.*"), "", "received", 2.0),
        (PARCEL, "counter", "received", 1.0),
        (PARCEL, "counter", "undecodable", 0.0),
        (PARCEL, "", "received", 1.0),
    ] {
        let labels = [
            ("messaging_system", "nats"),
            ("messaging_operation_name", "receive"),
            template,
            ("messaging_consumer_group_name", group),
            ("tidings_outcome", outcome),
        ];
        let counted = value(scrape, "messaging_client_consumed_messages_total", &labels);
        assert_eq!(counted, Some(times), "{labels:?}: {}", scrape.render());
    }
}

#[tokio::test]
async fn what_is_taken_by_hand_counts_over_a_server() {
    let (_recorder, scrape) = recorded();
    let server = Server::start().await;
    let bus = Bus::builder().server(server.url()).metrics(SOON).connect().await.unwrap();
    what_is_taken_by_hand_counts(&bus, &scrape).await;
}

#[tokio::test]
async fn what_is_taken_by_hand_counts_in_memory() {
    let (_recorder, scrape) = recorded();
    what_is_taken_by_hand_counts(&Bus::in_memory().with_metrics(SOON), &scrape).await;
}
