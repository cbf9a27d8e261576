//! Delete markers, which a stream writes where the last message of a subject was: no events.

use std::time::Duration;

use tidings::prelude::*;
use tidings::{
    ApplyError, Batch, DeadLetterFilter, PublishError, Retention, Running, StreamConfig,
    StreamState,
};
use tidings_tests::eventually;

use crate::support::env::{Env, SHORT, SOON, never, next};

scenarios! {
    every_bus:
        a_marker_is_no_event_to_any_reader,
        a_marker_takes_the_place_of_the_last_message,
        a_marker_is_taken_from_a_work_queue,
        a_time_to_live_below_the_markers_is_refused,
        a_time_to_live_below_undeclared_markers_is_lengthened,
        markers_bring_what_they_need;
}

/// Stream whose messages are each replaced by a marker after a second.
#[derive(EventStream)]
#[stream(
    name = "LEASES",
    subjects("leases.>"),
    max_age = "1s",
    duplicate_window = "1s",
    allow_message_ttl,
    subject_delete_marker_ttl = "1m"
)]
struct Leases;

#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "leases.{number}", stream = Leases)]
struct Leased {
    number: u64,
}

/// Messages may have a time to live; whether it has markers is for each scenario to say.
#[derive(EventStream)]
#[stream(name = "LOANS", subjects("loans.>"), allow_message_ttl)]
struct Loans;

#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "loans.{book}", stream = Loans)]
struct Lent {
    book: u64,
    reader: u64,
}

/// Lends a book, for so many seconds.
async fn lend(bus: &Bus, book: u64, reader: u64, seconds: Option<u64>) {
    let event = Lent { book, reader };
    let mut draft = bus.message(&event);
    if let Some(seconds) = seconds {
        draft = draft.ttl(Duration::from_secs(seconds));
    }
    draft.publish().await.unwrap();
}

/// Creates or changes the stream, as an operator would.
async fn configure(bus: &Bus, config: &StreamConfig) -> Result<(), ApplyError> {
    bus.apply(bus.plan_stream(config).await.unwrap().allow_data_loss()).await.map(drop)
}

fn with_markers(ttl: Duration) -> StreamConfig {
    let mut config = Loans::config();
    config.subject_delete_marker_ttl = Some(ttl);
    config
}

/// Waits until the stream is in that state.
async fn holds<S: EventStream>(bus: &Bus, what: &str, is: impl Fn(&StreamState) -> bool) {
    eventually(SOON, what, || async {
        let state = bus.stream::<S>().state().await.unwrap();
        if is(&state) { Ok(()) } else { Err(state) }
    })
    .await;
}

/// Starts one instance for each way in which a route acknowledges.
async fn start(bus: &Bus) -> Vec<Running> {
    let each = |_: Leased, _: Context| async { Ok(()) };
    let many = |_: Batch<Leased>, _: Context| async { Ok(()) };
    let registries = [
        Registry::new("each").handle::<Leased>(each),
        Registry::new("many").handle::<Batch<Leased>>(many),
        Registry::new("ordered").route(Route::of::<Leased>(each).concurrency(1).ack_every(2)),
    ];
    let mut running = Vec::new();
    for registry in registries {
        running.push(registry.start(bus).await.unwrap());
    }
    running
}

async fn a_marker_is_no_event_to_any_reader(env: Env) {
    let bus = env.bus_with::<Leases>().await;
    let running = start(&bus).await;
    let mut live = bus.subscribe::<Leased>().await.unwrap();
    for number in 1..=3 {
        bus.publish(&Leased { number }).await.unwrap();
        assert_eq!(next(&mut live).await.number, number);
    }
    holds::<Leases>(&bus, "the markers", |state| state.last_sequence >= 6).await;

    // Behind the markers, for who reads now and for the routes.
    let mut consumed = bus.consume::<Leased>("reader").from(DeliverFrom::Beginning).await.unwrap();
    let mut replayed = bus.replay::<Leased>(DeliverFrom::Beginning).await.unwrap();
    let last = Leased { number: 4 };
    bus.message(&last).ttl(Duration::from_secs(60)).publish().await.unwrap();
    assert_eq!(next(&mut live).await.number, 4);
    let delivery = next(&mut consumed).await;
    assert_eq!(delivery.number, 4);
    delivery.ack().await.unwrap();
    assert_eq!(next(&mut replayed).await.number, 4);
    for running in running {
        eventually(SOON, "the event behind the markers", || async {
            let report = running.report();
            if report[0].handled >= 4 { Ok(()) } else { Err(report) }
        })
        .await;
        let report = running.shutdown().await;
        let [route] = &*report else { panic!("{report:?}") };
        assert_eq!((route.handled, route.undecodable, route.failed), (4, 0, 0), "{route:?}");
        assert_eq!((route.given_back, route.dead_lettered), (0, 0), "{route:?}");
    }
    for registry in ["each", "many", "ordered"] {
        let letters = bus.dead_letters(registry);
        assert_eq!(letters.count(DeadLetterFilter::all()).await.unwrap(), 0, "{registry}");
    }
    // An ack is not waited for: the server may have it a moment later.
    eventually(SOON, "the markers are settled too", || async {
        let state = bus.stream::<Leases>().consumer_state("reader").await.unwrap();
        if state.ack_pending == 0 { Ok(()) } else { Err(state) }
    })
    .await;
}

