//! Spans of handlers: attempts, panics, links, and those of others around and within them.

use opentelemetry::trace::{SpanKind, TraceContextExt as _, Tracer as _, TracerProvider as _};
use opentelemetry::{Context as OtelContext, global};
use tidings::{SpanLayer, WatchEvent};
use tokio::task::yield_now;
use tracing_subscriber::layer::SubscriberExt as _;

use super::*;

both! {
    each_attempt_has_a_span,
    where_messages_wait_for_long_a_new_trace_has_a_link,
    spans_of_the_handler_are_within,
    an_event_without_a_stream_is_in_the_trace,
    a_change_of_a_bucket_has_a_span,
}

async fn each_attempt_has_a_span(bus: Bus) {
    let number = unique();
    let handler = async |_: Launched, cx: Context| match cx.attempt() {
        1 => panic!("blown up"),
        2 => Err(Failure::retry("no fuel")),
        _ => Ok(()),
    };
    let route = Route::of::<Launched>(handler).retry(QUICK);
    let running = Registry::new("pad").route(route).start(&bus).await.unwrap();
    bus.publish(&Launched { number }).await.unwrap();
    let all = on(&format!("orbits.launched.{number}"), 4).await;
    let publish = only(&all, "publish orbits.launched.{number}");
    let attempts: Vec<_> = all.iter().filter(|span| span.id() != publish.id()).collect();
    let [panicked, failed, done] = attempts[..] else { panic!("{attempts:?}") };
    for (attempt, number) in [(panicked, "1"), (failed, "2"), (done, "3")] {
        attempt.is_child_of(&publish);
        attempt.has("tidings.attempt", number);
    }
    panicked.has("error.type", "panicked");
    assert_eq!(panicked.error(), Some("panic: blown up"));
    panicked.has("tidings.settled", "retry");
    failed.has("error.type", "failed");
    assert_eq!(failed.error(), Some("no fuel"));
    assert_eq!((done.error(), done.get("error.type")), (None, None));
    running.shutdown().await;
}

async fn where_messages_wait_for_long_a_new_trace_has_a_link(bus: Bus) {
    let number = unique();
    let bus = bus.with_traces(Traces::new().link_producers());
    let handler = async |event: Launched, cx: Context| {
        cx.request(&Inspect { number: event.number }).await?;
        Ok(())
    };
    let running = Registry::new("pad")
        .handle::<Launched>(handler)
        .handle::<Inspect>(async |ask: Inspect, _: Context| Ok(ask.number))
        .start(&bus)
        .await
        .unwrap();
    bus.publish(&Launched { number }).await.unwrap();
    let all = on(&format!("orbits.launched.{number}"), 2).await;
    let publish = only(&all, "publish orbits.launched.{number}");
    let process = only(&all, "process orbits.launched.{number}");
    process.is_root();
    assert_ne!(process.trace(), publish.trace());
    assert_eq!(process.links(), [publish.id()]);
    // Who asks waits, and is answered in its trace.
    let within = of(process.trace(), 3).await;
    let request = only(&within, "request inspections.{number}");
    request.is_child_of(&process);
    only(&within, "process inspections.{number}").is_child_of(&request);
    running.shutdown().await;
}

/// A span that the handler begins itself is a child of the message's, and the parent of what is published in it,
/// through the context and through the bus, also after the handler has waited.
async fn spans_of_the_handler_are_within(bus: Bus) {
    use opentelemetry::trace::FutureExt as _;
    let number = unique();
    let own = bus.clone();
    let handler = move |event: Launched, cx: Context| {
        let bus = own.clone();
        async move {
            yield_now().await;
            let span = global::tracer("station").start("refuel");
            let refuel = OtelContext::current_with_span(span);
            let docked = Docked { number: event.number };
            cx.publish(&docked).with_context(refuel.clone()).await?;
            refuel.span().end();
            yield_now().await;
            bus.publish(&Signal { number: event.number }).await?;
            let later = cx.clone();
            // A task of its own knows of the message through its context alone.
            let task = tokio::spawn(async move { later.publish(&Quiet { number }).await });
            task.await.map_err(Failure::retry)?.map_err(Failure::retry)?;
            Ok(())
        }
    };
    let running = Registry::new("pad").handle::<Launched>(handler).start(&bus).await.unwrap();
    bus.publish(&Launched { number }).await.unwrap();
    let first = on(&format!("orbits.launched.{number}"), 1).await.remove(0);
    let all = of(first.trace(), 6).await;
    let process = only(&all, "process orbits.launched.{number}");
    let refuel = only(&all, "refuel");
    refuel.is_child_of(&process);
    only(&all, "publish orbits.docked.{number}").is_child_of(&refuel);
    only(&all, "publish signals.{number}").is_child_of(&process);
    only(&all, "publish orbits.quiet.{number}").is_child_of(&process);
    running.shutdown().await;
}

