//! The harness for users' tests does what it says: it records, settles, makes things go wrong, and
//! its assertions say what happened.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test's own functions fail it"
)]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use tidings::prelude::*;
use tidings::testing::{Answer, NotIdleError, Record, TestBus, Unfinished};
use tidings::{DeadLetterFilter, PublishError, Verdict};

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

/// The same subject, another payload.
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

/// What an assertion that fails says.
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
async fn what_happens_is_recorded() {
    let test = shop().await;
    test.bus().message(&order(1)).header("tenant", "acme").publish().await.unwrap();
    test.bus().publish(&order(1)).await.unwrap();
    test.bus().publish_all([order(2), order(3)]).await.unwrap();
    test.wait_idle().await.unwrap();

    let orders = test.published::<OrderCreated>();
    orders.assert_eq(&[order(1), order(1), order(2), order(3)]);
    assert_eq!(orders[0].headers().get("tenant"), Some("acme"));
    assert_eq!(orders[0].message_id(), Some("orders.created/1"));
    assert_eq!(orders[0].subject(), "orders.eu.created");
    assert_eq!((orders[0].duplicate(), orders[1].duplicate()), (false, true));
    assert_eq!(orders[3].ack().unwrap().sequence, 3);

    let handled = test.handled::<OrderCreated>();
    handled.assert_any_order(&[order(3), order(2), order(1)]);
    assert_eq!((handled[0].attempt(), handled[0].sequence()), (1, Some(1)));
    test.published::<InvoiceSent>().assert_contains(&InvoiceSent { order: 2, cents: 200 });
    test.handled::<InvoiceSent>().assert_count(3);
    test.asked::<CheckInventory>().assert_count(3);
    let answers = test.answered::<CheckInventory>();
    assert!(answers.iter().all(|a| *a.answer() == Answer::Reply(Stock { available: 2 })));
    test.retried::<OrderCreated>().assert_none();

    test.forget();
    test.published::<OrderCreated>().assert_none();
    let reports = test.shutdown().await;
    assert_eq!(reports.iter().map(|report| report.handled).sum::<u64>(), 9);
}

#[tokio::test(start_paused = true)]
async fn answers_of_all_kinds() {
    let test = shop().await;
    let refused = test.bus().request(&CheckInventory { quantity: 11 }).await;
    assert!(refused.is_err());
    let answered = test.answered::<CheckInventory>();
    assert_eq!(*answered[0].answer(), Answer::Declared(OutOfStock));
    let asked = test.asked::<CheckInventory>();
    asked.assert_eq(&[CheckInventory { quantity: 11 }]);
    assert_eq!(asked[0].error(), Some("nothing left"));
    test.shutdown().await;

    let broken = |_: CheckInventory, _: Context| async { panic!("broken") };
    test.serve(Registry::new("stock").handle::<CheckInventory>(broken)).await.unwrap();
    test.forget();
    test.bus().request(&CheckInventory { quantity: 1 }).await.unwrap_err();
    let answered = test.answered::<CheckInventory>();
    assert_eq!(*answered[0].answer(), Answer::Failed("panic: broken".into()));
    test.failed::<CheckInventory>().assert_count(1);
}

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
async fn what_is_given_up() {
    let test = TestBus::in_memory();
    let reject = |_: OrderCreated, _: Context| async { Err(Failure::reject("no such customer")) };
    test.serve(Registry::new("shop").handle::<OrderCreated>(reject)).await.unwrap();
    test.bus().publish(&order(1)).await.unwrap();
    test.bus().publish(&Nonsense { region: "eu".into() }).await.unwrap();
    test.wait_idle().await.unwrap();
    let rejected = test.rejected::<OrderCreated>();
    rejected.assert_eq(&[order(1)]);
    assert_eq!(rejected[0].error(), "no such customer");
    let undecodable = test.undecodable::<OrderCreated>();
    assert_eq!(undecodable[0].message(), "{\"region\":\"eu\"}");
    assert!(undecodable[0].error().contains("missing field `order`"));
}

