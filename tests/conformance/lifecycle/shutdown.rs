//! Promise 7: what was acked was handled, what was not comes again.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tidings::prelude::*;
use tidings::{PublishError, RequestError};
use tokio::sync::{Semaphore, mpsc, oneshot};

use crate::support::env::{Env, never, next, soon};
use crate::support::message::{Check, Sent, Switched, sent, switched};

scenarios! {
    every_bus:
        running_handlers_finish_and_are_acked,
        a_handler_past_the_deadline_comes_again,
        what_was_not_begun_goes_to_another,
        what_is_left_at_the_deadline_is_told,
        serve_ends_with_its_signal,
        a_closed_bus_says_so;
}

const SHORT: Duration = Duration::from_millis(500);

/// A handler that says when it begins and goes on when it may.
fn gated(
    begun: mpsc::UnboundedSender<u64>,
    gate: Arc<Semaphore>,
    concurrency: usize,
) -> Route<Sent> {
    let handler = move |event: Sent, _: Context| {
        let (begun, gate) = (begun.clone(), Arc::clone(&gate));
        async move {
            begun.send(event.number)?;
            gate.acquire().await?.forget();
            Ok(())
        }
    };
    Route::of::<Sent>(handler).concurrency(concurrency).retry(Retry::fixed(SHORT))
}

async fn running_handlers_finish_and_are_acked(env: Env) {
    let (bus, gate) = (env.bus(), Arc::new(Semaphore::new(0)));
    let (sender, mut begun) = mpsc::unbounded_channel();
    let registry = Registry::new("shop").route(gated(sender, Arc::clone(&gate), 3));
    let running = registry.start(&bus).await.unwrap();
    bus.publish_all((1..=3).map(sent)).await.unwrap();
    for _ in 0..3 {
        soon(begun.recv()).await.unwrap();
    }
    let ending = tokio::spawn(running.shutdown());
    tokio::task::yield_now().await;
    assert!(!ending.is_finished(), "it waits for its handlers");
    gate.add_permits(20);
    let report = soon(ending).await.unwrap();
    assert_eq!((report[0].handled, report[0].aborted), (3, 0));
    // All three are acked: nothing is left for the consumer.
    let mut left = bus.consume::<Sent>("shop-parcels_sent").await.unwrap();
    never(SHORT * 2, left.next()).await;
}

async fn a_handler_past_the_deadline_comes_again(env: Env) {
    let (bus, gate) = (env.bus(), Arc::new(Semaphore::new(0)));
    let (sender, mut begun) = mpsc::unbounded_channel();
    let registry = Registry::new("shop").route(gated(sender, gate, 1));
    let running = registry.start(&bus).await.unwrap();
    bus.publish(&sent(1)).await.unwrap();
    assert_eq!(soon(begun.recv()).await, Some(1));
    let report = soon(running.shutdown_within(SHORT)).await;
    assert_eq!((report[0].handled, report[0].aborted), (0, 1));
    let mut again = bus.consume::<Sent>("shop-parcels_sent").await.unwrap();
    let delivery = soon(again.next()).await.unwrap().unwrap();
    assert_eq!((delivery.number, delivery.attempt()), (1, 2));
    delivery.ack().await.unwrap();
}

async fn what_was_not_begun_goes_to_another(env: Env) {
    let bus = env.bus();
    let (sender, mut begun) = mpsc::unbounded_channel();
    // A handler that ends when the shutdown begins, and not before.
    let handler = move |event: Sent, cx: Context| {
        let begun = sender.clone();
        async move {
            begun.send(event.number)?;
            cx.shutting_down().await;
            Ok(())
        }
    };
    let route = Route::of::<Sent>(handler).concurrency(2);
    let running = Registry::new("shop").route(route).start(&bus).await.unwrap();
    bus.publish_all((1..=20).map(sent)).await.unwrap();
    let mut seen = HashSet::new();
    for _ in 0..2 {
        seen.insert(soon(begun.recv()).await.unwrap());
    }
    let report = soon(running.shutdown()).await;
    assert_eq!(report[0].handled, 2, "none was begun after the shutdown");
    // The rest comes to whoever is there, not only after the ack wait of 30 s.
    let mut rest = bus.consume::<Sent>("shop-parcels_sent").await.unwrap();
    for _ in 0..18 {
        let delivery = next(&mut rest).await;
        assert!(seen.insert(delivery.number), "{} twice", delivery.number);
        delivery.ack().await.unwrap();
    }
    assert_eq!(seen, (1..=20).collect());
    never(SHORT, rest.next()).await;
}