async fn the_span_of_tracing_is_within(bus: Bus) {
    let number = unique();
    let tracer = global::tracer_provider().tracer("tracing");
    let layer = tracing_opentelemetry::layer().with_tracer(tracer);
    let subscriber = tracing_subscriber::registry().with(layer);
    let _told = tracing::subscriber::set_default(subscriber);
    let handler = async |event: Launched, cx: Context| {
        yield_now().await;
        cx.publish(&Docked { number: event.number }).await?;
        Ok(())
    };
    let handler = Route::of::<Launched>(handler);
    let registry = Registry::new("pad").route(handler).layer(SpanLayer::new());
    let running = registry.start(&bus).await.unwrap();
    bus.publish(&Launched { number }).await.unwrap();
    let first = on(&format!("orbits.launched.{number}"), 1).await.remove(0);
    let all = of(first.trace(), 4).await;
    let process = only(&all, "process orbits.launched.{number}");
    let within = only(&all, "handle orbits.launched.{number}");
    within.is_child_of(&process);
    assert!(within.is_kind(&SpanKind::Internal));
    within.has("tidings.route", "orbits.launched");
    only(&all, "publish orbits.docked.{number}").is_child_of(&within);
    running.shutdown().await;
}

/// A thread that has the subscriber, and runs everything.
#[tokio::test]
async fn the_span_of_tracing_is_within_in_memory() {
    the_span_of_tracing_is_within(traced(&Bus::in_memory())).await;
}

#[tokio::test]
async fn the_span_of_tracing_is_within_over_a_server() {
    let server = Server::start().await;
    the_span_of_tracing_is_within(traced(&Bus::connect(&server.url()).await.unwrap())).await;
}

async fn an_event_without_a_stream_is_in_the_trace(bus: Bus) {
    let number = unique();
    let handler = async |_: Signal, _: Context| Err(Failure::retry("noise"));
    let running = Registry::new("ear").handle::<Signal>(handler).start(&bus).await.unwrap();
    bus.publish(&Signal { number }).await.unwrap();
    let all = on(&format!("signals.{number}"), 2).await;
    let process = only(&all, "process signals.{number}");
    process.is_child_of(&only(&all, "publish signals.{number}"));
    process.has("messaging.consumer.group.name", "ear");
    process.has("error.type", "failed");
    running.shutdown().await;
}

/// A handler of a bucket has a span for each attempt, and what it publishes is in it.
async fn a_change_of_a_bucket_has_a_span(bus: Bus) {
    let number = unique();
    let handler = async |event: WatchEvent<Fuel, FuelKey>, cx: Context| match (event, cx.attempt())
    {
        (WatchEvent::Put(_), 1) => Err(Failure::retry("no pump")),
        (WatchEvent::Put(fuel), _) => {
            cx.publish(&Docked { number: fuel.value.number }).await?;
            Ok(())
        }
        _ => Ok(()),
    };
    let route = Route::watch::<Fuel>(handler).retry(QUICK);
    bus.provision::<Orbits>().await.unwrap();
    let running = Registry::new("pump").watch(route).start(&bus).await.unwrap();
    bus.key_value::<Fuel>().put(&Fuel { number, tons: 3 }).await.unwrap();
    let mut all = on(&format!("$KV.fuel.{number}"), 2).await;
    all.sort_by_key(|span| span.get("tidings.attempt"));
    let [failed, done] = &all[..] else { panic!("{all:?}") };
    for (attempt, number) in [(failed, "1"), (done, "2")] {
        assert!(attempt.is_kind(&SpanKind::Consumer));
        attempt.has("tidings.attempt", number);
        attempt.has("tidings.route", "KV_fuel");
        attempt.has("messaging.destination.template", "$KV.fuel.>");
    }
    failed.has("error.type", "failed");
    assert_eq!((failed.error(), done.error()), (Some("no pump"), None));
    let within = of(done.trace(), 2).await;
    only(&within, "publish orbits.docked.{number}").is_child_of(done);
    running.shutdown().await;
}
