//! Redrive of what was put aside: once, in order, as it was; or it is purged.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tidings::prelude::*;
use tidings::{DeadLetterFilter, DeadLetterProgress, DeadLetterReason, Running};
use tokio::sync::mpsc;

use crate::support::condition::letters;
use crate::support::env::{Env, SHORT, SOON, never, next, soon};
use crate::support::message::{self, Parcels, Sent, sent};

scenarios! {
    every_bus:
        id_order_and_headers_are_kept,
        what_fails_again_remembers_how_often,
        what_is_put_back_keeps_its_origin,
        what_its_handler_published_before_is_not_stored_twice,
        only_the_consumer_that_failed,
        two_at_once_put_everything_back_once,
        where_the_stream_is_gone_letters_stay,
        purged_letters_are_those_that_are_meant;
}

/// Parts of a message that a handler saw.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Seen {
    number: u64,
    id: Option<String>,
    tenant: Vec<String>,
    redriven: u64,
}

type Sightings = mpsc::UnboundedReceiver<Seen>;

/// A registry that fails until it is mended, and then tells what it sees.
async fn patient(bus: &Bus, name: &str, mended: &Arc<AtomicBool>) -> (Running, Sightings) {
    let (sender, seen) = mpsc::unbounded_channel();
    let mended = Arc::clone(mended);
    let handler = move |event: Sent, cx: Context| {
        let sighting = Seen {
            number: event.number,
            id: cx.message_id().map(str::to_owned),
            tenant: cx.headers().get_all("tenant").map(str::to_owned).collect(),
            redriven: cx.redriven(),
        };
        let result = if mended.load(Ordering::SeqCst) {
            sender.send(sighting).map_err(Failure::from)
        } else {
            Err(Failure::reject("not yet"))
        };
        async move { result }
    };
    let route = Route::of::<Sent>(handler).concurrency(1);
    (Registry::new(name).route(route).start(bus).await.unwrap(), seen)
}

async fn sightings(seen: &mut Sightings, count: usize) -> Vec<Seen> {
    let mut all = Vec::new();
    for _ in 0..count {
        all.push(soon(seen.recv()).await.unwrap());
    }
    all
}

async fn id_order_and_headers_are_kept(env: Env) {
    let bus = env.bus();
    let mended = Arc::default();
    let (running, mut seen) = patient(&bus, "shop", &mended).await;
    let mut ids = Vec::new();
    for number in 1..=10 {
        let event = sent(number);
        let draft = bus.message(&event).header("tenant", "acme").header("tenant", "other");
        draft.publish().await.unwrap();
    }
    let aside = bus.dead_letters("shop");
    for letter in letters(&aside, 10).await {
        ids.push(letter.message_id().map(str::to_owned));
    }
    mended.store(true, Ordering::SeqCst);

    let planned = aside.redrive(DeadLetterFilter::all()).dry_run().await.unwrap();
    assert_eq!((planned.redriven, planned.failed), (10, 0));
    letters(&aside, 10).await;
    let mut steps: Vec<DeadLetterProgress> = Vec::new();
    let redrive = aside.redrive(DeadLetterFilter::all()).on_progress(|step| steps.push(step));
    let report = redrive.await.unwrap();
    assert_eq!((report.redriven, report.duplicates, report.failed), (10, 0, 0));
    assert!(report.errors.is_empty() && !report.stopped);
    assert_eq!(
        steps.iter().map(|step| step.seen).collect::<Vec<_>>(),
        (1..=10).collect::<Vec<_>>()
    );
    assert!(steps.iter().all(|step| step.total == 10), "{steps:?}");

    let tenant = vec!["acme".to_owned(), "other".to_owned()];
    let expected: Vec<Seen> = (1..=10)
        .zip(ids)
        .map(|(number, id)| Seen { number, id, tenant: tenant.clone(), redriven: 1 })
        .collect();
    assert_eq!(sightings(&mut seen, 10).await, expected);
    never(SHORT, seen.recv()).await;
    letters(&aside, 0).await;
    // The history shows both.
    let state = bus.stream::<Parcels>().state().await.unwrap();
    assert_eq!(state.messages, 20);
    running.shutdown().await;
}

async fn what_fails_again_remembers_how_often(env: Env) {
    let bus = env.bus();
    let mended = Arc::default();
    let (running, mut seen) = patient(&bus, "shop", &mended).await;
    bus.publish(&sent(1)).await.unwrap();
    let aside = bus.dead_letters("shop");
    let first = letters(&aside, 1).await.remove(0);
    for times in 1..=2 {
        let last = letters(&aside, 1).await.remove(0);
        assert_eq!(aside.redrive(last.sequence()).await.unwrap().redriven, 1);
        let again = loop {
            let again = letters(&aside, 1).await.remove(0);
            if again.sequence() != last.sequence() {
                break again;
            }
        };
        assert_eq!(again.redriven(), times);
        assert_eq!(again.message_id(), first.message_id());
    }
    mended.store(true, Ordering::SeqCst);
    aside.redrive(DeadLetterFilter::all()).await.unwrap();
    let [back] = sightings(&mut seen, 1).await.try_into().unwrap();
    assert_eq!((back.number, back.redriven), (1, 3));
    assert_eq!(back.id.as_deref(), first.message_id());
    running.shutdown().await;
}

