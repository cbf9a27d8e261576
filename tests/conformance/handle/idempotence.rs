//! Idempotence of handlers that publish: what an event is followed by is stored once, however often
//! the event is handled.

use tidings::prelude::*;
use tidings::{DeadLetterFilter, Stored, Subscription};
use tokio::sync::mpsc;

use crate::support::env::{Env, SHORT, SOON, never, next, soon};
use crate::support::message::{Check, OutOfStock, Seen, Sent, Stock, Switched, sent, switched};

scenarios! {
    also_on_threads:
        what_a_handler_publishes_twice_is_stored_once,
        what_a_second_run_publishes_otherwise_is_another_event,
        a_late_run_finds_what_an_earlier_one_stored,
        an_event_follows_from_another_along_a_chain;
}

async fn what_a_handler_publishes_twice_is_stored_once(env: Env) {
    let bus = env.bus();
    // The first run publishes and then fails; the second repeats the same ids.
    let handler = move |event: Sent, cx: Context| async move {
        for _ in 0..2 {
            cx.publish(&Seen { number: event.number, region: event.region }).await?;
        }
        if cx.attempt() == 1 { Err(Failure::retry("after publishing")) } else { Ok(()) }
    };
    let route = Route::of::<Sent>(handler).retry(Retry::fixed(SHORT));
    let running = Registry::new("shop").route(route).start(&bus).await.unwrap();
    let event = sent(1);
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    bus.message(&event).header("traceparent", trace).publish().await.unwrap();
    tidings_tests::eventually(SOON, "the second run", || async {
        running.report()[0].handled == 1
    })
    .await;
    running.shutdown().await;
    let mut stored: Subscription<Seen, Stored> = bus.replay(DeliverFrom::Beginning).await.unwrap();
    for _ in 0..2 {
        let seen = next(&mut stored).await;
        assert_eq!(seen.headers().get("traceparent"), Some(trace), "the same trace");
    }
    never(SHORT, stored.next()).await;
}

/// An order of events: each handler publishes the next, and the trace goes with them.
async fn an_event_follows_from_another_along_a_chain(env: Env) {
    let bus = env.bus();
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let mut last = bus.subscribe::<Switched>().await.unwrap();
    let see = |event: Sent, cx: Context| async move {
        cx.publish(&Seen { number: event.number, region: event.region }).await?;
        Ok(())
    };
    let ask = |event: Seen, cx: Context| async move {
        let quantity = u32::try_from(event.number)?;
        let Stock { available } = cx.request(&Check { quantity }).await?;
        cx.publish(&switched(available.into())).await?;
        Ok(())
    };
    let answer = |ask: Check, cx: Context| async move {
        match cx.headers().get("traceparent") {
            Some(_) => Ok(Stock { available: ask.quantity + 1000 }),
            None => Err(OutOfStock { available: 0 }),
        }
    };
    let running = Registry::new("shop")
        .route(Route::of::<Sent>(see).concurrency(1))
        .route(Route::of::<Seen>(ask).concurrency(1))
        .handle::<Check>(answer)
        .start(&bus)
        .await
        .unwrap();
    let other = env.another_bus().await;
    for number in 1..=100 {
        let event = sent(number);
        other.message(&event).header("traceparent", trace).publish().await.unwrap();
    }
    for number in 1..=100 {
        let delivery = next(&mut last).await;
        assert_eq!(delivery.number, 1000 + number, "in order, one at a time");
        assert_eq!(delivery.headers().get("traceparent"), Some(trace));
    }
    never(SHORT, last.next()).await;
    let report = running.shutdown().await;
    let counts: Vec<_> = report.iter().map(|r| (r.handled, r.failed)).collect();
    assert_eq!(counts, [(100, 0); 3]);
}

/// Forgets the ids of its messages after a second.
#[derive(EventStream)]
#[stream(name = "STEPS", subjects("steps.>"), duplicate_window = "1s", allow_atomic_publish)]
pub(crate) struct Steps;

