//! Records of what happened on a bus, and assertions on them.

use tidings::prelude::*;
use tidings::testing::{Answer, TestBus};
use tidings::{DeadLetterFilter, Verdict};

use super::{
    CheckInventory, InvoiceSent, Nonsense, OrderCreated, OutOfStock, Stock, failure, order, shop,
};

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

/// Pictures, some of which are large.
#[derive(EventStream)]
#[stream(name = "SCANS", subjects("scans.>"), large_store)]
struct Scans;

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "scans.taken", stream = Scans, large(over = "1KiB"))]
struct ScanTaken {
    image: String,
}

#[tokio::test(start_paused = true)]
async fn what_is_large_is_recorded_as_a_whole() {
    let test = TestBus::in_memory();
    let handler = |scan: ScanTaken, cx: Context| async move {
        match (scan.image.len(), cx.redriven()) {
            (2_000_000, 0) => Err(Failure::reject("no room")),
            _ => Ok(()),
        }
    };
    test.serve(Registry::new("archive").handle::<ScanTaken>(handler)).await.unwrap();
    let scans = || [10, 2_000_000, 5_000].map(|len| ScanTaken { image: "x".repeat(len) });
    for scan in &scans() {
        test.bus().publish(scan).await.unwrap();
    }
    test.wait_idle().await.unwrap();
    test.published::<ScanTaken>().assert_eq(&scans());
    let [small, large, medium] = scans();
    test.handled::<ScanTaken>().assert_eq(&[small, medium]);
    let aside = test.dead_lettered::<ScanTaken>();
    assert_eq!((&*aside[0], aside[0].error()), (&large, "no room"));
    test.bus().dead_letters("archive").redrive(DeadLetterFilter::all()).await.unwrap();
    test.wait_idle().await.unwrap();
    assert!(test.handled::<ScanTaken>().iter().any(|scan| **scan == large));
    test.undecodable::<ScanTaken>().assert_none();
    let catalog = Registry::new("archive").handle::<ScanTaken>(handler).catalog().unwrap();
    assert!(catalog.streams().any(|(name, _)| name == "OBJ_SCANS-large"));
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

/// An event that is put aside ends the wait, whatever put it aside.
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