async fn what_is_put_back_keeps_its_origin(env: Env) {
    let bus = env.bus();
    let (sender, mut seen) = mpsc::unbounded_channel();
    let handler = move |_event: Sent, cx: Context| {
        let origin = cx.origin().map(|at| (at.stream.to_owned(), at.sequence, at.stored_at));
        let place = (cx.sequence(), cx.stored_at());
        let told = sender.send((origin, place));
        async move {
            told?;
            if cx.redriven() == 0 { Err(Failure::reject("not yet")) } else { Ok(()) }
        }
    };
    let route = Route::of::<Sent>(handler).concurrency(1);
    let running = Registry::new("shop").route(route).start(&bus).await.unwrap();
    bus.publish(&sent(1)).await.unwrap();
    let (origin, (sequence, stored_at)) = soon(seen.recv()).await.unwrap();
    let (stream, at, since) = origin.clone().unwrap();
    assert_eq!((&*stream, Some(at), Some(since)), (Parcels::NAME, sequence, stored_at));

    let aside = bus.dead_letters("shop");
    letters(&aside, 1).await;
    aside.redrive(DeadLetterFilter::all()).await.unwrap();
    let (again, (place, _)) = soon(seen.recv()).await.unwrap();
    assert_eq!(again, origin);
    assert_ne!(place, sequence);
    running.shutdown().await;
}

async fn what_its_handler_published_before_is_not_stored_twice(env: Env) {
    let bus = env.bus();
    let handler = async |event: Sent, cx: Context| {
        let seen = message::Seen { number: event.number, region: event.region };
        cx.publish(&seen).await?;
        if cx.redriven() < 2 { Err(Failure::reject("not yet")) } else { Ok(()) }
    };
    let route = Route::of::<Sent>(handler).concurrency(1);
    let running = Registry::new("shop").route(route).start(&bus).await.unwrap();
    bus.publish(&sent(1)).await.unwrap();
    let aside = bus.dead_letters("shop");
    for times in 0..2 {
        let letter = letters(&aside, 1).await.remove(0);
        assert_eq!(letter.redriven(), times);
        assert_eq!(aside.redrive(letter.sequence()).await.unwrap().redriven, 1);
        tidings_tests::eventually(SOON, "it was handled again", || async {
            running.report()[0].rejected + running.report()[0].handled == times + 2
        })
        .await;
    }
    assert_eq!(running.report()[0].handled, 1);
    letters(&aside, 0).await;
    // The event and its two copies, and what follows from it, once.
    assert_eq!(bus.stream::<Parcels>().state().await.unwrap().messages, 4);
    running.shutdown().await;
}

async fn only_the_consumer_that_failed(env: Env) {
    let bus = env.bus();
    let (mended, well) = (Arc::default(), Arc::new(AtomicBool::new(true)));
    let (shop, mut in_shop) = patient(&bus, "shop", &mended).await;
    let (audit, mut in_audit) = patient(&bus, "audit", &well).await;
    let mut by_hand = bus.consume::<Sent>("by-hand").await.unwrap();
    bus.publish_all((1..=2).map(sent)).await.unwrap();
    sightings(&mut in_audit, 2).await;
    for _ in 1..=2 {
        next(&mut by_hand).await.ack_confirmed().await.unwrap();
    }
    let aside = bus.dead_letters("shop");
    let found = letters(&aside, 2).await;
    mended.store(true, Ordering::SeqCst);

    let only = aside.redrive(found[0].sequence()).only_failed_consumer();
    assert_eq!(only.await.unwrap().redriven, 1);
    assert_eq!(sightings(&mut in_shop, 1).await[0].number, 1);
    // To all of them, behind the first one.
    assert_eq!(aside.redrive(DeadLetterFilter::all()).await.unwrap().redriven, 1);
    assert_eq!(sightings(&mut in_shop, 1).await[0].number, 2);
    assert_eq!(sightings(&mut in_audit, 1).await[0].number, 2);
    let delivery = next(&mut by_hand).await;
    assert_eq!((delivery.number, delivery.redriven()), (2, 1));
    delivery.ack_confirmed().await.unwrap();
    never(SHORT, in_audit.recv()).await;
    never(SHORT, by_hand.next()).await;
    // Nobody acknowledges without a count.
    assert_eq!((by_hand.passed_over(), by_hand.unwarranted()), (1, 0));
    for (running, passed_over) in [(&shop, 0), (&audit, 1)] {
        let report = &running.report()[0];
        assert_eq!((report.passed_over, report.unwarranted), (passed_over, 0), "{report:?}");
    }
    // What was passed over is done, and the history has it.
    for name in ["by-hand", "audit-parcels_sent"] {
        let state = bus.stream::<Parcels>().consumer_state(name).await.unwrap();
        assert_eq!((state.pending, state.ack_pending), (0, 0), "{name}");
    }
    let mut history = bus.replay::<Sent>(DeliverFrom::Sequence(3)).await.unwrap();
    assert_eq!(next(&mut history).await.number, 1);
    assert_eq!(next(&mut history).await.number, 2);
    shop.shutdown().await;
    audit.shutdown().await;
}

