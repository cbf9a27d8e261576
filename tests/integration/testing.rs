//! The harness for users' tests: the same test functions in this process and over a server.

use std::time::{Duration, Instant};

use tidings::prelude::*;
use tidings::testing::{Answer, Record, TestBus};
use tidings::{DecodeError, ReceiveError};
use tidings_tests::Server;

/// Makes two tests of each function.
macro_rules! over_both {
    ($($test:ident),* $(,)?) => {
        mod memory {
            $(#[tokio::test]
            async fn $test() {
                super::$test(super::TestBus::in_memory()).await.unwrap();
            })*
        }

        mod nats {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                let server = super::Server::start().await;
                let bus = tidings::Bus::connect(server.url()).await.unwrap();
                super::$test(super::TestBus::on(bus)).await.unwrap();
            })*
        }
    };
}

mod bucket;

over_both! {
    an_order_is_invoiced,
    it_settles_promptly,
    it_is_settled_when_it_says_so,
    core_events_reach_their_handlers,
    what_fails_is_retried,
    a_delayed_event_is_waited_for,
    a_cancelled_event_is_not_waited_for,
    records_are_seen_as_what_they_are,
    faults_happen,
    an_object_out_of_reach_is_read_again,
    many_messages_of_all_kinds,
}

type Outcome = Result<(), Box<dyn std::error::Error>>;

#[derive(EventStream)]
#[stream(name = "SALES", subjects("sales.>"))]
struct Sales;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "sales.{shop}.made", stream = Sales)]
struct SaleMade {
    #[event(id)]
    number: u64,
    shop: String,
}

fn sale(number: u64) -> SaleMade {
    SaleMade { number, shop: "north".into() }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "receipts.printed")]
struct ReceiptPrinted {
    number: u64,
    cents: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "sales.{shop}.booked", stream = Sales)]
struct SaleBooked {
    #[event(id)]
    number: u64,
    shop: String,
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema, Request)]
#[request(subject = "prices.find", reply = u64)]
struct FindPrice {
    number: u64,
}

async fn print(sale: SaleMade, cx: Context) -> Result<(), Failure> {
    let cents = cx.request(&FindPrice { number: sale.number }).await?;
    Ok(cx.publish(&ReceiptPrinted { number: sale.number, cents }).await?)
}

/// Handler of a core event that publishes back into the stream.
async fn book(receipt: ReceiptPrinted, cx: Context) -> Result<(), Failure> {
    cx.publish(&SaleBooked { number: receipt.number, shop: "north".into() }).await?;
    Ok(())
}

async fn file(_: SaleBooked, _cx: Context) -> Result<(), Failure> {
    // So that idleness has to be waited for.
    tokio::time::sleep(Duration::from_millis(1)).await;
    Ok(())
}

async fn serve(test: &TestBus) -> Outcome {
    test.answer::<FindPrice>(|ask| Ok(ask.number * 100)).await?;
    let till = Registry::new("till").handle::<SaleMade>(print);
    test.serve(till).await?;
    let books = Registry::new("books").handle::<ReceiptPrinted>(book).handle::<SaleBooked>(file);
    Ok(test.serve(books).await?)
}

async fn an_order_is_invoiced(test: TestBus) -> Outcome {
    serve(&test).await?;
    test.bus().publish(&sale(7)).await?;
    test.wait_idle().await?;

    test.published::<ReceiptPrinted>().assert_eq(&[ReceiptPrinted { number: 7, cents: 700 }]);
    test.handled::<SaleMade>().assert_eq(&[sale(7)]);
    test.handled::<SaleBooked>().assert_count(1);
    assert_eq!(*test.answered::<FindPrice>()[0].answer(), Answer::Reply(700));
    Ok(())
}

