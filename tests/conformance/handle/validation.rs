//! Payloads that their types read and their schemas refuse.

use tidings::prelude::*;
use tidings::{Batch, DeadLetterFilter, DeadLetterReason, RequestError, ServeError};
use tokio::sync::mpsc;

use crate::support::condition::letters;
use crate::support::env::{Env, soon};

scenarios! {
    every_bus:
        what_breaks_its_schema_is_put_aside_with_pointers,
        a_route_that_does_not_validate_handles_it,
        a_batch_keeps_its_valid_events,
        each_variant_and_version_has_its_schema,
        a_request_that_breaks_its_schema_is_refused,
        a_schema_that_can_not_be_used_is_refused_at_the_start;
}

#[derive(EventStream)]
#[stream(name = "BASKETS", subjects("baskets.>"))]
struct Baskets;

/// Ranges and patterns, which serde does not look at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "baskets.filled", stream = Baskets)]
struct Filled {
    #[event(id)]
    number: u64,
    #[schemars(regex(pattern = "^[A-Z]{3}$"))]
    currency: String,
    items: Vec<Item>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Item {
    #[serde(rename = "how/many")]
    #[schemars(range(min = 1, max = 9))]
    quantity: u32,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "baskets.emptied", version = 1, stream = Baskets)]
struct EmptiedV1 {
    #[event(id)]
    number: u64,
    #[schemars(length(max = 3))]
    by: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "baskets.emptied", version = 2, upcasts = EmptiedV1, stream = Baskets)]
struct Emptied {
    #[event(id)]
    number: u64,
    by: String,
}

impl Upcast<EmptiedV1> for Emptied {
    fn upcast(old: EmptiedV1) -> Self {
        Self { number: old.number, by: old.by }
    }
}

#[derive(Debug, Clone, PartialEq, Event)]
#[event(name = "baskets.any", stream = Baskets)]
enum AnyBasket {
    Filled(Filled),
    Emptied(Emptied),
}

#[derive(Debug, Serialize, Deserialize, JsonSchema, Request)]
#[request(subject = "prices.quote", reply = u32)]
struct Quote {
    #[schemars(range(max = 10))]
    quantity: u32,
}

fn filled(number: u64, currency: &str, quantities: &[u32]) -> Filled {
    let items = quantities.iter().map(|quantity| Item { quantity: *quantity }).collect();
    Filled { number, currency: currency.into(), items }
}

/// Publishes one event that is valid between two that are not.
async fn publish(bus: &Bus) {
    bus.publish(&filled(1, "EUR", &[1, 10])).await.unwrap();
    bus.publish(&filled(2, "EUR", &[1, 9])).await.unwrap();
    bus.publish(&filled(3, "€\u{1b}", &[])).await.unwrap();
}

async fn what_breaks_its_schema_is_put_aside_with_pointers(env: Env) {
    let bus = env.bus_with::<Baskets>().await;
    let (sender, mut numbers) = mpsc::unbounded_channel();
    let handler = move |event: Filled, _: Context| {
        let sent = sender.send(event.number).map_err(Failure::from);
        async move { sent }
    };
    let route = Route::of::<Filled>(handler.clone()).validate().validate();
    let running = Registry::new("till").route(route).start(&bus).await.unwrap();
    publish(&bus).await;
    let aside = bus.dead_letters("till");
    let mut errors = Vec::new();
    for letter in letters(&aside, 2).await {
        assert_eq!(*letter.reason(), DeadLetterReason::Undecodable);
        assert_eq!(letter.attempts(), Some(1));
        errors.push(letter.error().to_owned());
    }
    errors.sort();
    let range = "the payload on `baskets.filled` breaks the schema of `baskets.filled.v1`: \
                 /items/1/how~1many: value is greater than the maximum of 9";
    assert_eq!(errors[1], range);
    // The value, which anybody may have written, is not told.
    assert!(
        errors[0].contains("`baskets.filled.v1`: /currency: value") && !errors[0].contains('€'),
        "{}",
        errors[0]
    );
    assert_eq!(soon(numbers.recv()).await, Some(2));
    let report = running.shutdown().await.remove(0);
    assert_eq!((report.handled, report.undecodable, report.dead_lettered), (1, 2, 2));

    // Whoever has mended the handler takes them.
    let _running = Registry::new("till").handle::<Filled>(handler).start(&bus).await.unwrap();
    let report = aside.redrive(DeadLetterFilter::all()).await.unwrap();
    assert_eq!((report.redriven, report.failed), (2, 0));
    let mut both = [soon(numbers.recv()).await, soon(numbers.recv()).await];
    both.sort_unstable();
    assert_eq!(both, [Some(1), Some(3)]);
}