async fn two_at_once_put_everything_back_once(env: Env) {
    let bus = env.bus();
    let mended = Arc::default();
    let (running, mut seen) = patient(&bus, "shop", &mended).await;
    bus.publish_all((1..=30).map(sent)).await.unwrap();
    let aside = bus.dead_letters("shop");
    letters(&aside, 30).await;
    mended.store(true, Ordering::SeqCst);
    let other = env.another_bus().await.dead_letters("shop");
    let one = tokio::spawn(async move { other.redrive(DeadLetterFilter::all()).await });
    let two = aside.redrive(DeadLetterFilter::all()).await.unwrap();
    let one = one.await.unwrap().unwrap();
    assert_eq!((one.failed, two.failed), (0, 0), "{one:?} {two:?}");
    assert_eq!(one.redriven + two.redriven - one.duplicates - two.duplicates, 30);

    let mut handled = BTreeMap::<u64, u32>::new();
    for sighting in sightings(&mut seen, 30).await {
        *handled.entry(sighting.number).or_default() += 1;
    }
    assert_eq!(handled, (1..=30).map(|number| (number, 1)).collect());
    never(SHORT, seen.recv()).await;
    letters(&aside, 0).await;
    running.shutdown().await;
}

async fn where_the_stream_is_gone_letters_stay(env: Env) {
    let bus = env.bus();
    let mended = Arc::default();
    let (running, _seen) = patient(&bus, "shop", &mended).await;
    bus.publish_all((1..=3).map(sent)).await.unwrap();
    let aside = bus.dead_letters("shop");
    letters(&aside, 3).await;
    running.shutdown().await;
    bus.stream::<Parcels>().delete().await.unwrap();
    let report = aside.redrive(DeadLetterFilter::all()).await.unwrap();
    // Each is told, also without `keep_going`: letters of another stream could go back.
    assert_eq!((report.redriven, report.failed, report.stopped), (0, 3, false));
    let error = report.errors[0].to_string();
    assert!(error.contains("parcels.eu.sent") && error.contains("PARCELS"), "{error}");
    let report = aside.redrive(DeadLetterFilter::all()).keep_going().await.unwrap();
    assert_eq!((report.redriven, report.failed, report.stopped), (0, 3, false));
    letters(&aside, 3).await;
}

async fn purged_letters_are_those_that_are_meant(env: Env) {
    let bus = env.bus();
    let handler = async |event: Sent, _: Context| match event.number % 2 {
        0 => Err::<(), _>(Failure::reject("even")),
        _ => Err(Failure::retry("odd")),
    };
    let route = Route::of::<Sent>(handler).concurrency(1).retry(Retry::never());
    let running = Registry::new("shop").route(route).start(&bus).await.unwrap();
    bus.publish_all((1..=6).map(sent)).await.unwrap();
    let aside = bus.dead_letters("shop");
    letters(&aside, 6).await;
    let odd = || DeadLetterFilter::all().reason(DeadLetterReason::Attempts);
    assert_eq!(aside.purge(odd()).dry_run().await.unwrap().purged, 3);
    assert_eq!(aside.purge(odd().limit(2)).await.unwrap().purged, 2);
    let numbers: Vec<u64> = letters(&aside, 4)
        .await
        .iter()
        .map(|letter| letter.decode::<Sent>().unwrap().number)
        .collect();
    assert_eq!(numbers, [2, 4, 5, 6]);

    let elsewhere = DeadLetterFilter::all().consumer("nobody");
    assert_eq!(aside.purge(elsewhere).await.unwrap().purged, 0);
    let all = DeadLetterFilter::all();
    assert_eq!(aside.purge(all.clone()).dry_run().await.unwrap().purged, 4);
    assert_eq!(aside.purge(all).await.unwrap().purged, 4);
    letters(&aside, 0).await;
    running.shutdown().await;
}
