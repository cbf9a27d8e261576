//! Spans of OpenTelemetry: one trace from the first message to the last, whatever happens on the way.

mod batch;
mod context;
mod current;
mod gathered;
mod handler;
mod settle;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use opentelemetry::trace::SpanKind;
use tidings::prelude::*;
use tidings::{DeadLetterFilter, Traces};
use tidings_tests::{Server, eventually};

use self::gathered::{Gathered, gather, of, on, only, unique};
use crate::SOON;

#[derive(EventStream)]
#[stream(name = "ORBITS", subjects("orbits.>"), allow_atomic_publish, allow_message_schedules)]
struct Orbits;

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "orbits.launched.{number}", stream = Orbits)]
struct Launched {
    #[event(id)]
    number: u64,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "orbits.docked.{number}", stream = Orbits)]
struct Docked {
    #[event(id)]
    number: u64,
}

/// An event whose traces nobody records, where they begin with it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "orbits.quiet.{number}", stream = Orbits)]
struct Quiet {
    #[event(id)]
    number: u64,
}

/// An event that no stream keeps.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "signals.{number}")]
struct Signal {
    number: u64,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Request)]
#[request(subject = "inspections.{number}", reply = u64)]
struct Inspect {
    number: u64,
}

/// Fuel at a station, by its number.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Bucket)]
#[bucket(name = "fuel", key = "{number}")]
struct Fuel {
    number: u64,
    tons: u64,
}

/// A test on both transports.
macro_rules! both {
    ($($scenario:ident),* $(,)?) => {
        mod memory {
            $(#[tokio::test]
            async fn $scenario() {
                super::$scenario(super::traced(&tidings::Bus::in_memory())).await;
            })*
        }

        mod nats {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $scenario() {
                let server = tidings_tests::Server::start().await;
                let bus = tidings::Bus::connect(&server.url()).await.unwrap();
                super::$scenario(super::traced(&bus)).await;
            })*
        }
    };
}
use both;

/// The bus, with spans.
fn traced(bus: &Bus) -> Bus {
    gather();
    bus.with_traces(Traces::new())
}

both! {
    from_the_first_message_to_a_redrive_it_is_one_trace,
}

async fn from_the_first_message_to_a_redrive_it_is_one_trace(bus: Bus) {
    let number = unique();
    let mended = Arc::new(AtomicBool::new(false));
    let is_mended = Arc::clone(&mended);
    let launched = async |event: Launched, cx: Context| {
        cx.publish(&Docked { number: event.number }).await?;
        Ok(())
    };
    let docked = move |event: Docked, cx: Context| {
        let is_mended = is_mended.load(Ordering::SeqCst);
        async move {
            cx.request(&Inspect { number: event.number }).await?;
            if is_mended { Ok(()) } else { Err(Failure::reject("no air lock")) }
        }
    };
    let running = Registry::new("station")
        .handle::<Launched>(launched)
        .handle::<Docked>(docked)
        .handle::<Inspect>(async |ask: Inspect, _: Context| Ok(ask.number))
        .start(&bus)
        .await
        .unwrap();
    bus.publish(&Launched { number }).await.unwrap();
    let letters = bus.dead_letters("station");
    eventually(SOON, "the letter is stored", || async {
        letters.count(DeadLetterFilter::all()).await.ok().filter(|count| *count == 1).ok_or("none")
    })
    .await;
    mended.store(true, Ordering::SeqCst);
    assert_eq!(letters.redrive(DeadLetterFilter::all()).await.unwrap().redriven, 1);

    let launched = format!("orbits.launched.{number}");
    let first = on(&launched, 1).await.remove(0);
    let all = of(first.trace(), 11).await;
    assert_eq!(all.len(), 11, "{:?}", all.iter().map(Gathered::name).collect::<Vec<_>>());

    let process = the_first_is_told(&bus, &all, number);
    what_follows_is_told(&all, &process, number);
    running.shutdown().await;
}