/// A step of some work, without id fields.
#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "steps.{parcel}.done", stream = Steps)]
struct Step {
    parcel: u64,
    what: String,
}

fn step(parcel: u64, what: &str) -> Step {
    Step { parcel, what: what.to_owned() }
}

async fn steps(bus: &Bus) -> Vec<String> {
    let count = bus.stream::<Steps>().state().await.unwrap().messages;
    let mut stored = bus.replay::<Step>(DeliverFrom::Beginning).await.unwrap();
    let mut steps = Vec::new();
    for _ in 0..count {
        steps.push(next(&mut stored).await.what.clone());
    }
    steps
}

/// A run is free in which events it publishes, and in which order: what differs is stored.
async fn what_a_second_run_publishes_otherwise_is_another_event(env: Env) {
    let bus = env.bus_with::<Steps>().await;
    let handler = |event: Sent, cx: Context| async move {
        let whats = match cx.attempt() {
            1 => ["reserved", "noted", "noted"],
            _ => ["paid", "noted", "reserved"],
        };
        for what in whats {
            cx.publish(&step(event.number, what)).await?;
        }
        // On another subject, and all else the same.
        cx.publish(&step(cx.attempt() * 100, "noted")).await?;
        if cx.attempt() == 1 { Err(Failure::retry("after publishing")) } else { Ok(()) }
    };
    let route = Route::of::<Sent>(handler).retry(Retry::fixed(SHORT));
    let running = Registry::new("shop").route(route).start(&bus).await.unwrap();
    bus.publish(&sent(1)).await.unwrap();
    tidings_tests::eventually(SOON, "the second run", || async {
        running.report()[0].handled == 1
    })
    .await;
    running.shutdown().await;
    assert_eq!(steps(&bus).await, ["reserved", "noted", "noted", "noted", "paid", "noted"]);
}

/// The retries and the way back from the dead letters take longer than the stream knows an id.
async fn a_late_run_finds_what_an_earlier_one_stored(env: Env) {
    let bus = env.bus_with::<Steps>().await;
    let (tell, mut told) = mpsc::unbounded_channel();
    let at = bus.clone();
    let handler = move |event: Sent, cx: Context| {
        let (bus, tell) = (at.clone(), tell.clone());
        async move {
            let one = cx.publish(&step(event.number, "one")).await?;
            let (two, three) = (step(event.number, "two"), step(event.number, "three"));
            let mut batch = bus.atomic();
            batch.add_message(cx.message(&two))?.add_message(cx.message(&three))?;
            let all = batch.publish().await?;
            tell.send((one.sequence, one.duplicate, all.first_sequence, all.duplicate))?;
            match (cx.redriven(), cx.attempt()) {
                (0, 1 | 2) => Err(Failure::retry("after publishing")),
                (0, _) => Err(Failure::reject("to the letters")),
                _ => Ok(()),
            }
        }
    };
    let late = Duration::from_millis(1500);
    let route = Route::of::<Sent>(handler).retry(Retry::fixed(late)).concurrency(1);
    let running = Registry::new("shop").route(route).start(&bus).await.unwrap();
    bus.publish(&sent(1)).await.unwrap();
    assert_eq!(soon(told.recv()).await, Some((1, false, 2, false)));
    for run in 2..=3 {
        assert_eq!(soon(told.recv()).await, Some((1, true, 2, true)), "run {run}");
    }
    tidings_tests::eventually(SOON, "its way back", || async {
        let report = bus.dead_letters("shop").redrive(DeadLetterFilter::all()).await.unwrap();
        report.redriven == 1
    })
    .await;
    assert_eq!(soon(told.recv()).await, Some((1, true, 2, true)), "after it was put back");
    running.shutdown().await;
    assert_eq!(steps(&bus).await, ["one", "two", "three"]);
}
