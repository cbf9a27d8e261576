//! Promise 3: what can't be handled is put aside, whole, and nothing is given up before.

mod referring;

use std::time::{Duration, SystemTime};

use tidings::prelude::*;
use tidings::{
    DeadLetter, DeadLetterError, DeadLetterFilter, DeadLetterPolicy, DeadLetterReason, EventStream,
    Running,
};

use crate::support::condition::{holds, letters};
use crate::support::env::{Env, SHORT};
use crate::support::message::{NotSent, Parcels, Region, Sent, sent};

scenarios! {
    every_bus:
        a_sequence_is_one_condition_among_others,
        a_last_attempt_that_is_never_settled_says_how_many_there_were,
        a_letter_of_the_longest_subject_is_stored_and_put_back,
        a_letter_is_the_message_byte_for_byte,
        a_letter_says_why,
        where_letters_find_no_room_the_original_stays,
        letters_are_listed_by_what_they_say,
        what_there_is_not_is_named,
        without_letters_a_message_is_only_given_up;
}

/// A registry of this name whose handler rejects everything.
async fn rejecting(bus: &Bus, name: &str) -> Running {
    let reject = async |_: Sent, _: Context| Err::<(), _>(Failure::reject("no such parcel"));
    Registry::new(name).handle::<Sent>(reject).start(bus).await.unwrap()
}

/// The values of a header, in their order.
fn values<'a>(letter: &'a DeadLetter, name: &'a str) -> Vec<&'a str> {
    letter.headers().get_all(name).collect()
}

async fn a_letter_is_the_message_byte_for_byte(env: Env) {
    let bus = env.bus();
    let running = rejecting(&bus, "shop").await;
    let before = SystemTime::now() - Duration::from_secs(3600 * 24 * 365 * 100);
    let event = Sent { note: "größe \u{0} \"quoted\" 100%".into(), ..sent(7) };
    let draft = bus.message(&event).header("tenant", "acme").header("tenant", "other");
    let draft =
        draft.header("Empty", "").header("x-note", "a: b; c%20").ttl(Duration::from_secs(900));
    let ack = draft.publish().await.unwrap();

    let found = letters(&bus.dead_letters("shop"), 1).await;
    let letter = &found[0];
    assert_eq!(letter.payload(), &serde_json::to_vec(&event).unwrap());
    assert_eq!(values(letter, "tenant"), ["acme", "other"]);
    assert_eq!(values(letter, "empty"), [""]);
    assert_eq!(values(letter, "x-note"), ["a: b; c%20"]);
    assert_eq!(values(letter, "Nats-TTL"), ["900"]);
    assert_eq!(letter.headers().len(), 6, "{:?}", letter.headers());
    assert_eq!(letter.message_id(), letter.headers().get("Nats-Msg-Id"));
    assert!(letter.message_id().is_some());
    assert_eq!(letter.raw_headers(), None);
    assert_eq!(letter.decode::<Sent>().unwrap(), event);

    assert_eq!(letter.reason(), &DeadLetterReason::Rejected);
    assert!(letter.error().contains("no such parcel"), "{}", letter.error());
    assert_eq!((letter.attempts(), letter.redriven()), (Some(1), 0));
    assert_eq!((letter.subject(), letter.stream()), ("parcels.eu.sent", Parcels::NAME));
    assert_eq!(letter.consumer(), "shop-parcels_sent");
    assert_eq!(letter.original_sequence(), Some(ack.sequence));
    let [stored, first, last] =
        [letter.stored_at(), letter.first_failed_at(), letter.last_failed_at()].map(Option::unwrap);
    assert!(before < stored && stored <= first && first <= last, "{letter:?}");
    assert!(last <= letter.put_aside_at() + Duration::from_secs(60), "{letter:?}");
    running.shutdown().await;
}