/// Checks the spans of the first event; gives that of its handler.
#[track_caller]
fn the_first_is_told(bus: &Bus, all: &[Gathered], number: u64) -> Gathered {
    let launched = format!("orbits.launched.{number}");
    let publish = only(all, "publish orbits.launched.{number}");
    publish.is_root();
    assert!(publish.is_kind(&SpanKind::Producer));
    for (key, value) in [
        ("messaging.system", "nats"),
        ("messaging.operation.name", "publish"),
        ("messaging.operation.type", "send"),
        ("messaging.destination.name", launched.as_str()),
        ("messaging.destination.template", "orbits.launched.{number}"),
        ("messaging.message.id", &format!("orbits.launched/{number}")),
    ] {
        publish.has(key, value);
    }
    let process = only(all, "process orbits.launched.{number}");
    process.is_child_of(&publish);
    assert!(process.is_kind(&SpanKind::Consumer) && process.error().is_none());
    for (key, value) in [
        ("messaging.system", "nats"),
        ("messaging.operation.name", "process"),
        ("messaging.operation.type", "process"),
        ("messaging.destination.name", launched.as_str()),
        ("messaging.destination.template", "orbits.launched.{number}"),
        ("messaging.consumer.group.name", "station-orbits_launched"),
        ("messaging.message.id", &format!("orbits.launched/{number}")),
        ("messaging.message.body.size", &format!("{{\"number\":{number}}}").len().to_string()),
        ("tidings.route", "orbits.launched"),
        ("tidings.attempt", "1"),
        ("tidings.settled", "ack"),
    ] {
        process.has(key, value);
    }
    assert_eq!(process.get("tidings.redriven"), None);
    if let Some(server) = bus.state().server {
        let port = server.address.unwrap().rsplit_once(':').unwrap().1.to_owned();
        for span in all {
            span.has("server.port", &port);
            span.has("server.address", "127.0.0.1");
        }
    }
    process
}

/// Checks the spans of all that follows.
#[track_caller]
fn what_follows_is_told(all: &[Gathered], process: &Gathered, number: u64) {
    let follow_up = only(all, "publish orbits.docked.{number}");
    follow_up.is_child_of(process);
    let docked: Vec<_> =
        all.iter().filter(|span| span.name() == "process orbits.docked.{number}").collect();
    let [failed, mended] = docked[..] else { panic!("{docked:?}") };
    failed.is_child_of(&follow_up);
    assert_eq!(failed.error(), Some("no air lock"));
    failed.has("error.type", "rejected");
    failed.has("tidings.settled", "dead_letter");
    let letter = only(all, "dead_letter station-dead-letters");
    letter.is_child_of(failed);
    assert!(letter.is_kind(&SpanKind::Producer));
    let redrive = only(all, "redrive ORBITS");
    redrive.is_child_of(&follow_up);
    redrive.has("messaging.destination.name", &format!("orbits.docked.{number}"));
    mended.is_child_of(&redrive);
    mended.has("tidings.redriven", "1");
    assert_eq!(mended.error(), None);
    for (asker, name) in [(failed, "request"), (mended, "process")] {
        let asked: Vec<_> = all.iter().filter(|span| span.0.parent_span_id == asker.id()).collect();
        let request = asked.iter().find(|span| span.name() == "request inspections.{number}");
        let request = request.unwrap_or_else(|| panic!("{name}: {asked:?}"));
        assert!(request.is_kind(&SpanKind::Client));
        request.has("messaging.operation.name", "request");
        let answer = all.iter().find(|span| span.0.parent_span_id == request.id()).unwrap();
        assert_eq!(answer.name(), "process inspections.{number}");
        assert!(answer.is_kind(&SpanKind::Server));
        answer.has("messaging.consumer.group.name", "q");
        assert_eq!(answer.get("tidings.settled"), None);
    }
}

/// Shortest wait between attempts.
const QUICK: Retry = Retry::fixed(Duration::from_millis(20));