/// Records, such as an outbox's, have no type where they are sent.
async fn records_are_seen_as_what_they_are(test: TestBus) -> Outcome {
    test.serve(Registry::new("books").handle::<SaleBooked>(file)).await?;
    let bus = test.bus();
    let booked = SaleBooked { number: 7, shop: "north".into() };
    let record = bus.message(&booked).record()?;
    bus.publish_record(&record).await?;
    bus.publish_record(&record).await?;
    let printed = ReceiptPrinted { number: 7, cents: 700 };
    bus.publish_record(&bus.message(&printed).record()?).await?;
    let nowhere = tidings::Record::new("sales.north.lost", tidings::Headers::new(), "{}")?;
    bus.publish_record(&nowhere.in_stream("NONE")?).await.unwrap_err();
    test.wait_idle().await?;

    let published = test.published::<SaleBooked>();
    published.assert_eq(&[booked.clone(), booked.clone()]);
    assert!(!published[0].duplicate() && published[1].duplicate());
    assert_eq!(published[0].message_id(), Some("sales.booked/7"));
    test.published::<ReceiptPrinted>().assert_eq(&[printed]);
    test.published::<SaleMade>().assert_none();
    test.handled::<SaleBooked>().assert_eq(&[booked]);
    Ok(())
}

async fn it_settles_promptly(test: TestBus) -> Outcome {
    serve(&test).await?;
    let begun = Instant::now();
    for number in 0..10 {
        test.bus().publish(&sale(number)).await?;
        test.wait_idle().await?;
    }
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(10), "ten times {took:?}");
    Ok(())
}

async fn it_is_settled_when_it_says_so(test: TestBus) -> Outcome {
    serve(&test).await?;
    for number in 1..=50 {
        test.bus().publish(&sale(number)).await?;
        test.wait_idle().await?;
        let all = usize::try_from(number)?;
        test.handled::<SaleMade>().assert_count(all);
        test.handled::<ReceiptPrinted>().assert_count(all);
        test.handled::<SaleBooked>().assert_count(all);
    }
    Ok(())
}

/// Core events on their way, of which only their routes know.
async fn core_events_reach_their_handlers(test: TestBus) -> Outcome {
    let count = |_: ReceiptPrinted, _: Context| async { Ok(()) };
    let one_by_one = Route::of::<ReceiptPrinted>(count).concurrency(1);
    test.serve(Registry::new("till").route(one_by_one)).await?;
    test.serve(Registry::new("books").handle::<ReceiptPrinted>(count)).await?;
    for number in 1..=50 {
        test.bus().publish(&ReceiptPrinted { number, cents: 1 }).await?;
        test.wait_idle().await?;
        test.handled::<ReceiptPrinted>().assert_count(usize::try_from(number)? * 2);
    }
    test.forget();
    test.faults().hold::<ReceiptPrinted>(Duration::from_millis(5));
    let receipts = (1..=10).map(|number| ReceiptPrinted { number, cents: 1 });
    test.bus().publish_all(receipts).await?;
    test.wait_idle().await?;
    test.handled::<ReceiptPrinted>().assert_count(20);
    Ok(())
}

async fn what_fails_is_retried(test: TestBus) -> Outcome {
    let failing = |_: SaleMade, cx: Context| async move {
        if cx.attempt() < 4 { Err(Failure::retry("not yet")) } else { Ok(()) }
    };
    let retry = Retry::fixed(Duration::from_millis(50));
    let route = Route::of::<SaleMade>(failing).retry(retry);
    test.serve(Registry::new("till").route(route)).await?;
    test.bus().publish(&sale(1)).await?;
    test.wait_idle().await?;
    let attempts: Vec<_> = test.retried::<SaleMade>().iter().map(Record::attempt).collect();
    assert_eq!(attempts, [1, 2, 3]);
    test.handled::<SaleMade>().assert_count(1);
    Ok(())
}

#[derive(EventStream)]
#[stream(name = "REMINDERS", subjects("reminders.>"), allow_message_schedules)]
struct Reminders;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "reminders.{who}.due", stream = Reminders)]
struct Reminder {
    who: String,
}

async fn a_delayed_event_is_waited_for(test: TestBus) -> Outcome {
    let remind = |_: Reminder, _: Context| async { Ok(()) };
    test.serve(Registry::new("diary").handle::<Reminder>(remind)).await?;
    let reminder = Reminder { who: "ada".into() };
    let delay = Duration::from_millis(1500);
    test.bus().message(&reminder).delay(delay).publish().await?;
    test.wait_idle().await?;
    let published = test.published::<Reminder>();
    published.assert_eq(std::slice::from_ref(&reminder));
    assert_eq!(published[0].subject(), "reminders.ada.due");
    test.handled::<Reminder>().assert_eq(&[reminder]);
    Ok(())
}

