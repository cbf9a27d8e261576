//! Older versions of an event, received as the newest.

use tidings::prelude::*;
use tidings::{Batch, DeadLetterFilter, Running, TokenError};
use tokio::sync::mpsc;

use crate::support::condition::letters;
use crate::support::env::{Env, next, soon};

scenarios! {
    every_bus:
        a_mixed_stream_comes_as_the_newest_version,
        a_handler_gets_every_version,
        a_batch_holds_every_version,
        a_variant_holds_every_version,
        a_filter_narrows_every_version,
        an_older_program_leaves_what_is_newer,
        an_older_version_goes_back_from_the_letters_as_it_was;
}

#[derive(EventStream)]
#[stream(name = "ACCOUNTS", subjects("accounts.>", "customers.>"))]
struct Accounts;

/// The event as it was before anybody thought of another version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "accounts.{region}.opened", version = 1, stream = Accounts)]
struct OpenedV1 {
    #[event(id)]
    number: u64,
    region: String,
    owner: String,
}

/// A payload of another version on that subject.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "accounts.{region}.opened", version = 2, upcasts = OpenedV1, stream = Accounts)]
struct OpenedV2 {
    #[event(id)]
    number: u64,
    region: String,
    owner: Owner,
}

/// A version on another subject.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Event)]
#[event(
    subject = "customers.{branch}.{region}.opened",
    name = "accounts.opened",
    version = 3,
    upcasts = OpenedV2,
    stream = Accounts
)]
struct Opened {
    #[event(id)]
    number: u64,
    region: String,
    branch: u32,
    owner: Owner,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Owner {
    first: String,
    last: Option<String>,
}

impl Upcast<OpenedV1> for OpenedV2 {
    fn upcast(old: OpenedV1) -> Self {
        Self { number: old.number, region: old.region, owner: owner(&old.owner) }
    }
}

impl Upcast<OpenedV2> for Opened {
    fn upcast(old: OpenedV2) -> Self {
        Self { number: old.number, region: old.region, branch: 0, owner: old.owner }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "accounts.{region}.closed", stream = Accounts)]
struct Closed {
    #[event(id)]
    number: u64,
    region: String,
}

#[derive(Debug, Clone, PartialEq, Event)]
#[event(name = "accounts.any", stream = Accounts)]
enum AccountEvent {
    Opened(Opened),
    Closed(Closed),
}

fn owner(name: &str) -> Owner {
    let mut names = name.splitn(2, ' ').map(str::to_owned);
    Owner { first: names.next().unwrap_or_default(), last: names.next() }
}

/// Publishes one event of each version, numbered from `first` on, and told as it was at its time.
async fn publish(bus: &Bus, first: u64, region: &str) {
    let (number, region) = (first, region.to_owned());
    let oldest = OpenedV1 { number, region: region.clone(), owner: "Ada Lovelace".into() };
    let older = OpenedV2 { number: number + 1, region: region.clone(), owner: owner("Mary") };
    bus.publish(&oldest).await.unwrap();
    bus.publish(&older).await.unwrap();
    bus.publish(&newest(number + 2, &region)).await.unwrap();
}

fn newest(number: u64, region: &str) -> Opened {
    Opened { number, region: region.into(), branch: 7, owner: owner("Grace Hopper") }
}

/// Events of [`publish`] as whoever knows the newest version gets them.
fn expected(first: u64, region: &str) -> [Opened; 3] {
    let old =
        |number, name| Opened { number, region: region.to_owned(), branch: 0, owner: owner(name) };
    [old(first, "Ada Lovelace"), old(first + 1, "Mary"), newest(first + 2, region)]
}

async fn a_mixed_stream_comes_as_the_newest_version(env: Env) {
    let bus = env.bus_with::<Accounts>().await;
    let mut live = bus.subscribe::<Opened>().await.unwrap();
    let mut durable = bus.consume::<Opened>("ledger").await.unwrap();
    publish(&bus, 1, "eu").await;
    publish(&bus, 4, "us").await;
    let mut history = bus.replay::<Opened>(DeliverFrom::Beginning).await.unwrap();
    let mut heard = Vec::new();
    for event in expected(1, "eu").into_iter().chain(expected(4, "us")) {
        assert_eq!(next(&mut history).await.into_event(), event);
        let delivery = next(&mut durable).await;
        assert_eq!(*delivery, event);
        delivery.ack().await.unwrap();
        heard.push(next(&mut live).await.into_event());
    }
    // Several filters of one live subscription are not in order beside each other.
    heard.sort_by_key(|event| event.number);
    assert_eq!(heard, [expected(1, "eu"), expected(4, "us")].concat());
}

type Handled<E> = mpsc::UnboundedReceiver<E>;

/// A registry whose handler tells which events it got.
async fn serve(bus: &Bus) -> (Running, Handled<Opened>) {
    let (sender, events) = mpsc::unbounded_channel();
    let handler = move |event: Opened, _: Context| {
        let sent = sender.send(event).map_err(Failure::from);
        async move { sent }
    };
    (Registry::new("bank").handle::<Opened>(handler).start(bus).await.unwrap(), events)
}

/// The next ones that were handled, by their numbers.
async fn all<E>(handled: &mut Handled<E>, count: usize, number: impl Fn(&E) -> u64) -> Vec<E> {
    let mut events = Vec::new();
    for _ in 0..count {
        events.push(soon(handled.recv()).await.unwrap());
    }
    events.sort_by_key(number);
    events
}

async fn a_handler_gets_every_version(env: Env) {
    let bus = env.bus();
    let (running, mut handled) = serve(&bus).await;
    publish(&bus, 1, "eu").await;
    assert_eq!(all(&mut handled, 3, |event| event.number).await, expected(1, "eu"));
    let report = running.shutdown().await.remove(0);
    assert_eq!((report.handled, report.undecodable, report.given_back), (3, 0, 0));
}

async fn a_batch_holds_every_version(env: Env) {
    let bus = env.bus_with::<Accounts>().await;
    let (sender, mut events) = mpsc::unbounded_channel();
    let handler = move |batch: Batch<Opened>, _: Context| {
        let sender = sender.clone();
        async move {
            for item in batch {
                sender.send(item.into_parts().0)?;
            }
            Ok(())
        }
    };
    publish(&bus, 1, "eu").await;
    let registry = Registry::new("bank").route(Route::of::<Batch<Opened>>(handler));
    let _running = registry.start(&bus).await.unwrap();
    publish(&bus, 4, "us").await;
    let both = [expected(1, "eu"), expected(4, "us")].concat();
    assert_eq!(all(&mut events, 6, |event| event.number).await, both);
}

async fn a_variant_holds_every_version(env: Env) {
    let bus = env.bus_with::<Accounts>().await;
    publish(&bus, 1, "eu").await;
    let closed = Closed { number: 9, region: "eu".into() };
    bus.publish(&AccountEvent::Closed(closed.clone())).await.unwrap();
    bus.publish(&AccountEvent::Opened(newest(10, "us"))).await.unwrap();
    let mut events = bus.replay::<AccountEvent>(DeliverFrom::Beginning).await.unwrap();
    for event in expected(1, "eu") {
        assert_eq!(next(&mut events).await.into_event(), AccountEvent::Opened(event));
    }
    assert_eq!(next(&mut events).await.into_event(), AccountEvent::Closed(closed));
    assert_eq!(next(&mut events).await.into_event(), AccountEvent::Opened(newest(10, "us")));
}

async fn a_filter_narrows_every_version(env: Env) {
    let bus = env.bus_with::<Accounts>().await;
    publish(&bus, 1, "eu").await;
    publish(&bus, 4, "us").await;
    let filter = || Opened::filter().region("us");
    let mut history = bus.replay_of(filter(), DeliverFrom::Beginning).await.unwrap();
    for event in expected(4, "us") {
        assert_eq!(next(&mut history).await.into_event(), event);
    }
    // The older subjects do not say it.
    let refused = filter().branch(7u32).subjects().unwrap_err();
    assert_eq!((refused.field, refused.template), ("branch", "accounts.{region}.opened"));
    assert_eq!(refused.source, TokenError::NoPlace);
}

/// Two versions of a program share a consumer: each event is handled by one that knows it.
async fn an_older_program_leaves_what_is_newer(env: Env) {
    let bus = env.bus_with::<Accounts>().await;
    let (sender, mut handled) = mpsc::unbounded_channel();
    let older = sender.clone();
    let old = Route::of::<OpenedV1>(move |event: OpenedV1, _: Context| {
        let sent = older.send(("old", event.number)).map_err(Failure::from);
        async move { sent }
    });
    let new = Route::of::<OpenedV2>(move |event: OpenedV2, _: Context| {
        let sent = sender.send(("new", event.number)).map_err(Failure::from);
        async move { sent }
    });
    let registry = |version| Registry::new("bank").version(version);
    let patient = Retry::fixed(Duration::from_millis(20)).max_attempts(20);
    let old = old.durable("bank-opened").retry(patient.clone());
    let new = new.durable("bank-opened").retry(patient);
    let first = registry("1.0.0").route(old).start(&bus).await.unwrap();
    let second = registry("2.0.0").route(new).start(&env.another_bus().await).await.unwrap();
    for number in 0..20 {
        publish(&bus, number * 3, "eu").await;
    }
    let handled = all(&mut handled, 40, |(_, number)| *number).await;
    let numbers: Vec<u64> = handled.iter().map(|(_, number)| *number).collect();
    let expected: Vec<u64> = (0..20).flat_map(|number| [number * 3, number * 3 + 1]).collect();
    assert_eq!(numbers, expected, "each of the two versions once, and none of the third");
    let mistaken = handled.iter().find(|(who, number)| *who == "old" && number % 3 == 1);
    assert_eq!(mistaken, None);
    for running in [first, second] {
        assert_eq!(running.shutdown().await.remove(0).undecodable, 0);
    }
    assert_eq!(bus.dead_letters("bank").count(DeadLetterFilter::all()).await.unwrap(), 0);
}

async fn an_older_version_goes_back_from_the_letters_as_it_was(env: Env) {
    let bus = env.bus_with::<Accounts>().await;
    let refuse = |_: Opened, _: Context| async { Err(Failure::reject("not today")) };
    let refusing = Registry::new("bank").handle::<Opened>(refuse).start(&bus).await.unwrap();
    publish(&bus, 1, "eu").await;
    let aside = bus.dead_letters("bank");
    for letter in letters(&aside, 3).await {
        let is_oldest = letter.payload().windows(12).any(|part| part == b"Ada Lovelace");
        let tag = letter.headers().get("Tidings-Message");
        assert_eq!(tag.is_none(), is_oldest || letter.subject().starts_with("customers."));
    }
    refusing.shutdown().await;
    let (_running, mut handled) = serve(&bus).await;
    let report = aside.redrive(DeadLetterFilter::all()).await.unwrap();
    assert_eq!((report.redriven, report.failed), (3, 0));
    assert_eq!(all(&mut handled, 3, |event| event.number).await, expected(1, "eu"));
}