async fn what_is_left_at_the_deadline_is_told(env: Env) {
    let bus = env.bus();
    let (begun, mut beginning) = mpsc::unbounded_channel();
    let asked = begun.clone();
    let told = move |_: Switched, _: Context| {
        let begun = begun.clone();
        async move {
            begun.send(())?;
            std::future::pending().await
        }
    };
    let check = move |_: Check, _: Context| {
        asked.send(()).unwrap_or_default();
        std::future::pending()
    };
    let running = Registry::new("shop")
        .route(Route::of::<Switched>(told).concurrency(1))
        .route(Route::of::<Check>(check).concurrency(1))
        .start(&bus)
        .await
        .unwrap();
    for number in 0..5 {
        bus.publish(&switched(number)).await.unwrap();
    }
    let asking: Vec<_> = (0..3)
        .map(|_| {
            let bus = bus.clone();
            tokio::spawn(async move { bus.request(&Check { quantity: 1 }).await })
        })
        .collect();
    for _ in 0..2 {
        soon(beginning.recv()).await.unwrap();
    }
    // All of it is here when the shutdown begins.
    bus.flush().await.unwrap();
    let report = soon(running.shutdown_within(SHORT)).await;
    assert_eq!((report[0].handled, report[0].aborted, report[0].left), (0, 1, 4));
    assert_eq!((report[1].handled, report[1].aborted, report[1].left), (0, 1, 2));
    // Nobody who asked is left waiting.
    for answer in asking {
        let answer = soon(answer).await.unwrap();
        assert!(matches!(answer, Err(RequestError::Service { code: 503, .. })), "{answer:?}");
    }
}

async fn serve_ends_with_its_signal(env: Env) {
    let bus = env.bus();
    let (end, ended) = oneshot::channel::<()>();
    let (ready, is_ready) = oneshot::channel();
    let serving = tokio::spawn({
        let bus = bus.clone();
        async move {
            let check = |_: Check, _: Context| async {
                Err(crate::support::message::OutOfStock { available: 0 })
            };
            let signal = async {
                let _ = ready.send(());
                let _ = ended.await;
            };
            Registry::new("shop")
                .handle::<Check>(check)
                .serve(&bus)
                .with_graceful_shutdown(signal)
                .await
        }
    });
    // The signal is first awaited when everything listens.
    soon(is_ready).await.unwrap();
    let answer = bus.request(&Check { quantity: 1 }).await;
    assert!(matches!(answer, Err(RequestError::Declared(_))), "{answer:?}");
    end.send(()).unwrap();
    assert_eq!(soon(serving).await.unwrap().unwrap()[0].handled, 1);
    let answer = bus.request(&Check { quantity: 1 }).await;
    assert!(matches!(answer, Err(RequestError::NoResponders { .. })), "{answer:?}");
}

async fn a_closed_bus_says_so(env: Env) {
    let bus = env.bus();
    bus.publish(&switched(1)).await.unwrap();
    soon(bus.clone().close()).await.unwrap();
    let error = soon(bus.publish(&switched(2))).await;
    assert!(matches!(error, Err(PublishError::Closed)), "{error:?}");
    let error = soon(bus.request(&Check { quantity: 1 })).await;
    assert!(matches!(error, Err(RequestError::Closed)), "{error:?}");
}