/// An event that is cancelled or moved is waited for no longer than it stays, and a cancelled one leaves nothing.
async fn a_cancelled_event_is_not_waited_for(test: TestBus) -> Outcome {
    let remind = |_: Reminder, _: Context| async { Ok(()) };
    test.serve(Registry::new("diary").handle::<Reminder>(remind)).await?;
    let of = |who: &str| Reminder { who: who.into() };
    let hour = Duration::from_secs(3600);
    let cancelled = test.bus().message(&of("ada")).delay(hour).schedule().await?;
    let moved = test.bus().message(&of("bob")).delay(hour).schedule().await?;
    let recurring = test.bus().message(&of("cid")).every("@every 1h").schedule().await?;
    cancelled.cancel().await?;
    recurring.cancel().await?;
    moved.reschedule(Duration::from_millis(1200)).await?;
    test.wait_idle().await?;
    test.handled::<Reminder>().assert_eq(&[of("bob")]);
    Ok(())
}

async fn faults_happen(test: TestBus) -> Outcome {
    serve(&test).await?;
    test.faults().fail_publish::<ReceiptPrinted>(1);
    test.bus().publish(&sale(1)).await?;
    test.wait_idle().await?;
    test.retried::<SaleMade>().assert_count(1);
    test.published::<ReceiptPrinted>().assert_count(1);

    test.forget();
    test.faults().lose_ack::<SaleBooked>(1).redeliver::<SaleBooked>(1);
    test.faults().hold::<ReceiptPrinted>(Duration::from_millis(30));
    test.bus().publish(&sale(2)).await?;
    test.wait_idle().await?;
    let attempts: Vec<_> = test.handled::<SaleBooked>().iter().map(Record::attempt).collect();
    assert_eq!(attempts, [1, 2, 3]);
    Ok(())
}

async fn many_messages_of_all_kinds(test: TestBus) -> Outcome {
    serve(&test).await?;
    let sales: Vec<_> = (0..300).map(sale).collect();
    test.bus().publish_all(sales.clone()).await?;
    test.wait_idle().await?;
    test.published::<SaleMade>().assert_eq(&sales);
    test.handled::<SaleMade>().assert_any_order(&sales);
    test.handled::<ReceiptPrinted>().assert_count(300);
    test.handled::<SaleBooked>().assert_count(300);
    Ok(())
}

#[derive(EventStream)]
#[stream(name = "SCANS", subjects("scans.>"), large_store)]
struct Scans;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "scans.taken", stream = Scans, large(over = "1KiB"))]
struct ScanTaken {
    #[event(id)]
    number: u64,
    image: String,
}

async fn an_object_out_of_reach_is_read_again(test: TestBus) -> Outcome {
    let archive = |_: ScanTaken, _: Context| async { Ok(()) };
    let retry = Retry::fixed(Duration::from_millis(5)).max_attempts(4);
    let route = Route::of::<ScanTaken>(archive).retry(retry);
    test.serve(Registry::new("archive").route(route)).await?;
    let scan = |number| ScanTaken { number, image: "x".repeat(5000) };
    test.faults().hide_object::<ScanTaken>(2);
    test.bus().publish(&scan(1)).await?;
    test.wait_idle().await?;
    let handled = test.handled::<ScanTaken>();
    handled.assert_eq(&[scan(1)]);
    assert_eq!(handled[0].attempt(), 3);

    // By hand, and for longer than the handler is tried.
    test.faults().hide_object::<ScanTaken>(1);
    let mut work = test.bus().consume::<ScanTaken>("by-hand").await?;
    match work.next().await.ok_or("it is closed")? {
        Err(ReceiveError::Decode { source: DecodeError::Large { source, .. }, .. }) => {
            assert!(source.is_passing(), "{source}");
        }
        other => panic!("{other:?}"),
    }
    drop(work);
    test.faults().hide_object::<ScanTaken>(4);
    test.bus().publish(&scan(2)).await?;
    test.wait_idle().await?;
    test.dead_lettered::<ScanTaken>().assert_count(1);
    test.handled::<ScanTaken>().assert_count(1);
    Ok(())
}