/// Whatever puts an event aside, `settle` ends with it.
#[tokio::test(start_paused = true)]
async fn what_is_put_aside() {
    let test = TestBus::in_memory();
    let handler = |event: OrderCreated, cx: Context| async move {
        match event.order {
            1 => Err(Failure::reject("no such customer")),
            2 => Err(Failure::retry("the database is away")),
            3 => panic!("broken"),
            4 => std::future::pending().await,
            5 => Err(Failure::retry("unpaid")),
            6 if cx.attempt() == 1 => Err(Failure::reject("busy")),
            7 => Err(Failure::retry_after(Duration::from_secs(3600), "closed")),
            _ => Ok(()),
        }
    };
    let minute = Duration::from_secs(60);
    let retry = Retry::fixed(minute).max_attempts(3).max_elapsed(minute * 10);
    let route = Route::of::<OrderCreated>(handler).retry(retry).deadline(Duration::from_secs(20));
    let route = route.classify(|failure| match failure.to_string().as_str() {
        "unpaid" => Verdict::Reject,
        "busy" => Verdict::Retry,
        _ => failure.verdict(),
    });
    test.serve(Registry::new("shop").route(route)).await.unwrap();
    test.bus().publish_all((1..=8).map(order)).await.unwrap();
    test.bus().publish(&Nonsense { region: "eu".into() }).await.unwrap();
    test.wait_idle().await.unwrap();

    let aside = test.dead_lettered::<OrderCreated>();
    let mut told: Vec<_> = aside
        .iter()
        .map(|record| (record.order, record.attempt(), record.reason().unwrap().as_str()))
        .collect();
    told.sort_unstable();
    assert_eq!(
        told,
        [
            (1, 1, "rejected"),
            (2, 3, "attempts"),
            (3, 3, "attempts"),
            (4, 3, "attempts"),
            (5, 1, "rejected"),
            (7, 1, "elapsed"),
        ]
    );
    let by_hand: Vec<_> = test.rejected::<OrderCreated>().iter().map(|r| r.order).collect();
    assert_eq!(by_hand, [1, 5]);
    let undecodable = test.undecodable::<OrderCreated>();
    undecodable.assert_count(1);
    assert_eq!(undecodable[0].reason(), None);
    let mut done: Vec<_> = test.handled::<OrderCreated>().iter().map(|r| r.order).collect();
    done.sort_unstable();
    assert_eq!(done, [6, 8]);
    test.failed::<OrderCreated>().assert_count(0);
    // All of them are where they belong.
    let letters = test.bus().dead_letters("shop").count(DeadLetterFilter::all()).await.unwrap();
    assert_eq!(letters, 7);
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

#[tokio::test]
async fn a_failure_shows_a_diff_and_what_else_happened() {
    let test = shop().await;
    test.bus().publish(&order(1)).await.unwrap();
    test.wait_idle().await.unwrap();
    let sent = test.published::<InvoiceSent>();
    let shown = failure(|| sent.assert_eq(&[InvoiceSent { order: 1, cents: 300 }]));
    for part in [
        "published `invoices.sent`: not as expected",
        "-     \"cents\": 300",
        "+     \"cents\": 200",
        "      \"order\": 1",
        "what else happened:",
        "handled      orders.created.v1 on orders.eu.created: {\"order\":1,\"region\":\"eu\"}",
    ] {
        assert!(shown.contains(part), "{part:?} is not in:\n{shown}");
    }
    let shown = failure(|| test.retried::<OrderCreated>().assert_count(1));
    assert!(shown.starts_with("retried `orders.created`: expected 1, there are 0"), "{shown}");
    let shown = failure(|| sent.assert_none());
    assert!(shown.contains("expected none, there are 1"), "{shown}");
    let shown = failure(|| sent.assert_any_order(&[]));
    assert!(shown.contains("+     \"order\": 1"), "{shown}");
    let shown = failure(|| sent.assert_contains(&InvoiceSent { order: 9, cents: 9 }));
    assert!(shown.contains("this is not among them"), "{shown}");
}

#[tokio::test]
async fn an_event_that_nobody_hears_says_so() {
    let test = TestBus::in_memory();
    test.bus().publish(&InvoiceSent { order: 1, cents: 1 }).await.unwrap();
    let shown = failure(|| test.handled::<InvoiceSent>().assert_count(1));
    assert!(shown.contains("(no route of this bus handles it)"), "{shown}");
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
