//! Two versions of a service beside each other: one knows events that the other does not, and both
//! read one durable consumer.

use std::time::Duration;

use tidings::prelude::*;
use tidings::{Batch, DeadLetterFilter, DecodeError, ReceiveError, RouteReport, Running};
use tidings_tests::eventually;

use crate::support::condition::letters;
use crate::support::env::{BY_AND_BY, Env, SHORT, soon};
use crate::support::shop::{Book, Created, Shop, ShopEvent, cancelled, created, text};

scenarios! {
    every_bus:
        what_an_instance_does_not_know_goes_to_one_that_does,
        what_was_given_back_has_all_its_attempts,
        what_a_consumer_made_again_gave_back_has_all_its_attempts,
        what_nobody_knows_is_put_aside_in_the_end,
        another_version_of_an_event_goes_to_who_knows_it,
        a_batch_holds_none_that_is_not_known,
        who_reads_alone_makes_way_for_one_that_knows,
        a_reader_by_hand_is_told_of_another_message;
}

/// Another version of the event on that subject, told apart by its headers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "shop.moved", name = "shop.moved", version = 1, tagged, stream = Shop)]
struct MovedV1 {
    #[event(id)]
    number: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "shop.moved", name = "shop.moved", version = 2, tagged, stream = Shop)]
struct MovedV2 {
    #[event(id)]
    number: u64,
}

/// Policy of many attempts with short waits.
fn patient() -> Retry {
    Retry::fixed(Duration::from_millis(20)).max_attempts(20)
}

fn old(book: &Book, retry: Retry) -> Registry {
    let book = book.clone();
    let handler = move |event: Created, _: Context| {
        book.enter("old", format!("created {}", event.number));
        async { Ok(()) }
    };
    let route = Route::of::<Created>(handler).durable("shop-work").retry(retry);
    Registry::new("shop").version("1.0.0").route(route)
}

fn new(book: &Book, retry: Retry) -> Registry {
    let book = book.clone();
    let handler = move |event: ShopEvent, _: Context| {
        book.enter("new", text(&event));
        async { Ok(()) }
    };
    let route = Route::of::<ShopEvent>(handler).durable("shop-work").retry(retry);
    Registry::new("shop").version("2.0.0").route(route)
}

/// Publishes events of each kind in turn.
async fn publish(bus: &Bus, numbers: std::ops::Range<u64>) {
    for number in numbers {
        bus.publish(&created(number)).await.unwrap();
        bus.publish(&cancelled(number)).await.unwrap();
    }
}