async fn a_letter_says_why(env: Env) {
    let bus = env.bus();
    let flaky = async |event: Sent, cx: Context| match event.number {
        1 => Err(Failure::reject("never")),
        _ => Err(Failure::retry(format!("attempt {}", cx.attempt()))),
    };
    let retry = Retry::fixed(SHORT).max_attempts(3);
    let route = Route::of::<Sent>(flaky).retry(retry);
    let running = Registry::new("shop").route(route).start(&bus).await.unwrap();
    bus.publish_all((1..=2).map(sent)).await.unwrap();
    bus.publish(&NotSent { region: Region::Us, nonsense: true }).await.unwrap();

    let mut found = letters(&bus.dead_letters("shop"), 3).await;
    found.sort_by_key(DeadLetter::original_sequence);
    let told: Vec<_> = found
        .iter()
        .map(|letter| (letter.reason().as_str(), letter.attempts(), letter.subject()))
        .collect();
    assert_eq!(
        told,
        [
            ("rejected", Some(1), "parcels.eu.sent"),
            ("attempts", Some(3), "parcels.eu.sent"),
            ("undecodable", Some(1), "parcels.us.sent"),
        ]
    );
    assert!(found[1].error().contains("attempt 3"), "{}", found[1].error());
    let [first, last] = [found[1].first_failed_at(), found[1].last_failed_at()];
    assert!(last.unwrap() >= first.unwrap() + SHORT * 2, "{first:?} {last:?}");
    assert!(found[2].decode::<Sent>().is_err());
    running.shutdown().await;
}

/// A work queue, so that what is settled is gone.
#[derive(EventStream)]
#[stream(name = "JOBS", subjects("jobs.>"), retention = "work_queue")]
struct Jobs;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "jobs.{kind}.queued", stream = Jobs)]
struct Queued {
    #[event(id)]
    number: u64,
    kind: String,
}

fn queued(number: u64) -> Queued {
    Queued { number, kind: "small".into() }
}

async fn where_letters_find_no_room_the_original_stays(env: Env) {
    let (bus, ack_wait) = (env.bus(), Duration::from_millis(400));
    let reject = async |_: Queued, _: Context| Err::<(), _>(Failure::reject("no"));
    let route = Route::of::<Queued>(reject).ack_wait(ack_wait);
    let running = Registry::new("works")
        .dead_letters(DeadLetterPolicy::default().max_messages(1))
        .route(route.retry(Retry::never()))
        .start(&bus)
        .await
        .unwrap();
    bus.publish_all((1..=2).map(queued)).await.unwrap();
    let aside = bus.dead_letters("works");
    let found = letters(&aside, 1).await;
    holds::<Jobs>(&bus, 1).await;
    // Longer than the server would wait for who is dead.
    tokio::time::sleep(ack_wait * 3).await;
    holds::<Jobs>(&bus, 1).await;
    assert_eq!(letters(&aside, 1).await[0].sequence(), found[0].sequence());

    // As soon as there is room the other one goes the same way.
    let purged = aside.purge(found[0].sequence()).await.unwrap();
    assert_eq!(purged.purged, 1);
    let next = letters(&aside, 1).await;
    assert_ne!(next[0].original_sequence(), found[0].original_sequence());
    holds::<Jobs>(&bus, 0).await;
    running.shutdown().await;
}

