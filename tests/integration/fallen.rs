//! A route whose own task panics is shown, and begun again.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use tidings::RouteState;
use tidings::prelude::*;
use tidings_tests::{Server, eventually};
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::SOON;

#[derive(Debug, Serialize, Deserialize, JsonSchema, Request)]
#[request(subject = "tides.ask", reply = u32)]
struct Ask {
    high: bool,
}

#[derive(EventStream)]
#[stream(name = "TIDES", subjects("tides.turned.>"))]
struct Tides;

#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "tides.turned.{number}", stream = Tides)]
struct Turned {
    number: u64,
}

/// A log that panics when it is told of a failed handler, so often.
#[derive(Clone)]
struct Log(Arc<AtomicU64>);

impl io::Write for Log {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        let is_told = text.contains("a handler failed") || text.contains("handled again");
        let left = self.0.load(Relaxed);
        if is_told && left > 0 {
            self.0.store(left - 1, Relaxed);
            panic!("a deliberate panic of a log");
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

async fn is_begun_again(bus: Bus) {
    let log = Log(Arc::new(AtomicU64::new(1)));
    let writer = log.clone();
    let _told =
        tracing_subscriber::fmt().with_writer(move || writer.clone()).finish().set_default();
    let answer = async |ask: Ask, _: Context| {
        if ask.high { Ok(7) } else { Err(Failure::reject("low")) }
    };
    let turn = async |event: Turned, cx: Context| {
        if event.number == 1 && cx.attempt() == 1 { Err(Failure::retry("not yet")) } else { Ok(()) }
    };
    let turned = Route::of::<Turned>(turn).ack_wait(Duration::from_secs(1));
    let running =
        Registry::new("tides").handle::<Ask>(answer).route(turned).start(&bus).await.unwrap();
    let is_shown = |route: usize| {
        let state = &running.status()[route].state;
        matches!(state, RouteState::Failing { error, .. } if error.contains("deliberate panic"))
    };

    bus.request(&Ask { high: false }).await.unwrap_err();
    eventually(SOON, "it is shown", || async { is_shown(0) }).await;
    eventually(SOON, "it answers again", || async {
        bus.request(&Ask { high: true }).await.is_ok_and(|reply| reply == 7)
    })
    .await;

    log.0.store(1, Relaxed);
    bus.publish_all((1..=2).map(|number| Turned { number })).await.unwrap();
    eventually(SOON, "both are handled", || async { running.report()[1].handled == 2 }).await;
    assert!(is_shown(1));
    running.shutdown().await;
}

#[tokio::test]
async fn a_route_whose_task_panics_is_begun_again_in_memory() {
    is_begun_again(Bus::in_memory()).await;
}

#[tokio::test]
async fn a_route_whose_task_panics_is_begun_again_over_nats() {
    let server = Server::start().await;
    is_begun_again(Bus::connect(server.url()).await.unwrap()).await;
}