async fn a_route_that_does_not_validate_handles_it(env: Env) {
    let bus = env.bus_with::<Baskets>().await;
    let (sender, mut numbers) = mpsc::unbounded_channel();
    let handler = move |event: Filled, _: Context| {
        let sent = sender.send(event.number).map_err(Failure::from);
        async move { sent }
    };
    let _running = Registry::new("till").handle::<Filled>(handler).start(&bus).await.unwrap();
    publish(&bus).await;
    for _ in 0..3 {
        soon(numbers.recv()).await.unwrap();
    }
}

async fn a_batch_keeps_its_valid_events(env: Env) {
    let bus = env.bus_with::<Baskets>().await;
    let (sender, mut numbers) = mpsc::unbounded_channel();
    let handler = move |batch: Batch<Filled>, _: Context| {
        let all: Vec<u64> = batch.iter().map(|item| item.event().number).collect();
        let sent = sender.send(all).map_err(Failure::from);
        async move { sent }
    };
    publish(&bus).await;
    let route = Route::of::<Batch<Filled>>(handler).max_size(3).validate();
    let running = Registry::new("till").route(route).start(&bus).await.unwrap();
    assert_eq!(soon(numbers.recv()).await.unwrap(), [2]);
    letters(&bus.dead_letters("till"), 2).await;
    let report = running.shutdown().await.remove(0);
    assert_eq!((report.handled, report.undecodable), (1, 2));
}

async fn each_variant_and_version_has_its_schema(env: Env) {
    let bus = env.bus_with::<Baskets>().await;
    let (sender, mut events) = mpsc::unbounded_channel();
    let handler = move |event: AnyBasket, _: Context| {
        let sent = sender.send(event).map_err(Failure::from);
        async move { sent }
    };
    let route = Route::of::<AnyBasket>(handler).validate();
    let _running = Registry::new("till").route(route).start(&bus).await.unwrap();
    let long = || "somebody".to_owned();
    bus.publish(&EmptiedV1 { number: 1, by: long() }).await.unwrap();
    bus.publish(&Emptied { number: 2, by: long() }).await.unwrap();
    bus.publish(&filled(3, "EUR", &[0])).await.unwrap();
    assert_eq!(
        soon(events.recv()).await,
        Some(AnyBasket::Emptied(Emptied { number: 2, by: long() }))
    );
    let mut subjects: Vec<String> = letters(&bus.dead_letters("till"), 2)
        .await
        .iter()
        .map(|letter| letter.subject().to_owned())
        .collect();
    subjects.sort();
    assert_eq!(subjects, ["baskets.emptied", "baskets.filled"]);
}

async fn a_request_that_breaks_its_schema_is_refused(env: Env) {
    let bus = env.bus();
    let quote = |ask: Quote, _: Context| async move { Ok(ask.quantity * 2) };
    let registry = Registry::new("till").route(Route::of::<Quote>(quote).validate());
    let _running = registry.start(&bus).await.unwrap();
    assert_eq!(bus.request(&Quote { quantity: 10 }).await.unwrap(), 20);
    let refused = bus.request(&Quote { quantity: 11 }).await.unwrap_err();
    let RequestError::Service { code: 400, .. } = &refused else { panic!("{refused}") };
}

async fn a_schema_that_can_not_be_used_is_refused_at_the_start(env: Env) {
    #[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
    #[event(subject = "baskets.named", stream = Baskets)]
    struct Named {
        #[schemars(regex(pattern = "^(?!admin)"))]
        name: String,
    }

    let bus = env.bus();
    let handler = |_: Named, _: Context| async { Ok(()) };
    let registry = Registry::new("till").route(Route::of::<Named>(handler).validate());
    let refused = registry.start(&bus).await.unwrap_err();
    let ServeError::Option { option: "validate", problem, .. } = &refused else {
        panic!("{refused}")
    };
    assert!(problem.contains("baskets.named.v1") && problem.contains("look-around"), "{problem}");
}
