//! Durable consumers and dead-letter streams that several registries, or versions of one, share.

use std::time::Duration;

use tidings::prelude::*;
use tidings::{
    ApplyConsumerError, DeadLetterPolicy, DifferenceKind, PlanAction, RouteState, ServeError,
    StreamConfig, SubscribeError, Topology,
};

use crate::support::env::{BY_AND_BY, Env, within};
use crate::support::shop::{Book, Cancelled, Created, Shop, ShopEvent, cancelled, created, text};

scenarios! {
    every_bus:
        a_restart_takes_no_filter_away,
        one_that_is_made_again_selects_what_others_asked_for,
        a_policy_that_was_replaced_stays_replaced,
        fewer_deliveries_are_asked_for_in_so_many_words,
        a_default_name_is_one_registry_s,
        a_consumer_that_was_changed_by_hand_is_said,
        registries_that_start_together_lose_no_subject,
        a_subject_of_letters_that_is_taken_away_comes_back;
}

const HOUR: Duration = Duration::from_secs(3600);

/// A version that knows one event.
fn old(book: &Book) -> Registry {
    let book = book.clone();
    let handler = move |event: Created, _: Context| {
        book.enter("old", format!("created {}", event.number));
        async { Ok(()) }
    };
    Registry::new("shop").route(Route::of::<Created>(handler).durable("shop-work"))
}

/// A version that knows one more.
fn new(book: &Book) -> Registry {
    let book = book.clone();
    let handler = move |event: ShopEvent, _: Context| {
        book.enter("new", text(&event));
        async { Ok(()) }
    };
    Registry::new("shop").route(Route::of::<ShopEvent>(handler).durable("shop-work"))
}

async fn once(bus: &Bus, registry: Registry) {
    registry.start(bus).await.unwrap().shutdown().await;
}

async fn a_restart_takes_no_filter_away(env: Env) {
    let (bus, book) = (env.bus(), Book::default());
    once(&bus, old(&book)).await;
    let wider = new(&book).plan(&bus).await.unwrap().consumers.remove(0);
    assert_eq!(wider.action, PlanAction::Change, "{wider}");
    assert!(wider.to_string().contains("from before where the consumer stands"), "{wider}");
    once(&bus, new(&book)).await;

    // The old version again, as a rollback or a node that comes back: five that it does not know.
    once(&bus, old(&book)).await;
    for number in 0..5 {
        bus.publish(&cancelled(number)).await.unwrap();
    }
    once(&bus, old(&book).consumers(Topology::CreateOnly)).await;
    let running = new(&book).start(&bus).await.unwrap();
    let all: Vec<_> = (0..5).map(|number| ("new", format!("cancelled {number}"))).collect();
    let mut handled = book.all(5).await;
    handled.sort_unstable();
    assert_eq!(handled, all);
    running.shutdown().await;

    // It is said what would be lost, and done where that is allowed.
    let plan = old(&book).plan(&bus).await.unwrap();
    let narrower = &plan.consumers[0];
    let refused: Vec<_> = narrower.refused().map(|d| (d.field.as_str(), d.kind)).collect();
    assert_eq!(refused, [("filter_subjects", DifferenceKind::Lossy)]);
    for word in ["shop.*.cancelled, shop.created -> shop.created", "loses messages", "nobody"] {
        assert!(narrower.to_string().contains(word), "{narrower}");
    }
    let error = bus.apply_consumer(narrower.clone()).await.unwrap_err();
    assert!(matches!(&error, ApplyConsumerError::Refused { plan } if **plan == *narrower));
    assert!(error.to_string().contains("shop-work"), "{error}");
    let narrower = plan.allow_data_loss().consumers.remove(0);
    bus.apply_consumer(narrower.clone()).await.unwrap();
    let after = old(&book).plan(&bus).await.unwrap().consumers.remove(0);
    assert_eq!(after.action, PlanAction::Nothing, "{after}");
    let again = bus.apply_consumer(narrower).await.unwrap_err();
    assert!(matches!(&again, ApplyConsumerError::Changed { .. }), "{again:?}");
}

async fn one_that_is_made_again_selects_what_others_asked_for(env: Env) {
    let (bus, book) = (env.bus(), Book::default());
    once(&bus, new(&book)).await;
    let running = old(&book).start(&bus).await.unwrap();
    bus.publish(&created(1)).await.unwrap();
    book.all(1).await;
    bus.stream::<Shop>().delete_consumer("shop-work").await.unwrap();
    bus.publish(&cancelled(1)).await.unwrap();
    bus.publish(&created(2)).await.unwrap();
    assert_eq!(book.all(2).await[1], ("old", "created 2".to_owned()));
    running.shutdown().await;
    let running = new(&book).start(&bus).await.unwrap();
    assert_eq!(book.all(3).await[2], ("new", "cancelled 1".to_owned()));
    running.shutdown().await;
}

