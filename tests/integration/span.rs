//! The span of a layer around handlers, as whoever listens to `tracing` sees it.

use tidings::prelude::*;
use tidings::{Batch, SpanLayer, WatchEvent};
use tidings_tests::{Log, Server, eventually};
use tracing_subscriber::filter::LevelFilter;

use crate::SOON;

#[derive(EventStream)]
#[stream(name = "KITES", subjects("kites.flown.>"))]
struct Kites;

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "kites.flown.{number}", stream = Kites)]
struct Flown {
    #[event(id)]
    number: u64,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "kites.counted.{number}")]
struct Counted {
    number: u64,
}

/// The line that is logged as a span of this message ends.
async fn closed(log: &Log, words: &[&str]) -> String {
    eventually(SOON, "the span has ended", || async {
        let text = log.text();
        let is_meant =
            |line: &&str| line.contains("close") && words.iter().all(|word| line.contains(word));
        text.lines().find(is_meant).map(str::to_owned).ok_or(text)
    })
    .await
}

async fn has_a_span(bus: Bus) {
    let (log, _told) = Log::keep(LevelFilter::INFO);
    let fly = async |_: Flown, cx: Context| {
        if cx.attempt() == 1 { Err(Failure::retry("no wind")) } else { Ok(()) }
    };
    let count = async |_: Batch<Counted>, _: Context| Ok(());
    let layer = SpanLayer::new().on_begin(|request, span| {
        let parent = request.headers().get("traceparent").unwrap_or("none").to_owned();
        span.in_scope(|| tracing::info!(parent, "begins"));
    });
    let running = Registry::new("kites")
        .route(Route::of::<Flown>(fly).retry(Retry::fixed(Duration::from_millis(50))))
        .route(Route::of::<Batch<Counted>>(count).max_wait(Duration::from_millis(50)))
        .layer(layer)
        .start(&bus)
        .await
        .unwrap();
    let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    bus.message(&Flown { number: 7 }).header("traceparent", parent).publish().await.unwrap();
    bus.publish(&Counted { number: 1 }).await.unwrap();

    let failed = closed(&log, &["kites.flown", "tidings.attempt=1"]).await;
    for field in [
        "otel.name=process kites.flown.{number} ",
        "otel.kind=\"consumer\"",
        "otel.status_code=\"ERROR\"",
        "error=no wind",
        "messaging.system=\"nats\"",
        "messaging.operation.name=\"process\"",
        "messaging.operation.type=\"process\"",
        "messaging.destination.name=\"kites.flown.7\"",
        "messaging.destination.template=\"kites.flown.{number}\"",
        "messaging.consumer.group.name=\"kites-kites_flown\"",
        "messaging.message.id=",
        "messaging.message.body.size=12",
        "tidings.route=\"kites.flown\"",
    ] {
        assert!(failed.contains(field), "{field} is not in {failed}");
    }
    assert!(!failed.contains("batch"), "{failed}");
    let handled = closed(&log, &["kites.flown", "tidings.attempt=2"]).await;
    assert!(!handled.contains("ERROR"), "{handled}");
    let batch = closed(&log, &["kites.counted"]).await;
    assert!(batch.contains("messaging.batch.message_count=1"), "{batch}");
    running.shutdown().await;
    let text = log.text();
    assert!(text.contains(&format!("begins parent=\"{parent}\"")), "{text}");
}

/// A ship, by its name.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Bucket)]
#[bucket(name = "ships", key = "{ship}")]
struct Berth {
    ship: String,
    place: u32,
}

/// The handler of a bucket has one too: of a change, and of what only the watch says.
async fn a_watch_has_a_span(bus: Bus) {
    let (log, _told) = Log::keep(LevelFilter::INFO);
    bus.provision::<Berth>().await.unwrap();
    bus.key_value::<Berth>().put(&Berth { ship: "gull".into(), place: 7 }).await.unwrap();
    let moor = async |event: WatchEvent<Berth, BerthKey>, cx: Context| match event {
        WatchEvent::Put(_) if cx.attempt() == 1 => Err(Failure::retry("the berth is taken")),
        _ => Ok(()),
    };
    let route = Route::watch::<Berth>(moor).retry(Retry::fixed(Duration::from_millis(50)));
    let registry = Registry::new("harbour").watch(route).layer(SpanLayer::new());
    let running = registry.start(&bus).await.unwrap();

    let failed = closed(&log, &["$KV.ships.gull", "tidings.attempt=1"]).await;
    for field in [
        "otel.name=process $KV.ships.> ",
        "otel.status_code=\"ERROR\"",
        "error=the berth is taken",
        "messaging.system=\"nats\"",
        "messaging.destination.name=\"$KV.ships.gull\"",
        "messaging.destination.template=\"$KV.ships.>\"",
        "tidings.route=\"KV_ships\"",
    ] {
        assert!(failed.contains(field), "{field} is not in {failed}");
    }
    let moored = closed(&log, &["$KV.ships.gull", "tidings.attempt=2"]).await;
    assert!(!moored.contains("ERROR"), "{moored}");
    let current = closed(&log, &["messaging.destination.name=\"\""]).await;
    assert!(current.contains("tidings.route=\"KV_ships\""), "{current}");
    running.shutdown().await;
}

#[tokio::test]
async fn a_watch_has_a_span_in_memory() {
    a_watch_has_a_span(Bus::in_memory()).await;
}

#[tokio::test]
async fn a_watch_has_a_span_over_a_server() {
    let server = Server::start().await;
    a_watch_has_a_span(Bus::connect(&server.url()).await.unwrap()).await;
}

#[tokio::test]
async fn a_handler_has_a_span_in_memory() {
    has_a_span(Bus::in_memory()).await;
}

#[tokio::test]
async fn a_handler_has_a_span_over_a_server() {
    let server = Server::start().await;
    has_a_span(Bus::connect(&server.url()).await.unwrap()).await;
}
