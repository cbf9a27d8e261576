//! Layers of tower that refuse their message, or panic: it goes the way of every other that is not handled.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::Poll;
use std::time::Duration;

use tidings::prelude::*;
use tidings::{BoxError, HandlerError, HandlerRequest, HandlerService, RequestError};
use tokio::sync::mpsc;
use tower::timeout::TimeoutLayer;

use crate::support::condition::letters;
use crate::support::env::{Env, SHORT, soon};
use crate::support::message::{Check, OutOfStock, Parcels, Sent, Stock, sent};

scenarios! {
    every_bus:
        a_panic_in_a_layer_is_one_of_the_handler,
        a_layer_says_that_no_retry_helps,
        a_request_that_a_layer_refuses_is_answered;
}

/// Handler that tells of each attempt.
fn told(to: mpsc::UnboundedSender<u64>) -> impl Handler<Sent> {
    move |_: Sent, cx: Context| std::future::ready(to.send(cx.attempt()).map_err(Failure::from))
}

/// Service that refuses everything, as this failure.
fn refused(failure: fn() -> Failure) -> impl Fn(HandlerService) -> Refuse + Clone {
    move |_| Refuse(failure)
}

/// Service that refuses everything.
#[derive(Debug, Clone)]
struct Refuse(fn() -> Failure);

impl tower::Service<HandlerRequest> for Refuse {
    type Response = tidings::HandlerResponse;
    type Error = HandlerError;
    type Future = std::future::Ready<Result<Self::Response, HandlerError>>;

    fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> Poll<Result<(), HandlerError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: HandlerRequest) -> Self::Future {
        std::future::ready(Err((self.0)().into()))
    }
}

/// Service that panics wherever it can: as it is asked whether it is ready, as it is called, and as it works.
#[derive(Clone)]
struct Panicking {
    inner: HandlerService,
    times: Arc<AtomicUsize>,
}

impl Panicking {
    fn panics_at(&self, time: usize) {
        let is_now = self.times.compare_exchange(time, time + 1, Relaxed, Relaxed).is_ok();
        assert!(!is_now, "a deliberate panic");
    }
}

impl tower::Service<HandlerRequest> for Panicking {
    type Response = tidings::HandlerResponse;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut std::task::Context<'_>) -> Poll<Result<(), BoxError>> {
        self.panics_at(0);
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: HandlerRequest) -> Self::Future {
        self.panics_at(1);
        let mut own = self.clone();
        Box::pin(async move {
            own.panics_at(2);
            own.inner.call(request).await
        })
    }
}

async fn a_panic_in_a_layer_is_one_of_the_handler(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    let (sender, mut attempts) = mpsc::unbounded_channel();
    let times = Arc::new(AtomicUsize::new(0));
    let layer = tower::layer::layer_fn(move |inner: HandlerService| Panicking {
        inner,
        times: Arc::clone(&times),
    });
    let route = Route::of::<Sent>(told(sender)).retry(Retry::fixed(SHORT)).layer(layer);
    let running = Registry::new("shop").route(route).start(&bus).await.unwrap();
    bus.publish(&sent(1)).await.unwrap();
    assert_eq!(soon(attempts.recv()).await, Some(4));
    let report = running.shutdown().await.remove(0);
    assert_eq!((report.panicked, report.failed, report.handled), (3, 3, 1));
}

async fn a_layer_says_that_no_retry_helps(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    let (sender, mut attempts) = mpsc::unbounded_channel();
    let layer = tower::layer::layer_fn(refused(|| Failure::reject("not for us")));
    let route = Route::of::<Sent>(told(sender)).layer(layer);
    let running = Registry::new("shop").route(route).start(&bus).await.unwrap();
    bus.publish(&sent(1)).await.unwrap();
    let letter = letters(&bus.dead_letters("shop"), 1).await.remove(0);
    assert_eq!(letter.error(), "not for us");
    running.shutdown().await;
    assert!(attempts.try_recv().is_err(), "the handler was not called");
}

async fn a_request_that_a_layer_refuses_is_answered(env: Env) {
    let bus = env.bus();
    let stock = |check: Check, _: Context| async move {
        if check.quantity > 5 {
            Err(OutOfStock { available: 5 })
        } else {
            Ok(Stock { available: 5 })
        }
    };
    let route = Route::of::<Check>(stock).layer(TimeoutLayer::new(Duration::from_secs(5)));
    let running = Registry::new("shop").route(route).start(&bus).await.unwrap();
    assert_eq!(soon(bus.request(&Check { quantity: 1 })).await.unwrap(), Stock { available: 5 });
    let declared = soon(bus.request(&Check { quantity: 6 })).await.unwrap_err();
    assert!(
        matches!(declared, RequestError::Declared(OutOfStock { available: 5 })),
        "{declared:?}"
    );
    running.shutdown().await;

    let layer = tower::layer::layer_fn(refused(|| Failure::public("closed today")));
    let route = Route::of::<Check>(stock).layer(layer);
    let running = Registry::new("shop").route(route).start(&bus).await.unwrap();
    let refused = soon(bus.request(&Check { quantity: 1 })).await.unwrap_err();
    assert!(refused.to_string().contains("closed today"), "{refused}");
    running.shutdown().await;
}
