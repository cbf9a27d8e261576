//! A route whose own task panics is shown, and begun again.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use tidings::prelude::*;
use tidings::{DeadLetterFilter, DeadLetterPolicy, PublishError, RouteState};
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

/// A log that panics when it is told one of these, so often.
#[derive(Clone)]
struct Log(Arc<AtomicU64>, &'static [&'static str]);

impl io::Write for Log {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        let is_told = self.1.iter().any(|words| text.contains(words));
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

impl Log {
    /// Is told what this thread has to tell, until that is dropped.
    fn told(&self) -> impl Sized + use<> {
        let writer = self.clone();
        tracing_subscriber::fmt().with_writer(move || writer.clone()).finish().set_default()
    }
}

async fn is_begun_again(bus: Bus) {
    let log = Log(Arc::new(AtomicU64::new(1)), &["a handler failed", "handled again"]);
    let _told = log.told();
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

/// A stream's letters find no room: each is stored in a task of its own, which panics.
async fn a_letter_is_tried_again(bus: Bus) {
    let log = Log(Arc::new(AtomicU64::new(1)), &["a dead letter can't be stored"]);
    let _told = log.told();
    let refuse = async |_: Turned, _: Context| Err::<(), _>(Failure::reject("no"));
    let turned = Route::of::<Turned>(refuse).ack_wait(Duration::from_secs(1));
    let policy = DeadLetterPolicy::default().max_messages(1);
    let tides = Registry::new("tides").dead_letters(policy).route(turned);
    let running = tides.start(&bus).await.unwrap();
    let aside = bus.dead_letters("tides");
    bus.publish(&Turned { number: 1 }).await.unwrap();
    let first = async || aside.list(DeadLetterFilter::all()).next().await;
    let letter = eventually(SOON, "the first letter", &first).await.unwrap();
    bus.publish(&Turned { number: 2 }).await.unwrap();
    eventually(SOON, "it is shown", || async {
        let state = running.status()[0].state.clone();
        matches!(&state, RouteState::Failing { error, .. } if error.contains("deliberate panic"))
    })
    .await;
    aside.purge(letter.sequence()).await.unwrap();
    let letter = eventually(SOON * 2, "the other letter", &first).await.unwrap();
    assert_eq!(letter.decode::<Turned>().unwrap().number, 2);
    eventually(SOON, "it is counted", || async { running.report()[0].dead_lettered == 2 }).await;
    running.shutdown().await;
}

#[tokio::test]
async fn a_letter_whose_task_panics_is_tried_again_in_memory() {
    a_letter_is_tried_again(Bus::in_memory()).await;
}

#[tokio::test]
async fn a_letter_whose_task_panics_is_tried_again_over_nats() {
    let server = Server::start().await;
    a_letter_is_tried_again(Bus::connect(server.url()).await.unwrap()).await;
}

/// A bus hears of its connection in a task of the client's: what a log does there ends nothing.
#[tokio::test]
async fn a_bus_hears_of_denials_whatever_its_log_does() {
    let log = Log(Arc::new(AtomicU64::new(1)), &["connected to NATS"]);
    let _told = log.told();
    let users = "authorization { users: [
        { user: ann, password: pw, permissions: { publish: { deny: [\"tides.turned.>\"] } } }
    ] }";
    let server = Server::with_config(users).await;
    let builder = Bus::builder().server(server.url()).user_and_password("ann", "pw");
    let bus = builder.ack_timeout(SOON).publish_timeout(SOON * 2).connect().await.unwrap();
    let begun = tokio::time::Instant::now();
    let error = bus.publish(&Turned { number: 1 }).await.unwrap_err();
    assert!(matches!(error, PublishError::Denied { .. }), "{error:?}");
    assert!(begun.elapsed() < SOON / 2, "{:?}", begun.elapsed());
}