async fn letters_are_listed_by_what_they_say(env: Env) {
    let bus = env.bus();
    let shared = || DeadLetterPolicy::stream("ASIDE");
    let reject = async |event: Sent, _: Context| match event.number {
        2 => Err(Failure::retry("busy")),
        _ => Err::<(), _>(Failure::reject("no")),
    };
    let route = Route::of::<Sent>(reject).concurrency(1).retry(Retry::never());
    let shop = Registry::new("shop").dead_letters(shared()).route(route);
    let shop = shop.start(&bus).await.unwrap();
    bus.publish(&sent(1)).await.unwrap();
    bus.publish(&Sent::new(2, Region::Us)).await.unwrap();
    let aside = bus.dead_letters_in("ASIDE");
    let before = letters(&aside, 2).await;
    // The third is put aside at a later time, also where time stands still while something is done.
    tokio::time::sleep(SHORT).await;
    let reject = async |_: Queued, _: Context| Err::<(), _>(Failure::reject("no"));
    let works = Registry::new("works").dead_letters(shared()).handle::<Queued>(reject);
    let works = works.start(&bus).await.unwrap();
    bus.publish(&queued(3)).await.unwrap();
    let all = letters(&aside, 3).await;
    assert_eq!(aside.count(DeadLetterFilter::all()).await.unwrap(), 3);

    let numbers = async |filter: DeadLetterFilter| {
        let mut numbers = Vec::new();
        let mut list = aside.list(filter);
        while let Some(letter) = list.next().await {
            let letter = letter.unwrap();
            let value: serde_json::Value = serde_json::from_slice(letter.payload()).unwrap();
            numbers.push(value["number"].as_u64().unwrap());
        }
        numbers
    };
    let of = DeadLetterFilter::all;
    assert_eq!(numbers(of()).await, [1, 2, 3]);
    assert_eq!(numbers(of().consumer("shop-parcels_sent")).await, [1, 2]);
    assert_eq!(numbers(of().stream("JOBS")).await, [3]);
    assert_eq!(numbers(of().subject("parcels.*.sent")).await, [1, 2]);
    assert_eq!(numbers(of().subject("parcels.us.>")).await, [2]);
    assert_eq!(numbers(of().reason(DeadLetterReason::Attempts)).await, [2]);
    assert_eq!(numbers(of().message_id(all[2].message_id().unwrap())).await, [3]);
    assert_eq!(numbers(of().limit(2)).await, [1, 2]);
    assert_eq!(numbers(of().since(all[2].put_aside_at())).await, [3]);
    assert_eq!(numbers(of().until(all[2].put_aside_at())).await, [1, 2]);
    assert_eq!(numbers(of().since(before[0].put_aside_at()).limit(1)).await, [1]);
    assert_eq!(numbers(all[1].sequence().into()).await, [2]);
    assert_eq!(aside.get(all[1].sequence()).await.unwrap().subject(), "parcels.us.sent");
    shop.shutdown().await;
    works.shutdown().await;
}

async fn what_there_is_not_is_named(env: Env) {
    let bus = env.bus();
    let missing = bus.dead_letters("nobody").list(DeadLetterFilter::all()).next().await;
    let Some(Err(DeadLetterError::NoStream { stream })) = missing else { panic!("{missing:?}") };
    assert_eq!(stream, "nobody-dead-letters");

    let running = rejecting(&bus, "shop").await;
    let aside = bus.dead_letters("shop");
    for error in [
        aside.get(7).await.unwrap_err(),
        aside.redrive(7).await.unwrap_err(),
        aside.purge(7).await.unwrap_err(),
    ] {
        assert!(matches!(error, DeadLetterError::NotFound { sequence: 7, .. }), "{error:?}");
    }
    for (filter, what) in [
        (DeadLetterFilter::all().stream("A.B"), "stream"),
        (DeadLetterFilter::all().consumer("*"), "consumer"),
        (DeadLetterFilter::all().subject("a..b"), "subject"),
    ] {
        let error = aside.purge(filter).await.unwrap_err();
        assert!(matches!(error, DeadLetterError::Filter { part, .. } if part == what), "{error:?}");
    }
    running.shutdown().await;
}

async fn without_letters_a_message_is_only_given_up(env: Env) {
    let bus = env.bus();
    let reject = async |_: Queued, _: Context| Err::<(), _>(Failure::reject("no"));
    let works = Registry::new("works").dead_letters(DeadLetterPolicy::off());
    let running = works.handle::<Queued>(reject).start(&bus).await.unwrap();
    bus.publish(&queued(1)).await.unwrap();
    holds::<Jobs>(&bus, 0).await;
    let error = bus.dead_letters("works").count(DeadLetterFilter::all()).await.unwrap_err();
    assert!(matches!(error, DeadLetterError::NoStream { .. }), "{error:?}");
    running.shutdown().await;
}

