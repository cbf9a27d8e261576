//! Promise 3: letters that refer to their original, which its stream keeps.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use tidings::prelude::*;
use tidings::{DeadLetterError, DeadLetterFilter, EventStream};
use tidings_tests::eventually;

use crate::support::condition::{holds, letters};
use crate::support::env::{BY_AND_BY, Env};
use crate::support::message::{Parcels, Sent, sent};

scenarios! {
    every_bus:
        a_letter_that_does_not_fit_refers_to_its_original,
        a_letter_that_refers_keeps_its_original_in_a_work_queue,
        letters_that_are_purged_by_their_subject_let_their_originals_go;
}

/// Stream from which a consumer takes away what it settles.
#[derive(EventStream)]
#[stream(name = "BULKS", subjects("bulks.>"), retention = "work_queue")]
struct Bulks;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "bulks.sent", stream = Bulks)]
struct Bulk {
    #[event(id)]
    number: u64,
    note: String,
}

/// Nearly as large as the server takes: nothing more fits beside it.
fn large() -> String {
    "x".repeat((1 << 20) - 120)
}

async fn a_letter_that_does_not_fit_refers_to_its_original(env: Env) {
    const COUNT: u64 = 18;
    let bus = env.bus();
    let mended = Arc::new(AtomicBool::default());
    let handler = {
        let mended = Arc::clone(&mended);
        move |event: Sent, _: Context| {
            let refused = event.number < 100 && !mended.load(Relaxed);
            async move { if refused { Err(Failure::reject("too much")) } else { Ok(()) } }
        }
    };
    let running = Registry::new("shop").handle::<Sent>(handler).start(&bus).await.unwrap();
    let bulk = |number| Sent { note: large(), ..sent(number) };
    for number in 0..COUNT {
        bus.publish(&bulk(number)).await.unwrap();
    }
    // They keep no place: another one is handled.
    bus.publish(&sent(100)).await.unwrap();
    eventually(BY_AND_BY, "the small one is handled", || async {
        running.report()[0].handled == 1
    })
    .await;
    let aside = bus.dead_letters("shop");
    let found = letters(&aside, 18).await;
    for letter in &found {
        assert!(letter.refers() && !letter.is_gone(), "{letter:?}");
        assert_eq!(letter.decode::<Sent>().unwrap().note.len(), large().len());
        assert!(letter.message_id().is_some());
    }
    assert_eq!(running.report()[0].dead_lettered, COUNT);

    mended.store(true, Relaxed);
    // One whose original is gone says so, and stays.
    let gone = found[0].original_sequence().unwrap();
    bus.stream::<Parcels>().delete_message(gone).await.unwrap();
    let report = aside.redrive(DeadLetterFilter::all()).keep_going().await.unwrap();
    assert_eq!((report.redriven, report.failed), (COUNT - 1, 1), "{report:?}");
    assert!(matches!(report.errors[0], DeadLetterError::Gone { original, .. } if original == gone));
    eventually(BY_AND_BY, "they are handled", || async { running.report()[0].handled == COUNT })
        .await;
    running.shutdown().await;
}

async fn a_letter_that_refers_keeps_its_original_in_a_work_queue(env: Env) {
    let bus = env.bus();
    let calls = Arc::new(AtomicU64::new(0));
    let handler = {
        let calls = Arc::clone(&calls);
        move |_: Bulk, _: Context| {
            let call = calls.fetch_add(1, Relaxed);
            async move { if call == 0 { Err(Failure::reject("too much")) } else { Ok(()) } }
        }
    };
    let running = Registry::new("shop").handle::<Bulk>(handler).start(&bus).await.unwrap();
    let event = Bulk { number: 1, note: large() };
    bus.publish(&event).await.unwrap();
    let aside = bus.dead_letters("shop");
    let found = letters(&aside, 1).await;
    assert_eq!(found[0].decode::<Bulk>().unwrap(), event);
    holds::<Bulks>(&bus, 1).await;
    assert_eq!(aside.redrive(found[0].sequence()).await.unwrap().redriven, 1);
    letters(&aside, 0).await;
    // The copy is handled, and the original is gone with its letter.
    holds::<Bulks>(&bus, 0).await;
    assert_eq!(calls.load(Relaxed), 2);
    running.shutdown().await;
}

/// Stream that keeps what any consumer has not settled.
#[derive(EventStream)]
#[stream(name = "NEWS", subjects("news.>"), retention = "interest")]
struct News;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "news.told", stream = News)]
struct Told {
    #[event(id)]
    number: u64,
    note: String,
}

/// A letter by its subject is purged by the server, which knows nothing of what the letter refers to.
async fn letters_that_are_purged_by_their_subject_let_their_originals_go(env: Env) {
    let bus = env.bus();
    let reject = async |_: Bulk, _: Context| Err::<(), _>(Failure::reject("too much"));
    let refuse = async |_: Told, _: Context| Err::<(), _>(Failure::reject("no news"));
    let small = async |_: Sent, _: Context| Err::<(), _>(Failure::reject("no"));
    let shop = Registry::new("shop").handle::<Bulk>(reject).handle::<Told>(refuse);
    let shop = shop.handle::<Sent>(small).start(&bus).await.unwrap();
    // It needs the same news, later.
    let (told, mut hears) = tokio::sync::mpsc::unbounded_channel();
    let is_open = Arc::new(AtomicBool::default());
    let hear = {
        let is_open = Arc::clone(&is_open);
        move |event: Told, _: Context| {
            let (told, is_open) = (told.clone(), is_open.load(Relaxed));
            async move {
                if !is_open {
                    return Err(Failure::retry("not yet"));
                }
                told.send(event.number).map_err(Failure::from)
            }
        }
    };
    let retry = Retry::fixed(Duration::from_millis(200)).max_attempts(1000);
    let desk = Registry::new("desk").route(Route::of::<Told>(hear).retry(retry));
    let desk = desk.start(&bus).await.unwrap();

    let draft = |number| Bulk { number, note: large() };
    bus.publish_all([draft(1), draft(2)]).await.unwrap();
    bus.publish(&Told { number: 3, note: large() }).await.unwrap();
    bus.publish(&sent(4)).await.unwrap();
    let aside = bus.dead_letters("shop");
    let found = letters(&aside, 4).await;
    assert_eq!(found.iter().filter(|letter| letter.refers()).count(), 3);
    holds::<Bulks>(&bus, 2).await;

    let planned = aside.purge(DeadLetterFilter::all()).dry_run().await.unwrap();
    assert_eq!(planned.purged, 4);
    holds::<Bulks>(&bus, 2).await;
    let elsewhere = DeadLetterFilter::all().consumer("nobody");
    assert_eq!(aside.purge(elsewhere).await.unwrap().purged, 0);
    let bulks = DeadLetterFilter::all().subject("bulks.>");
    assert_eq!(aside.purge(bulks).await.unwrap().purged, 2);
    holds::<Bulks>(&bus, 0).await;
    assert_eq!(aside.purge(DeadLetterFilter::all()).await.unwrap().purged, 2);
    letters(&aside, 0).await;
    // Whoever still needs it gets it, and then it is gone.
    holds::<News>(&bus, 1).await;
    is_open.store(true, Relaxed);
    assert_eq!(crate::support::env::soon(hears.recv()).await, Some(3));
    holds::<News>(&bus, 0).await;
    shop.shutdown().await;
    desk.shutdown().await;
}
