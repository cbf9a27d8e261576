//! The harness for users' tests does what it says: it records, settles, makes things go wrong, and
//! its assertions say what happened.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test's own functions fail it"
)]

mod idle;
mod record;

use std::panic::{AssertUnwindSafe, catch_unwind};

use tidings::PublishError;
use tidings::prelude::*;
use tidings::testing::{Record, TestBus};

/// Everything that happens to an order.
#[derive(EventStream)]
#[stream(name = "ORDERS", subjects("orders.>"), allow_message_schedules)]
struct Orders;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "orders.{region}.created", stream = Orders)]
struct OrderCreated {
    #[event(id)]
    order: u64,
    region: String,
}

fn order(order: u64) -> OrderCreated {
    OrderCreated { order, region: "eu".into() }
}

/// A payload of another type on that subject.
#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "orders.{region}.created", stream = Orders)]
struct Nonsense {
    region: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "invoices.sent")]
struct InvoiceSent {
    order: u64,
    cents: u64,
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema, Request)]
#[request(subject = "inventory.check", reply = Stock, error = OutOfStock)]
struct CheckInventory {
    quantity: u32,
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Stock {
    available: u32,
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct OutOfStock;

impl std::fmt::Display for OutOfStock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("nothing left")
    }
}

impl std::error::Error for OutOfStock {}

struct Invoicing;

impl Handler<OrderCreated> for Invoicing {
    async fn handle(&self, order: OrderCreated, cx: Context) -> Result<(), Failure> {
        let stock = cx.request(&CheckInventory { quantity: 2 }).await?;
        let cents = u64::from(stock.available) * 100;
        cx.publish(&InvoiceSent { order: order.order, cents }).await?;
        Ok(())
    }
}

fn stock(quantity: u32) -> Result<Stock, OutOfStock> {
    if quantity > 10 { Err(OutOfStock) } else { Ok(Stock { available: quantity }) }
}

async fn count(_: InvoiceSent, _cx: Context) -> Result<(), Failure> {
    Ok(())
}

/// A handler of orders that fails before this attempt.
fn from_attempt(
    first: u64,
) -> impl Fn(OrderCreated, Context) -> std::future::Ready<Result<(), Failure>> {
    move |_, cx| {
        let failure = || Err(Failure::retry(std::io::Error::other("the database is away")));
        std::future::ready(if cx.attempt() < first { failure() } else { Ok(()) })
    }
}

/// Panic message of an assertion that fails.
fn failure(assertion: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(assertion)).expect_err("it must fail");
    *panic.downcast::<String>().expect("a text")
}

async fn shop() -> TestBus {
    let test = TestBus::in_memory();
    test.answer::<CheckInventory>(|ask| stock(ask.quantity)).await.unwrap();
    let shop = Registry::new("shop").handle::<OrderCreated>(Invoicing).handle::<InvoiceSent>(count);
    test.serve(shop).await.unwrap();
    test
}

#[tokio::test(start_paused = true)]
async fn faults_happen_as_often_as_they_are_asked_for() {
    let test = shop().await;
    test.faults().fail_publish::<OrderCreated>(1).fail_publish::<InvoiceSent>(2);
    let error = test.bus().publish(&order(1)).await.unwrap_err();
    assert!(matches!(error, PublishError::Unconfirmed { .. }), "{error:?}");
    let receipt = InvoiceSent { order: 0, cents: 0 };
    let error = test.bus().publish(&receipt).await.unwrap_err();
    assert!(matches!(error, PublishError::Unsent { .. }), "{error:?}");
    // The order's handler can't publish, and so it is retried.
    test.bus().publish(&order(1)).await.unwrap();
    test.wait_idle().await.unwrap();
    test.published::<OrderCreated>().assert_count(1);
    test.retried::<OrderCreated>().assert_count(1);
    test.published::<InvoiceSent>().assert_eq(&[InvoiceSent { order: 1, cents: 200 }]);

    test.forget();
    test.faults().fail_publish::<OrderCreated>(1);
    let some = test.bus().publish_all([order(8), order(9)]).await.unwrap_err();
    assert_eq!(some.first().unwrap().0, 0);
    test.wait_idle().await.unwrap();
    test.handled::<OrderCreated>().assert_eq(&[order(9)]);

    test.forget();
    test.faults().lose_ack::<OrderCreated>(1).redeliver::<OrderCreated>(1);
    test.bus().publish(&order(2)).await.unwrap();
    test.wait_idle().await.unwrap();
    let attempts: Vec<_> = test.handled::<OrderCreated>().iter().map(Record::attempt).collect();
    assert_eq!(attempts, [1, 2, 3], "handled, its ack lost; acked; delivered again all the same");

    let begun = tokio::time::Instant::now();
    test.faults().hold::<InvoiceSent>(Duration::from_secs(20));
    test.bus().publish(&InvoiceSent { order: 3, cents: 0 }).await.unwrap();
    test.wait_idle().await.unwrap();
    assert_eq!(begun.elapsed(), Duration::from_secs(20));
    test.faults().hold::<InvoiceSent>(Duration::ZERO);
    test.bus().publish(&InvoiceSent { order: 4, cents: 0 }).await.unwrap();
    test.wait_idle().await.unwrap();
    assert_eq!(begun.elapsed(), Duration::from_secs(20));
}

#[tokio::test]
async fn a_handler_alone() {
    let test = TestBus::in_memory();
    test.answer::<CheckInventory>(|ask| stock(ask.quantity)).await.unwrap();
    test.run(&Invoicing, order(1)).await.unwrap();
    test.published::<InvoiceSent>().assert_eq(&[InvoiceSent { order: 1, cents: 200 }]);

    let event = order(7);
    let cx = test.context(&event).attempt(3).sequence(7).header("tenant", "acme").build();
    assert_eq!((cx.attempt(), cx.sequence(), cx.stream()), (3, Some(7), Some("ORDERS")));
    assert_eq!(cx.message_id(), Some("orders.created/7"));
    assert_eq!(cx.headers().get("tenant"), Some("acme"));
    assert_eq!(cx.tokens::<OrderCreated>().unwrap().region, "eu");
    Invoicing.handle(event, cx).await.unwrap();
    test.asked::<CheckInventory>().assert_count(2);
    test.context(&order(1)).shutting_down().build().shutting_down().await;
}
