//! Layers of tower around handlers: what they see, and what becomes of what they refuse.

use std::sync::Arc;
use std::time::Duration;

use tidings::prelude::*;
use tidings::{Batch, BoxError, HandlerRequest, HandlerService, Verdict};
use tokio::sync::{Semaphore, mpsc};
use tower::buffer::BufferLayer;
use tower::limit::ConcurrencyLimitLayer;
use tower::load_shed::error::Overloaded;
use tower::timeout::TimeoutLayer;
use tower::timeout::error::Elapsed;
use tower::{Service as _, ServiceBuilder, service_fn};

use crate::support::condition::letters;
use crate::support::env::{Env, SHORT, never, soon};
use crate::support::message::{Parcels, Sent, sent};

scenarios! {
    every_bus:
        layers_know_their_message_and_stand_in_order,
        an_overdue_service_is_a_retry,
        a_route_classifies_the_error_of_a_layer,
        a_shed_message_comes_again,
        a_buffer_takes_messages,
        a_batch_is_one_request;
}

/// Tenant that a layer found, for the handler.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Tenant(String);

/// Layer that tells of what it sees.
fn seen(
    name: &'static str,
    to: mpsc::UnboundedSender<String>,
) -> impl tower::Layer<
    HandlerService,
    Service: tower::Service<
        HandlerRequest,
        Response = tidings::HandlerResponse,
        Error = BoxError,
        Future: Send + 'static,
    > + Clone
                 + Send
                 + Sync
                 + 'static,
> + Send
+ Sync
+ 'static {
    tower::layer::layer_fn(move |inner: HandlerService| {
        let to = to.clone();
        service_fn(move |request: HandlerRequest| {
            let (mut inner, to) = (inner.clone(), to.clone());
            async move {
                let tenant = request.headers().get("tenant").unwrap_or("nobody").to_owned();
                request.insert(Tenant(format!("{tenant}, said {name}")));
                let known = format!(
                    "{name}: {} {} {} {} attempt {}",
                    request.route(),
                    request.message(),
                    request.template(),
                    request.subject(),
                    request.attempt(),
                );
                assert!(request.payload_size() > 10 && request.messages() == 1);
                to.send(known)?;
                let result = inner.call(request).await;
                to.send(format!("{name}: {}", if result.is_ok() { "done" } else { "failed" }))?;
                result
            }
        })
    })
}

async fn layers_know_their_message_and_stand_in_order(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    let (sender, mut heard) = mpsc::unbounded_channel();
    let ends = sender.clone();
    let handler = move |event: Sent, cx: Context| {
        let ends = ends.clone();
        async move {
            let tenant: Tenant = cx.get().ok_or_else(|| Failure::reject("no tenant"))?;
            ends.send(format!("handled {} of {}", event.number, tenant.0))?;
            Ok(())
        }
    };
    let route = Route::of::<Sent>(handler)
        .layer(seen("inner", sender.clone()))
        .layer(seen("middle", sender.clone()));
    // Also around routes that follow.
    let registry = Registry::new("shop").layer(seen("outer", sender)).route(route);
    let running = registry.start(&bus).await.unwrap();
    let event = sent(7);
    bus.message(&event).header("tenant", "acme").publish().await.unwrap();
    let mut all = Vec::new();
    while all.len() < 7 {
        all.push(soon(heard.recv()).await.unwrap());
    }
    let facts = "parcels.sent parcels.sent parcels.{region}.sent parcels.eu.sent attempt 1";
    assert_eq!(
        all,
        [
            format!("outer: {facts}"),
            format!("middle: {facts}"),
            format!("inner: {facts}"),
            "handled 7 of acme, said inner".to_owned(),
            "inner: done".to_owned(),
            "middle: done".to_owned(),
            "outer: done".to_owned(),
        ]
    );
    assert_eq!(running.shutdown().await[0].handled, 1);
}

/// Handler that never ends at a message's first attempt, and tells of each attempt that ends.
fn slow_at_first(to: mpsc::UnboundedSender<u64>) -> impl Handler<Sent> {
    move |_: Sent, cx: Context| {
        let to = to.clone();
        async move {
            if cx.attempt() == 1 {
                std::future::pending::<()>().await;
            }
            to.send(cx.attempt())?;
            Ok(())
        }
    }
}

async fn an_overdue_service_is_a_retry(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    let (sender, mut attempts) = mpsc::unbounded_channel();
    let route = Route::of::<Sent>(slow_at_first(sender))
        .retry(Retry::fixed(SHORT))
        .layer(TimeoutLayer::new(SHORT));
    let running = Registry::new("shop").route(route).start(&bus).await.unwrap();
    bus.publish(&sent(1)).await.unwrap();
    assert_eq!(soon(attempts.recv()).await, Some(2));
    let report = running.shutdown().await.remove(0);
    assert_eq!((report.failed, report.handled), (1, 1));
}