async fn a_marker_takes_the_place_of_the_last_message(env: Env) {
    let bus = env.bus();
    configure(&bus, &with_markers(Duration::from_secs(1))).await.unwrap();
    let mut read = bus.consume::<Lent>("desk").await.unwrap();
    lend(&bus, 1, 1, Some(1)).await;
    lend(&bus, 2, 2, Some(1)).await;
    // A later one of its subject spares it the marker.
    lend(&bus, 2, 3, None).await;
    for reader in 1..=3 {
        let delivery = next(&mut read).await;
        assert_eq!(delivery.reader, reader);
        delivery.ack_confirmed().await.unwrap();
    }
    holds::<Loans>(&bus, "a marker in the first one's place", |state| {
        (state.messages, state.first_sequence, state.last_sequence) == (2, 3, 4)
    })
    .await;
    // Where a marker ends, none is left.
    holds::<Loans>(&bus, "the marker's end", |state| {
        (state.messages, state.first_sequence, state.last_sequence) == (1, 3, 4)
    })
    .await;
    // What is published after it is delivered as ever.
    lend(&bus, 1, 4, None).await;
    let delivery = next(&mut read).await;
    assert_eq!((delivery.reader, delivery.sequence()), (4, 5));
    delivery.ack_confirmed().await.unwrap();
    never(SHORT, read.next()).await;
}

async fn a_marker_is_taken_from_a_work_queue(env: Env) {
    let bus = env.bus();
    let mut config = with_markers(Duration::from_secs(60));
    config.retention = Retention::WorkQueue;
    config.max_messages_per_subject = Some(1);
    configure(&bus, &config).await.unwrap();
    lend(&bus, 1, 1, Some(1)).await;
    holds::<Loans>(&bus, "a marker", |state| state.last_sequence == 2).await;
    let mut read = bus.consume::<Lent>("desk").await.unwrap();
    lend(&bus, 2, 2, None).await;
    let delivery = next(&mut read).await;
    assert_eq!(delivery.reader, 2);
    delivery.ack_confirmed().await.unwrap();
    holds::<Loans>(&bus, "an empty queue", |state| state.messages == 0).await;
}

async fn a_time_to_live_below_the_markers_is_refused(env: Env) {
    let bus = env.bus_with::<Leases>().await;
    let event = Leased { number: 1 };
    let refused = |error| match error {
        PublishError::TtlBelowMarker { stream, ttl, marker } => {
            assert_eq!((stream, ttl.as_secs(), marker.as_secs()), ("LEASES", 59, 60));
        }
        other => panic!("{other:?}"),
    };
    let draft = || bus.message(&event).ttl(Duration::from_secs(59));
    refused(draft().publish().await.unwrap_err());
    assert_eq!(bus.stream::<Leases>().state().await.unwrap().last_sequence, 0);
    bus.message(&event).ttl(Duration::from_secs(60)).publish().await.unwrap();
}

async fn a_time_to_live_below_undeclared_markers_is_lengthened(env: Env) {
    let bus = env.bus();
    configure(&bus, &with_markers(Duration::from_secs(60))).await.unwrap();
    lend(&bus, 1, 1, Some(1)).await;
    lend(&bus, 2, 2, Some(90)).await;
    let mut read = bus.replay::<Lent>(DeliverFrom::Beginning).await.unwrap();
    for ttl in ["60", "90"] {
        assert_eq!(next(&mut read).await.headers().get("Nats-TTL"), Some(ttl));
    }
    // Where a subject has one message only, it is not.
    let mut config = with_markers(Duration::from_secs(60));
    config.max_messages_per_subject = Some(1);
    configure(&bus, &config).await.unwrap();
    lend(&bus, 3, 3, Some(1)).await;
    assert_eq!(next(&mut read).await.headers().get("Nats-TTL"), Some("1"));
    holds::<Loans>(&bus, "a marker", |state| state.last_sequence == 4).await;
}

async fn markers_bring_what_they_need(env: Env) {
    let bus = env.bus();
    let short = configure(&bus, &with_markers(Duration::from_millis(999))).await.unwrap_err();
    assert!(format!("{short:?}").contains("10052"), "{short:?}");
    let mut bare = with_markers(Duration::from_secs(5));
    bare.allow_message_ttl = false;
    configure(&bus, &bare).await.unwrap();
    let config = bus.stream::<Loans>().config().await.unwrap().unwrap();
    assert!(config.allow_message_ttl && config.allow_rollup && !config.deny_purge, "{config:?}");
    assert_eq!(config.subject_delete_marker_ttl, Some(Duration::from_secs(5)));
}
