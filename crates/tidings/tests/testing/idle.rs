//! Waiting until a bus is idle: time that passes at once, and what keeps it from that.

use std::time::Instant;

use tidings::prelude::*;
use tidings::testing::{NotIdleError, TestBus, Unfinished};

use super::{InvoiceSent, OrderCreated, from_attempt, order};

#[tokio::test(start_paused = true)]
async fn an_hour_of_retries_passes_at_once() {
    let (begun, virtually) = (Instant::now(), tokio::time::Instant::now());
    let test = TestBus::in_memory();
    let retry = Retry::fixed(Duration::from_secs(60));
    let route = Route::of::<OrderCreated>(from_attempt(60)).retry(retry);
    test.serve(Registry::new("shop").route(route)).await.unwrap();
    test.bus().publish(&order(1)).await.unwrap();
    test.wait_idle().await.unwrap();

    let retried = test.retried::<OrderCreated>();
    retried.assert_count(59);
    assert_eq!((retried[58].attempt(), retried[58].sequence()), (59, Some(1)));
    assert_eq!(retried[0].error(), "the database is away");
    assert!(retried[0].delay() >= Some(Duration::from_secs(60)));
    assert_eq!(test.handled::<OrderCreated>()[0].attempt(), 60);
    assert!(virtually.elapsed() >= Duration::from_secs(59 * 60));
    assert!(begun.elapsed() < virtually.elapsed(), "took {:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn what_does_not_settle_is_listed() {
    let begun = Instant::now();
    let test = TestBus::in_memory();
    let hung = |_: InvoiceSent, _: Context| std::future::pending::<Result<(), Failure>>();
    let retry = Retry::fixed(Duration::from_secs(7200));
    let failing = Route::of::<OrderCreated>(from_attempt(u64::MAX)).retry(retry);
    test.serve(Registry::new("shop").route(failing)).await.unwrap();
    test.bus().publish(&order(1)).await.unwrap();
    let error = test.wait_idle_within(Duration::from_secs(3600)).await.unwrap_err();
    let NotIdleError::Left { waited, left } = &error else { panic!("{error:?}") };
    assert_eq!(*waited, Duration::from_secs(3600));
    let consumer = Unfinished::Consumer {
        stream: "ORDERS".into(),
        consumer: "shop-orders_created".into(),
        pending: 0,
        unsettled: 1,
        last_error: Some("the database is away".into()),
    };
    assert_eq!(*left, [consumer]);
    assert!(error.to_string().contains("shop-orders_created"), "{error}");

    test.serve(Registry::new("books").handle::<InvoiceSent>(hung)).await.unwrap();
    test.bus().publish(&InvoiceSent { order: 1, cents: 1 }).await.unwrap();
    let error = test.wait_idle().await.unwrap_err();
    let NotIdleError::Left { left, .. } = &error else { panic!("{error:?}") };
    let [Unfinished::Handler { message, .. }] = left.as_slice() else { panic!("{error}") };
    assert_eq!(message, "invoices.sent");
    assert!(begun.elapsed() < Duration::from_secs(20), "took {:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn what_will_never_be_handled_is_known_soon() {
    let (begun, virtually) = (Instant::now(), tokio::time::Instant::now());
    let test = TestBus::in_memory();
    let endless = Retry::fixed(Duration::from_secs(1));
    let route = Route::of::<OrderCreated>(from_attempt(u64::MAX)).retry(endless);
    test.serve(Registry::new("shop").route(route)).await.unwrap();
    test.bus().publish(&order(1)).await.unwrap();
    let error = test.wait_idle().await.unwrap_err().to_string();
    assert!(error.ends_with("last retried for: the database is away"), "{error}");
    test.retried::<OrderCreated>().assert_count(1000);
    assert!(virtually.elapsed() >= Duration::from_secs(999));
    assert!(begun.elapsed() < virtually.elapsed(), "took {:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_day_of_delay_passes_at_once() {
    let begun = tokio::time::Instant::now();
    let test = TestBus::in_memory();
    let handler = |_: OrderCreated, _: Context| async { Ok(()) };
    test.serve(Registry::new("shop").handle::<OrderCreated>(handler)).await.unwrap();
    let day = Duration::from_secs(23 * 3600);
    test.bus().message(&order(1)).delay(day).publish().await.unwrap();
    let error = test.wait_idle_within(Duration::from_secs(60)).await.unwrap_err().to_string();
    assert!(error.contains("`orders.created` on orders.eu.created is delivered in"), "{error}");
    test.wait_idle().await.unwrap();
    test.handled::<OrderCreated>().assert_count(1);
    assert!(begun.elapsed() >= day && begun.elapsed() < day * 2, "{:?}", begun.elapsed());
}