async fn a_route_classifies_the_error_of_a_layer(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    let (sender, _attempts) = mpsc::unbounded_channel();
    let route = Route::of::<Sent>(slow_at_first(sender))
        .classify(|failure| match failure.error().downcast_ref::<Elapsed>() {
            Some(_) => Verdict::Reject,
            None => failure.verdict(),
        })
        .layer(TimeoutLayer::new(SHORT));
    let running = Registry::new("shop").route(route).start(&bus).await.unwrap();
    bus.publish(&sent(1)).await.unwrap();
    let letter = letters(&bus.dead_letters("shop"), 1).await.remove(0);
    assert!(letter.error().contains("timed out"), "{letter:?}");
    assert_eq!(running.shutdown().await[0].rejected, 1);
}

async fn a_shed_message_comes_again(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    let (gate, (sender, mut begun)) = (Arc::new(Semaphore::new(0)), mpsc::unbounded_channel());
    let (shed, mut sheds) = mpsc::unbounded_channel();
    let pass = Arc::clone(&gate);
    let handler = move |event: Sent, _: Context| {
        let (pass, sender) = (Arc::clone(&pass), sender.clone());
        async move {
            sender.send(event.number)?;
            pass.acquire().await?.forget();
            Ok(())
        }
    };
    let route = Route::of::<Sent>(handler)
        .retry(Retry::fixed(SHORT))
        .concurrency(2)
        .classify(move |failure| {
            if failure.error().is::<Overloaded>() {
                let _ = shed.send(());
            }
            failure.verdict()
        })
        .layer(ServiceBuilder::new().load_shed().layer(ConcurrencyLimitLayer::new(1)));
    let running = Registry::new("shop").route(route).start(&bus).await.unwrap();
    bus.publish_all([sent(1), sent(2)]).await.unwrap();
    let first = soon(begun.recv()).await.unwrap();
    // The other one is refused, and does not begin.
    soon(sheds.recv()).await.unwrap();
    never(SHORT, begun.recv()).await;
    gate.add_permits(2);
    assert_eq!(soon(begun.recv()).await, Some(3 - first));
    let report = running.shutdown().await.remove(0);
    assert!(report.failed >= 1 && report.handled == 2, "{report:?}");
}

async fn a_buffer_takes_messages(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    let (sender, mut numbers) = mpsc::unbounded_channel();
    let handler = move |event: Sent, _: Context| {
        std::future::ready(sender.send(event.number).map_err(Failure::from))
    };
    // tower's rate limit can't be cloned by itself.
    let stack = ServiceBuilder::new()
        .layer(BufferLayer::new(8))
        .layer(tower::limit::RateLimitLayer::new(1_000, Duration::from_secs(1)));
    let registry = Registry::new("shop").handle::<Sent>(handler).layer(stack);
    let running = registry.start(&bus).await.unwrap();
    bus.publish_all((1..=20).map(sent)).await.unwrap();
    let mut all = Vec::new();
    while all.len() < 20 {
        all.push(soon(numbers.recv()).await.unwrap());
    }
    all.sort_unstable();
    assert_eq!(all, (1..=20).collect::<Vec<_>>());
    assert_eq!(running.shutdown().await[0].handled, 20);
}

async fn a_batch_is_one_request(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    let (sender, mut sizes) = mpsc::unbounded_channel();
    let layer = tower::layer::layer_fn(move |inner: HandlerService| {
        let sender = sender.clone();
        service_fn(move |request: HandlerRequest| {
            let (mut inner, sender) = (inner.clone(), sender.clone());
            async move {
                sender.send(request.messages())?;
                inner.call(request).await
            }
        })
    });
    let first_fails = std::sync::atomic::AtomicBool::new(true);
    let handler = move |_: Batch<Sent>, _: Context| {
        let fails = first_fails.swap(false, std::sync::atomic::Ordering::Relaxed);
        async move { if fails { Err(Failure::retry("down")) } else { Ok(()) } }
    };
    bus.publish_all((1..=4).map(sent)).await.unwrap();
    let route = Route::of::<Batch<Sent>>(handler)
        .max_size(2)
        .max_wait(SHORT)
        .retry(Retry::fixed(SHORT))
        .layer(layer);
    let running = Registry::new("shop").route(route).start(&bus).await.unwrap();
    let mut all = 0;
    while all < 6 {
        all += soon(sizes.recv()).await.unwrap();
    }
    let report = running.shutdown().await.remove(0);
    assert_eq!((all, report.failed, report.handled), (6, 2, 4));
}
