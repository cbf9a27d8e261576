//! The span of a layer around handlers, as whoever listens to `tracing` sees it.

use std::io;
use std::sync::{Arc, Mutex};

use tidings::prelude::*;
use tidings::{Batch, SpanLayer, WatchEvent};
use tidings_tests::{Server, eventually};
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::util::SubscriberInitExt as _;

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

/// Text that was told on this thread.
#[derive(Debug, Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    /// Takes down what is told on this thread.
    pub(crate) fn listen() -> (Self, tracing::subscriber::DefaultGuard) {
        let log = Self::default();
        let writer = log.clone();
        let told = tracing_subscriber::fmt()
            .with_ansi(false)
            .with_span_events(FmtSpan::CLOSE)
            .with_writer(move || writer.clone())
            .finish()
            .set_default();
        (log, told)
    }

    /// Text of all that was told so far.
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    /// The line that is told as a span of this message ends.
    async fn closed(&self, words: &[&str]) -> String {
        eventually(SOON, "the span has ended", || async {
            let text = self.text();
            let is_meant = |line: &&str| {
                line.contains("close") && words.iter().all(|word| line.contains(word))
            };
            text.lines().find(is_meant).map(str::to_owned).ok_or(text)
        })
        .await
    }
}

async fn has_a_span(bus: Bus) {
    let (log, _told) = Log::listen();
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

    let failed = log.closed(&["kites.flown", "tidings.attempt=1"]).await;
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
    let handled = log.closed(&["kites.flown", "tidings.attempt=2"]).await;
    assert!(!handled.contains("ERROR"), "{handled}");
    let batch = log.closed(&["kites.counted"]).await;
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
    let (log, _told) = Log::listen();
    bus.provision::<Berth>().await.unwrap();
    bus.key_value::<Berth>().put(&Berth { ship: "gull".into(), place: 7 }).await.unwrap();
    let moor = async |event: WatchEvent<Berth, BerthKey>, cx: Context| match event {
        WatchEvent::Put(_) if cx.attempt() == 1 => Err(Failure::retry("the berth is taken")),
        _ => Ok(()),
    };
    let route = Route::watch::<Berth>(moor).retry(Retry::fixed(Duration::from_millis(50)));
    let registry = Registry::new("harbour").watch(route).layer(SpanLayer::new());
    let running = registry.start(&bus).await.unwrap();

    let failed = log.closed(&["$KV.ships.gull", "tidings.attempt=1"]).await;
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
    let moored = log.closed(&["$KV.ships.gull", "tidings.attempt=2"]).await;
    assert!(!moored.contains("ERROR"), "{moored}");
    let current = log.closed(&["messaging.destination.name=\"\""]).await;
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
