//! Headers that steer consumers, written by whoever may publish: they count with a redrive's
//! signature alone.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_nats::HeaderMap;
use tidings::DeadLetterFilter;
use tidings::prelude::*;
use tidings_tests::{Server, eventually};

use crate::{SOON, soon};

#[derive(EventStream)]
#[stream(name = "BIDS", subjects("bids.>"))]
struct Bids;

#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "bids.{lot}.made", stream = Bids)]
struct Made {
    lot: u64,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "bids.{lot}.noted", stream = Bids)]
struct Noted {
    lot: u64,
}

/// Publishes as any client may.
async fn forge(server: &Server, lot: u64, headers: &[(&str, &str)]) {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(*name, *value);
    }
    let jetstream = async_nats::jetstream::new(server.client().await);
    let payload = format!(r#"{{"lot":{lot}}}"#);
    let sent = jetstream.publish_with_headers(format!("bids.{lot}.made"), map, payload.into());
    sent.await.unwrap().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_publisher_writes_of_a_redrive_steers_nobody() {
    let server = Server::start().await;
    let bus = Bus::connect(server.url()).await.unwrap();
    let note = async |bid: Made, cx: Context| {
        cx.publish(&Noted { lot: 0 }).await?;
        if bid.lot == 9 && cx.redriven() == 0 { Err(Failure::reject("no")) } else { Ok(()) }
    };
    let shop = Registry::new("shop").handle::<Made>(note).start(&bus).await.unwrap();
    let all = Route::of::<Made>(async |_: Made, _: Context| Ok::<(), Failure>(()));
    let all = all.concurrency(1).ack_every(5);
    let audit = Registry::new("audit").route(all).start(&bus).await.unwrap();

    forge(&server, 1, &[("Tidings-Only", "BIDS/nobody")]).await;
    forge(&server, 2, &[("Tidings-Origin", "BIDS.1.1"), ("Tidings-Redriven", "3")]).await;
    forge(&server, 3, &[("Tidings-Origin", "BIDS.1.1"), ("Tidings-Message-Id", "a")]).await;
    let warrant = format!("BIDS.1.{}", "A".repeat(86));
    forge(&server, 4, &[("Tidings-Only", "BIDS/nobody"), ("Tidings-Warrant", &warrant)]).await;
    // A stream that is not there, and a name that is none.
    for (lot, letters) in [(5, "NOWHERE"), (6, "*"), (7, "")] {
        let warrant = format!("{letters}.1.{}", "A".repeat(86));
        forge(&server, lot, &[("Tidings-Only", "BIDS/nobody"), ("Tidings-Warrant", &warrant)])
            .await;
    }
    for running in [&shop, &audit] {
        eventually(SOON, "all are handled and counted", || async {
            let report = running.report().remove(0);
            let counts = (report.handled, report.unwarranted, report.passed_over);
            if counts == (7, 7, 0) { Ok(()) } else { Err(counts) }
        })
        .await;
    }
    // Two events are two, whatever they say of where they come from.
    assert_eq!(bus.stream::<Bids>().state().await.unwrap().messages, 7 + 7);

    // A redrive's own word is believed, and it is one of that message alone.
    bus.publish(&Made { lot: 9 }).await.unwrap();
    let aside = bus.dead_letters("shop");
    eventually(SOON, "a letter", || async {
        aside.count(DeadLetterFilter::all()).await.unwrap() == 1
    })
    .await;
    let last = bus.stream::<Bids>().state().await.unwrap().last_sequence;
    let only = aside.redrive(DeadLetterFilter::all()).only_failed_consumer();
    assert_eq!(only.await.unwrap().redriven, 1);
    let back =
        soon(bus.replay::<Made>(DeliverFrom::Sequence(last + 1)).await.unwrap().next()).await;
    let back = back.unwrap().unwrap();
    assert_eq!((back.lot, back.redriven()), (9, 1));
    let copied: Vec<(String, String)> = back
        .headers()
        .iter()
        .filter(|(name, _)| name.starts_with("Tidings-"))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let copied: Vec<_> =
        copied.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert!(copied.iter().any(|(name, _)| *name == "Tidings-Only"), "{copied:?}");
    forge(&server, 8, &copied).await;
    for (running, passed_over, handled) in [(&shop, 0, 9), (&audit, 1, 9)] {
        eventually(SOON, "it is handled where it may be", || async {
            let report = running.report().remove(0);
            let counts = (report.handled, report.unwarranted, report.passed_over);
            if counts == (handled, 8, passed_over) { Ok(()) } else { Err(counts) }
        })
        .await;
    }
    shop.shutdown().await;
    audit.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signature_outlives_a_restart_of_who_reads_it() {
    let server = Server::start().await;
    let bus = Bus::connect(server.url()).await.unwrap();
    let mended = Arc::new(AtomicBool::new(false));
    let well = Arc::clone(&mended);
    let handler = move |_: Made, _: Context| {
        let well = well.load(Ordering::SeqCst);
        async move { if well { Ok(()) } else { Err(Failure::reject("no")) } }
    };
    let shop = Registry::new("shop").handle::<Made>(handler).start(&bus).await.unwrap();
    let audit =
        || Registry::new("audit").handle::<Made>(async |_: Made, _: Context| Ok::<(), Failure>(()));
    let first = audit().start(&bus).await.unwrap();
    bus.publish(&Made { lot: 1 }).await.unwrap();
    let aside = bus.dead_letters("shop");
    eventually(SOON, "a letter", || async {
        aside.count(DeadLetterFilter::all()).await.unwrap() == 1
    })
    .await;
    eventually(SOON, "the other has it", || async { first.report()[0].handled == 1 }).await;
    first.shutdown().await;
    mended.store(true, Ordering::SeqCst);
    let only = aside.redrive(DeadLetterFilter::all()).only_failed_consumer();
    assert_eq!(only.await.unwrap().redriven, 1);
    // The letters are purged, and who put them back is known all the same.
    aside.purge(DeadLetterFilter::all()).await.unwrap();
    let second = audit().start(&bus).await.unwrap();
    for (running, handled, passed_over) in [(&shop, 1, 0), (&second, 0, 1)] {
        eventually(SOON, "it is handled where it failed", || async {
            let report = running.report().remove(0);
            let counts = (report.handled, report.passed_over, report.unwarranted);
            if counts == (handled, passed_over, 0) { Ok(()) } else { Err(counts) }
        })
        .await;
    }
    shop.shutdown().await;
    second.shutdown().await;
}