/// Asserts that every event of both kinds came once, and the cancelled ones by who knows them.
fn assert_known(entries: &[(&'static str, String)], numbers: std::ops::Range<u64>) {
    let mut all: Vec<&str> = entries.iter().map(|(_, what)| what.as_str()).collect();
    all.sort_unstable();
    let both = |number| [format!("cancelled {number}"), format!("created {number}")];
    let mut expected: Vec<String> = numbers.flat_map(both).collect();
    expected.sort_unstable();
    assert_eq!(all, expected);
    let wrong = |(who, what): &&(&str, String)| *who == "old" && what.starts_with("cancelled");
    assert_eq!(entries.iter().find(wrong), None);
}

async fn no_letters(bus: &Bus) {
    let count = bus.dead_letters("shop").count(DeadLetterFilter::all()).await.unwrap();
    assert_eq!(count, 0, "nothing is put aside");
}

async fn end(running: Running) -> RouteReport {
    running.shutdown().await.remove(0)
}

async fn what_an_instance_does_not_know_goes_to_one_that_does(env: Env) {
    let (bus, book) = (env.bus(), Book::default());
    let first = old(&book, patient()).start(&bus).await.unwrap();
    let second = new(&book, patient()).start(&env.another_bus().await).await.unwrap();
    publish(&bus, 0..40).await;
    assert_known(&book.all(80).await, 0..40);
    let (first, second) = (end(first).await, end(second).await);
    assert_eq!(first.handled + second.handled, 80);
    assert_eq!((first.undecodable, second.undecodable, second.given_back), (0, 0, 0));
    no_letters(&bus).await;
}

/// The one that does not know them is alone at first: each delivery to it was no attempt.
async fn what_was_given_back_has_all_its_attempts(env: Env) {
    for retry in [Retry::never(), Retry::fixed(SHORT).max_attempts(2)] {
        let (bus, book) = (env.another_bus().await, Book::default());
        // The consumer is the new version's, which goes at once.
        end(new(&book, retry.clone()).start(&bus).await.unwrap()).await;
        let first = old(&book, retry.clone()).start(&bus).await.unwrap();
        bus.publish(&cancelled(1)).await.unwrap();
        eventually(BY_AND_BY, "it is given back some times", || async {
            let given_back = first.report()[0].given_back;
            if given_back >= 4 { Ok(()) } else { Err(given_back) }
        })
        .await;
        end(first).await;
        // It fails as often as it may, and not once more or less.
        let (fails, handler) = (retry != Retry::never(), book.clone());
        let handler = move |event: ShopEvent, _: Context| {
            let is_first = handler.is_empty();
            handler.enter("new", text(&event));
            async move { if fails && is_first { Err(Failure::retry("not yet")) } else { Ok(()) } }
        };
        let route = Route::of::<ShopEvent>(handler).durable("shop-work").retry(retry.clone());
        let second = Registry::new("shop").version("2.0.0").route(route);
        let second = second.start(&bus).await.unwrap();
        let times = if fails { 2 } else { 1 };
        let expected = vec![("new", "cancelled 1".to_owned()); times];
        assert_eq!(book.all(times).await, expected, "{retry:?}");
        let report = end(second).await;
        assert_eq!((report.handled, report.failed), (1, times as u64 - 1), "{retry:?}");
        no_letters(&bus).await;
        bus.stream::<Shop>().delete().await.unwrap();
    }
}

/// A note on a consumer is gone with it: the one that is made again gets a note too.
async fn what_a_consumer_made_again_gave_back_has_all_its_attempts(env: Env) {
    let (bus, book) = (env.bus(), Book::default());
    end(new(&book, Retry::never()).start(&bus).await.unwrap()).await;
    let first = old(&book, Retry::never()).start(&bus).await.unwrap();
    let given_back = |times| {
        let first = &first;
        eventually(BY_AND_BY, "it is given back some times", move || async move {
            let given_back = first.report()[0].given_back;
            if given_back >= times { Ok(given_back) } else { Err(given_back) }
        })
    };
    bus.publish(&cancelled(1)).await.unwrap();
    // By then it has looked at the consumer, and knows which subjects the new version wants.
    let before = given_back(6).await;
    bus.stream::<Shop>().delete_consumer("shop-work").await.unwrap();
    given_back(before + 4).await;
    end(first).await;
    let second = new(&book, Retry::never()).start(&bus).await.unwrap();
    assert_eq!(book.all(1).await, [("new", "cancelled 1".to_owned())]);
    let report = end(second).await;
    assert_eq!((report.handled, report.failed), (1, 0));
    no_letters(&bus).await;
}

async fn what_nobody_knows_is_put_aside_in_the_end(env: Env) {
    let (bus, book) = (env.bus(), Book::default());
    end(new(&book, Retry::never()).start(&bus).await.unwrap()).await;
    let running = old(&book, Retry::never()).start(&bus).await.unwrap();
    bus.publish(&cancelled(1)).await.unwrap();
    bus.publish(&created(2)).await.unwrap();
    assert_eq!(book.all(1).await, [("old", "created 2".to_owned())], "others do not wait for it");
    let aside = bus.dead_letters("shop");
    eventually(BY_AND_BY, "it is put aside", || async {
        let report = running.report().remove(0);
        if report.dead_lettered == 1 { Ok(()) } else { Err(report) }
    })
    .await;
    let letter = letters(&aside, 1).await.remove(0);
    assert_eq!((letter.reason().as_str(), letter.attempts()), ("undecodable", Some(1)));
    assert_eq!(letter.subject(), "shop.eu.cancelled");
    let error = letter.error();
    for word in ["shop.eu.cancelled", "shop.created.v1", "by its subject"] {
        assert!(error.contains(word), "{error}");
    }
    let report = end(running).await;
    assert_eq!((report.given_back, report.undecodable, report.dead_lettered), (19, 1, 1));
}

async fn another_version_of_an_event_goes_to_who_knows_it(env: Env) {
    let (bus, book) = (env.bus_with::<Shop>().await, Book::default());
    let (one, two) = (book.clone(), book.clone());
    let one = move |event: MovedV1, _: Context| {
        one.enter("old", format!("v1 {}", event.number));
        async { Ok(()) }
    };
    let two = move |event: MovedV2, _: Context| {
        two.enter("new", format!("v2 {}", event.number));
        async { Ok(()) }
    };
    let one = Route::of::<MovedV1>(one).durable("moves").retry(patient());
    let two = Route::of::<MovedV2>(two).durable("moves").retry(patient());
    let first = Registry::new("shop").route(one).start(&bus).await.unwrap();
    let second = Registry::new("shop").route(two).start(&env.another_bus().await).await.unwrap();
    for number in 0..10 {
        bus.publish(&MovedV1 { number }).await.unwrap();
        bus.publish(&MovedV2 { number: number + 100 }).await.unwrap();
    }
    let mut all = book.all(20).await;
    all.sort_unstable();
    let old = (0..10).map(|number| ("old", format!("v1 {number}")));
    let new = (100..110).map(|number| ("new", format!("v2 {number}")));
    assert_eq!(all, new.chain(old).collect::<Vec<_>>());
    end(first).await;
    end(second).await;
    no_letters(&bus).await;
}

async fn a_batch_holds_none_that_is_not_known(env: Env) {
    let (bus, book) = (env.bus(), Book::default());
    let entries = book.clone();
    let handler = move |batch: Batch<Created>, _: Context| {
        for event in &batch {
            entries.enter("old", format!("created {}", event.number));
        }
        async { Ok(()) }
    };
    let route = Route::of::<Batch<Created>>(handler).durable("shop-work").retry(patient());
    let registry = Registry::new("shop").version("1.0.0");
    let first = registry.route(route.max_wait(SHORT)).start(&bus).await.unwrap();
    let second = new(&book, patient()).start(&env.another_bus().await).await.unwrap();
    publish(&bus, 0..20).await;
    assert_known(&book.all(40).await, 0..20);
    end(first).await;
    end(second).await;
    no_letters(&bus).await;
}

/// Instances of which one reads at a time: the one that can't go on lets the other one read.
async fn who_reads_alone_makes_way_for_one_that_knows(env: Env) {
    let (bus, book) = (env.bus(), Book::default());
    let entries = book.clone();
    let handler = move |event: Created, _: Context| {
        entries.enter("old", format!("created {}", event.number));
        async { Ok(()) }
    };
    let route = Route::of::<Created>(handler).durable("shop-work").retry(patient());
    let registry = Registry::new("shop").version("1.0.0");
    let first = registry.route(route.concurrency(1).ack_every(4)).start(&bus).await.unwrap();
    let entries = book.clone();
    let handler = move |event: ShopEvent, _: Context| {
        entries.enter("new", text(&event));
        async { Ok(()) }
    };
    let route = Route::of::<ShopEvent>(handler).durable("shop-work").retry(patient());
    let registry = Registry::new("shop").version("2.0.0");
    let route = route.concurrency(1).ack_every(4);
    let second = registry.route(route).start(&env.another_bus().await).await.unwrap();
    publish(&bus, 0..10).await;
    let all = book.all(20).await;
    assert_known(&all, 0..10);
    let report = end(first).await;
    assert_eq!((report.undecodable, report.dead_lettered), (0, 0));
    end(second).await;
    no_letters(&bus).await;
}

async fn a_reader_by_hand_is_told_of_another_message(env: Env) {
    let (bus, book) = (env.bus_with::<Shop>().await, Book::default());
    let mut reader = bus.consume::<Created>("shop-work").await.unwrap();
    end(new(&book, patient()).start(&env.another_bus().await).await.unwrap()).await;
    bus.publish(&cancelled(1)).await.unwrap();
    bus.publish(&created(2)).await.unwrap();
    let Some(Err(ReceiveError::Decode { source, acker })) = soon(reader.next()).await else {
        panic!("it is none of these");
    };
    let DecodeError::OtherMessage { subject, expected, found, .. } = &source else {
        panic!("{source:?}");
    };
    assert_eq!((subject.as_str(), expected.as_str()), ("shop.eu.cancelled", "shop.created.v1"));
    assert_eq!(found, "", "it carries no header");
    acker.expect("it can be settled").reject("not ours").await.unwrap();
    let known = soon(reader.next()).await.unwrap().unwrap();
    assert_eq!(known.event(), &created(2));
    known.ack().await.unwrap();
}
