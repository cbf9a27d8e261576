//! Handlers that publish: one event follows from another.

use tidings::prelude::*;
use tidings::{From, Stored, Subscription};

use crate::env::{Env, SHORT, SOON, never, next};
use crate::message::{Check, OutOfStock, Seen, Sent, Stock, Switched, sent, switched};

pub(crate) async fn what_a_handler_publishes_twice_is_stored_once(env: Env) {
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
    let mut stored: Subscription<Seen, Stored> = bus.replay(From::Beginning).await.unwrap();
    for _ in 0..2 {
        let seen = next(&mut stored).await;
        assert_eq!(seen.headers().get("traceparent"), Some(trace), "the same trace");
    }
    never(SHORT, stored.next()).await;
}

/// An order of events: each handler publishes the next, and the trace goes with them.
pub(crate) async fn an_event_follows_from_another_along_a_chain(env: Env) {
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