fn waits(registry: Registry, wait: Duration, book: &Book) -> Registry {
    let book = book.clone();
    let handler = move |event: Created, _: Context| {
        book.enter("shop", format!("created {}", event.number));
        async { Ok(()) }
    };
    registry.route(Route::of::<Created>(handler).durable("shop-work").ack_wait(wait))
}

/// The part of what is asked for that would be changed.
async fn fields(bus: &Bus, registry: &Registry) -> Vec<(String, DifferenceKind)> {
    let plan = registry.plan(bus).await.unwrap().consumers.remove(0);
    plan.differences.into_iter().map(|d| (d.field, d.kind)).collect()
}

fn kinds(kind: DifferenceKind) -> Vec<(String, DifferenceKind)> {
    vec![("ack_wait".to_owned(), kind), ("backoff".to_owned(), kind)]
}

async fn a_policy_that_was_replaced_stays_replaced(env: Env) {
    let (bus, book) = (env.bus(), Book::default());
    let shop = |version: &str, wait| waits(Registry::new("shop").version(version), wait, &book);
    let (first, second) = (|| shop("1.0.0", HOUR), || shop("1.0.0", HOUR * 2));
    once(&bus, first()).await;
    assert_eq!(fields(&bus, &second()).await, kinds(DifferenceKind::Mutable));
    once(&bus, second()).await;
    assert_eq!(fields(&bus, &second()).await, []);
    // An instance of the version before, started again, as often as you like.
    for _ in 0..2 {
        once(&bus, first()).await;
        assert_eq!(fields(&bus, &second()).await, [], "it is left");
        assert_eq!(fields(&bus, &first()).await, kinds(DifferenceKind::Owned));
    }
    // So is another registry, whatever its version.
    let depot = || Registry::new("depot").version("9.0.0").dead_letters(DeadLetterPolicy::off());
    let other = || waits(depot(), HOUR / 2, &book);
    once(&bus, other()).await;
    assert_eq!(fields(&bus, &second()).await, [], "it is left");

    // A later version is heard, and what it makes shorter is said to repeat messages.
    let third = || shop("1.1.0", HOUR);
    assert_eq!(fields(&bus, &third()).await, kinds(DifferenceKind::Repeating));
    once(&bus, third()).await;
    assert_eq!(fields(&bus, &third()).await, []);
    once(&bus, second()).await;
    assert_eq!(fields(&bus, &third()).await, [], "it is left");
    // And so is whoever says so.
    let plan = other().plan(&bus).await.unwrap().consumers.remove(0);
    assert_eq!(plan.action, PlanAction::Refuse, "{plan}");
    bus.apply_consumer(plan.take_over()).await.unwrap();
    assert_eq!(fields(&bus, &other()).await, []);
    assert_eq!(fields(&bus, &third()).await, kinds(DifferenceKind::Owned));
}

async fn fewer_deliveries_are_asked_for_in_so_many_words(env: Env) {
    let (bus, book) = (env.bus(), Book::default());
    let tries = |version: &str, attempts| {
        let book = book.clone();
        let handler = move |event: Created, _: Context| {
            book.enter("shop", format!("created {}", event.number));
            async { Ok(()) }
        };
        let retry = Retry::fixed(HOUR).max_attempts(attempts);
        let route = Route::of::<Created>(handler).durable("shop-work").retry(retry);
        Registry::new("shop").version(version).route(route)
    };
    once(&bus, tries("1.0.0", 5)).await;
    let fewer = || tries("1.0.1", 2);
    let lossy = vec![("max_deliver".to_owned(), DifferenceKind::Lossy)];
    assert_eq!(fields(&bus, &fewer()).await, lossy);
    once(&bus, fewer()).await;
    assert_eq!(fields(&bus, &fewer()).await, lossy, "it is left");
    let plan = fewer().plan(&bus).await.unwrap().consumers.remove(0);
    bus.apply_consumer(plan.allow_data_loss()).await.unwrap();
    assert_eq!(fields(&bus, &fewer()).await, []);
}

/// Two events whose default names, with two registries, are one.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "shop.orders", name = "orders", stream = Shop)]
struct Orders {}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "shop.eu-orders", name = "eu-orders", stream = Shop)]
struct EuOrders {}