async fn a_sequence_is_one_condition_among_others(env: Env) {
    let bus = env.bus();
    let running = rejecting(&bus, "shop").await;
    bus.publish(&sent(1)).await.unwrap();
    let aside = bus.dead_letters("shop");
    let letter = letters(&aside, 1).await.remove(0);
    let this = || DeadLetterFilter::from(letter.sequence());
    for other in [
        this().stream("OTHER"),
        this().consumer("other"),
        this().subject("parcels.us.>"),
        this().reason(DeadLetterReason::Attempts),
        this().message_id("other"),
        this().until(letter.put_aside_at()),
        this().limit(0),
    ] {
        assert!(aside.list(other.clone()).next().await.is_none(), "{other:?}");
        assert_eq!(aside.redrive(other.clone()).await.unwrap().redriven, 0, "{other:?}");
        assert_eq!(aside.purge(other.clone()).await.unwrap().purged, 0, "{other:?}");
    }
    let wrong = aside.purge(this().subject("parcels..")).await.unwrap_err();
    assert!(matches!(wrong, DeadLetterError::Filter { part: "subject", .. }), "{wrong:?}");
    letters(&aside, 1).await;
    let all = this().stream("PARCELS").consumer(letter.consumer()).subject("parcels.*.sent");
    assert_eq!(aside.purge(all).await.unwrap().purged, 1);
    running.shutdown().await;
}

/// Last attempt whose instance dies with it.
async fn a_last_attempt_that_is_never_settled_says_how_many_there_were(env: Env) {
    let bus = env.bus();
    let (begun, mut begins) = tokio::sync::mpsc::unbounded_channel();
    let hangs = move |_: Sent, _: Context| {
        begun.send(()).unwrap();
        std::future::pending::<Result<(), Failure>>()
    };
    let route = |route: Route<Sent>| route.retry(Retry::never()).ack_wait(Duration::from_secs(1));
    let hung = route(Route::of::<Sent>(hangs)).progress_limit(Duration::ZERO);
    let hung = Registry::new("shop").route(hung).start(&bus).await.unwrap();
    bus.publish(&sent(1)).await.unwrap();
    crate::support::env::soon(begins.recv()).await.unwrap();
    drop(hung);
    let other = env.another_bus().await;
    let never = route(Route::of::<Sent>(async |_: Sent, _: Context| Ok::<_, Failure>(())));
    let running = Registry::new("shop").route(never).start(&other).await.unwrap();
    let letter = letters(&bus.dead_letters("shop"), 1).await.remove(0);
    assert_eq!(letter.reason(), &DeadLetterReason::Deliveries);
    assert_eq!(letter.attempts(), Some(1));
    assert_eq!(running.shutdown().await[0].handled, 0);
}

/// A stream whose subjects are as long as one can be.
#[derive(EventStream)]
#[stream(name = "SCROLLS", subjects("scrolls.>"))]
struct Scrolls;

#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "scrolls.{text}", stream = Scrolls)]
struct Written {
    text: String,
    #[event(id)]
    number: u64,
}

async fn a_letter_of_the_longest_subject_is_stored_and_put_back(env: Env) {
    let bus = env.bus_with::<Scrolls>().await;
    let reject = async |_: Written, _: Context| Err::<(), _>(Failure::reject("too long"));
    let running = Registry::new("library").handle::<Written>(reject).start(&bus).await.unwrap();
    let lengths = [2009, 2010, 2047, 2048];
    for (number, length) in (1..).zip(lengths) {
        let text = "x".repeat(length - "scrolls.".len());
        bus.publish(&Written { text, number }).await.unwrap();
    }
    let aside = bus.dead_letters("library");
    let found = letters(&aside, lengths.len()).await;
    let mut told: Vec<_> = found.iter().map(|letter| letter.subject().len()).collect();
    told.sort_unstable();
    assert_eq!(told, lengths);
    assert_eq!(running.shutdown().await[0].dead_lettered, 4);
    let report = aside.redrive(DeadLetterFilter::all()).await.unwrap();
    assert_eq!((report.redriven, report.failed), (4, 0), "{report:?}");
    letters(&aside, 0).await;
    holds::<Scrolls>(&bus, 8).await;
}
