//! `*` and `>`: what a filter matches, and what a stream keeps.

use tidings::Stored;
use tidings::prelude::*;

use crate::support::env::{Env, SHORT, never, next};
use crate::support::message::{ParcelEvent, Parcels, Region, Seen, Sent, sent};

scenarios! {
    every_bus:
        a_filter_matches_its_tokens_and_any_others,
        a_token_of_every_variant_is_narrowed_by_its_name,
        a_stream_keeps_all_that_is_below_and_not_its_root;
}

/// Everything below `sites`, and nothing else.
#[derive(EventStream)]
#[stream(name = "SITES", subjects("sites.>"))]
struct Sites;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "sites.{city}.rooms.{room}.lit", stream = Sites)]
struct Lit {
    city: String,
    room: String,
}

/// Event one token below the stream's root.
#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "sites.closed", stream = Sites)]
struct Closed {}

/// The root itself, which `sites.>` does not match.
#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "sites")]
struct Root {}

/// A root that only begins with the same letters.
#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "sitesmap.drawn")]
struct Drawn {}

#[derive(Debug, Event)]
#[event(name = "sites.any", stream = Sites)]
enum AnySite {
    Lit(Lit),
    Closed(Closed),
}

fn lit(city: &str, room: &str) -> Lit {
    Lit { city: city.into(), room: room.into() }
}

/// Pairs of each city with each room, in this order.
fn every() -> Vec<Lit> {
    let cities = ["bonn", "lyon", "oslo"];
    cities.iter().flat_map(|city| ["hall", "attic"].map(|room| lit(city, room))).collect()
}

/// Asserts that the filter selects these, live and from the stream's history, in order, and no
/// more.
async fn selects<F>(bus: &Bus, filter: impl Fn() -> F, expected: &[Lit])
where
    F: Filter<Message = Lit>,
{
    let mut live = bus.subscribe_to(filter()).await.unwrap();
    let mut group = bus.subscribe_to(filter()).queue_group("one").await.unwrap();
    bus.stream::<Sites>().purge().await.unwrap();
    bus.publish_all(every()).await.unwrap();
    let mut stored: Subscription<Lit, Stored> =
        bus.replay_of(filter(), DeliverFrom::Beginning).await.unwrap();
    for event in expected {
        assert_eq!(next(&mut live).await.into_event(), *event);
        assert_eq!(next(&mut group).await.into_event(), *event);
        assert_eq!(next(&mut stored).await.into_event(), *event);
    }
    never(SHORT / 4, live.next()).await;
    never(SHORT / 4, group.next()).await;
    never(SHORT / 4, stored.next()).await;
}

async fn a_filter_matches_its_tokens_and_any_others(env: Env) {
    let bus = env.bus_with::<Sites>().await;
    selects(&bus, Lit::filter, &every()).await;
    let oslo = [lit("oslo", "hall"), lit("oslo", "attic")];
    selects(&bus, || Lit::filter().city("oslo"), &oslo).await;
    let halls = [lit("bonn", "hall"), lit("lyon", "hall"), lit("oslo", "hall")];
    selects(&bus, || Lit::filter().room("hall"), &halls).await;
    selects(&bus, || Lit::filter().city("lyon").room("attic"), &[lit("lyon", "attic")]).await;
    selects(&bus, || Lit::filter().city("rome"), &[]).await;
    // Tokens are compared as a whole, and with their case.
    selects(&bus, || Lit::filter().city("os"), &[]).await;
    selects(&bus, || Lit::filter().city("Oslo"), &[]).await;
}

async fn a_stream_keeps_all_that_is_below_and_not_its_root(env: Env) {
    let bus = env.bus_with::<Sites>().await;
    let mut roots = bus.subscribe::<Root>().await.unwrap();
    bus.publish(&Root {}).await.unwrap();
    bus.publish(&Drawn {}).await.unwrap();
    // It was published, and kept by nobody.
    next(&mut roots).await;
    assert_eq!(bus.stream::<Sites>().state().await.unwrap().last_sequence, 0);

    assert_eq!(bus.publish(&Closed {}).await.unwrap().sequence, 1);
    assert_eq!(bus.publish(&lit("oslo", "hall")).await.unwrap().sequence, 2);
    let state = bus.stream::<Sites>().state().await.unwrap();
    assert_eq!((state.messages, state.subjects), (2, 2));

    // All of a stream is an enum of what it keeps.
    let mut any = bus.replay::<AnySite>(DeliverFrom::Beginning).await.unwrap();
    assert!(matches!(next(&mut any).await.into_event(), AnySite::Closed(_)));
    assert!(matches!(next(&mut any).await.into_event(), AnySite::Lit(_)));
    let mut work = bus.consume::<AnySite>("all").await.unwrap();
    for sequence in 1..=2 {
        let delivery = next(&mut work).await;
        assert_eq!(delivery.sequence(), sequence);
        delivery.ack().await.unwrap();
    }
}

async fn a_token_of_every_variant_is_narrowed_by_its_name(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    bus.publish_all([sent(1), Sent::new(2, Region::Us)]).await.unwrap();
    bus.publish(&Seen { number: 3, region: Region::Us }).await.unwrap();
    bus.publish(&Seen { number: 4, region: Region::Eu }).await.unwrap();
    let abroad = ParcelEvent::filter().token("region", Region::Us);
    let mut history = bus.replay_of(abroad, DeliverFrom::Beginning).await.unwrap();
    assert_eq!(next(&mut history).await.into_event(), ParcelEvent::Sent(Sent::new(2, Region::Us)));
    let seen = Seen { number: 3, region: Region::Us };
    assert_eq!(next(&mut history).await.into_event(), ParcelEvent::Seen(seen));
    never(SHORT, history.next()).await;

    let nowhere = ParcelEvent::filter().token("room", "hall");
    let error = bus.replay_of(nowhere, DeliverFrom::Beginning).await.unwrap_err().to_string();
    assert!(error.contains("room") && error.contains("parcels.{region}.sent"), "{error}");
    let dotted = ParcelEvent::filter().token("region", "a.b");
    assert!(bus.replay_of(dotted, DeliverFrom::Beginning).await.is_err());
}