async fn a_default_name_is_one_registry_s(env: Env) {
    let bus = env.bus();
    let one = async |_: Orders, _: Context| Ok(());
    let other = async |_: EuOrders, _: Context| Ok(());
    let running = Registry::new("shop-eu").handle::<Orders>(one).start(&bus).await.unwrap();
    let error = Registry::new("shop").handle::<EuOrders>(other).start(&bus).await.unwrap_err();
    let ServeError::Subscribe {
        source: SubscribeError::Taken { stream: "SHOP", consumer, theirs, ours, .. },
        ..
    } = &error
    else {
        panic!("{error:?}");
    };
    assert_eq!(
        (consumer.as_str(), theirs.registry.as_str(), ours.registry.as_str()),
        ("shop-eu-orders", "shop-eu", "shop")
    );
    for word in ["`orders`", "`eu-orders`", "`shop-eu`", "`shop`", ".durable("] {
        assert!(error.to_string().contains(word), "{error}");
    }
    assert!(Registry::new("shop").handle::<EuOrders>(other).plan(&bus).await.is_err());
    // With a name of its own it runs beside the first.
    let route = Route::of::<EuOrders>(other).durable("shop-orders-of-eu");
    let beside = Registry::new("shop").route(route).start(&bus).await.unwrap();
    once(&bus, Registry::new("shop-eu").handle::<Orders>(one)).await;
    beside.shutdown().await;
    running.shutdown().await;
}

async fn a_consumer_that_was_changed_by_hand_is_said(env: Env) {
    let (bus, book) = (env.bus(), Book::default());
    let running = old(&book).start(&bus).await.unwrap();
    bus.publish(&created(1)).await.unwrap();
    book.all(1).await;
    let control = running.control();
    let becomes = async |is_meant: fn(&RouteState) -> bool| {
        let come = async {
            loop {
                let changed = control.changed();
                let state = control.status().remove(0).state;
                if is_meant(&state) {
                    return state;
                }
                changed.await;
            }
        };
        within(BY_AND_BY, come).await
    };
    assert_eq!(control.status()[0].state, RouteState::Running);
    // Somebody lets it deliver something else.
    let handler = async |_: Cancelled, _: Context| Ok(());
    let route = Route::of::<Cancelled>(handler).durable("shop-work");
    let by_hand = Registry::new("shop").route(route).plan(&bus).await.unwrap();
    let by_hand = by_hand.allow_data_loss().consumers.remove(0);
    bus.apply_consumer(by_hand).await.unwrap();
    let state = becomes(|state| matches!(state, RouteState::Failing { .. })).await;
    let RouteState::Failing { error, .. } = state else { unreachable!() };
    for word in ["shop-work", "SHOP", "shop.*.cancelled -> shop.created"] {
        assert!(error.contains(word), "{error}");
    }
    // And back.
    let mended = old(&book).plan(&bus).await.unwrap().allow_data_loss().consumers.remove(0);
    bus.apply_consumer(mended).await.unwrap();
    becomes(|state| *state == RouteState::Running).await;
    bus.publish(&created(2)).await.unwrap();
    book.all(2).await;
    running.shutdown().await;
}

const NAMES: [&str; 8] = ["s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7"];

/// The stream of all their letters, as an operator knows it.
#[derive(EventStream)]
#[stream(name = "LETTERS", subjects("_dead_letters.LETTERS.>"))]
struct Letters;

fn advisory(name: &str) -> String {
    format!("$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.SHOP.{name}-shop_created")
}

async fn kept(bus: &Bus) -> StreamConfig {
    bus.stream::<Letters>().config().await.unwrap().expect("it is there")
}

fn sharing(name: &str) -> Registry {
    let handler = async |_: Created, _: Context| Ok(());
    let policy = DeadLetterPolicy::stream("LETTERS");
    Registry::new(name).dead_letters(policy).handle::<Created>(handler)
}

async fn registries_that_start_together_lose_no_subject(env: Env) {
    let mut buses = Vec::new();
    for _ in NAMES {
        buses.push(env.another_bus().await);
    }
    for _ in 0..8 {
        let starting = NAMES.iter().zip(&buses).map(|(name, bus)| {
            let (registry, bus) = (sharing(name), bus.clone());
            tokio::spawn(async move { registry.start(&bus).await.unwrap() })
        });
        let starting: Vec<_> = starting.collect();
        let mut running = Vec::new();
        for started in starting {
            running.push(started.await.unwrap());
        }
        let subjects = kept(&buses[0]).await.subjects;
        for name in NAMES {
            assert!(subjects.contains(&advisory(name)), "{name} is not in {subjects:?}");
        }
        assert_eq!(buses[0].stream::<Letters>().state().await.unwrap().messages, 0);
        for running in running {
            running.shutdown().await;
        }
        buses[0].stream::<Letters>().delete().await.unwrap();
    }
}

async fn a_subject_of_letters_that_is_taken_away_comes_back(env: Env) {
    let bus = env.bus();
    let running = sharing("s0").start(&bus).await.unwrap();
    let mut narrower = kept(&bus).await;
    narrower.subjects.retain(|subject| *subject != advisory("s0"));
    let plan = bus.plan_stream(&narrower).await.unwrap().allow_data_loss();
    bus.apply(plan).await.unwrap();
    tidings_tests::eventually(BY_AND_BY, "it is there again", || async {
        let subjects = kept(&bus).await.subjects;
        if subjects.contains(&advisory("s0")) { Ok(()) } else { Err(subjects) }
    })
    .await;
    running.shutdown().await;
}
