//! Choice of the events of a stream that a route handles: from where on, and of which subjects.

use tidings::ServeError;
use tidings::prelude::*;

use crate::support::env::{Env, never};
use crate::support::handler_log::HandlerLog;
use crate::support::message::{Check, Parcels, Region, Sent, Stock, Switched, sent};

scenarios! {
    every_bus:
        a_new_route_begins_where_it_says,
        an_existing_consumer_keeps_its_place,
        the_last_of_each_subject_and_what_follows,
        a_route_of_a_filter_handles_what_it_matches,
        filters_add_up,
        a_filter_without_a_stream,
        a_consumer_that_delivers_more_brings_nothing_beyond_the_filter,
        what_can_not_be_chosen_is_refused;
}

/// A route of this instance under a durable name of its own.
fn route(log: &HandlerLog, instance: &'static str) -> Route<Sent> {
    Route::of::<Sent>(log.handler(instance)).durable(instance)
}

async fn a_new_route_begins_where_it_says(env: Env) {
    let (bus, log) = (env.bus_with::<Parcels>().await, HandlerLog::default());
    bus.publish_all((1..=3).map(sent)).await.unwrap();
    let registry = Registry::new("shop")
        .route(route(&log, "all"))
        .route(route(&log, "second").from(DeliverFrom::Sequence(2)))
        .route(route(&log, "new").from(DeliverFrom::New));
    let plan = registry.plan(&bus).await.unwrap().to_string();
    for begins in ["from the beginning", "from sequence 2", "from now on"] {
        assert!(plan.contains(begins), "{plan}");
    }
    let running = registry.start(&bus).await.unwrap();
    bus.publish(&sent(4)).await.unwrap();
    log.wait_for(4, 8).await;
    running.shutdown().await;
    let mut told = log.entries();
    for names in told.values_mut() {
        names.sort_unstable();
    }
    assert_eq!(told[&1], ["all"]);
    assert_eq!(told[&2], ["all", "second"]);
    assert_eq!(told[&3], ["all", "second"]);
    assert_eq!(told[&4], ["all", "new", "second"]);
}

async fn an_existing_consumer_keeps_its_place(env: Env) {
    let (bus, log) = (env.bus_with::<Parcels>().await, HandlerLog::default());
    bus.publish(&sent(1)).await.unwrap();
    let new = || Registry::new("shop").route(route(&log, "new").from(DeliverFrom::New));
    new().start(&bus).await.unwrap().shutdown().await;
    // Stored while no instance runs: a restart leaves nothing out.
    bus.publish(&sent(2)).await.unwrap();
    let running = new().start(&env.another_bus().await).await.unwrap();
    log.wait_for(1, 1).await;
    running.shutdown().await;
    assert_eq!(log.entries().into_keys().collect::<Vec<_>>(), [2]);
}

async fn the_last_of_each_subject_and_what_follows(env: Env) {
    let (bus, log) = (env.bus_with::<Parcels>().await, HandlerLog::default());
    let stored = [(1, Region::Eu), (2, Region::Us), (3, Region::Eu)];
    bus.publish_all(stored.map(|(number, region)| Sent::new(number, region))).await.unwrap();
    let last = route(&log, "last").from(DeliverFrom::LastPerSubject);
    let running = Registry::new("shop").route(last).start(&bus).await.unwrap();
    bus.publish(&sent(4)).await.unwrap();
    log.wait_for(3, 3).await;
    running.shutdown().await;
    assert_eq!(log.entries().into_keys().collect::<Vec<_>>(), [2, 3, 4]);
}

async fn a_route_of_a_filter_handles_what_it_matches(env: Env) {
    let (bus, log) = (env.bus_with::<Parcels>().await, HandlerLog::default());
    let of = |instance, region| route(&log, instance).filter(Sent::filter().region(region));
    let registry = Registry::new("shop").route(of("eu", Region::Eu)).route(of("us", Region::Us));
    let running = registry.start(&bus).await.unwrap();
    let regions = [(1, Region::Eu), (2, Region::Us), (3, Region::Eu)];
    bus.publish_all(regions.map(|(number, region)| Sent::new(number, region))).await.unwrap();
    log.wait_for(3, 3).await;
    running.shutdown().await;
    let told: Vec<_> = log.entries().into_iter().collect();
    assert_eq!(told, [(1, vec!["eu"]), (2, vec!["us"]), (3, vec!["eu"])]);
}

async fn filters_add_up(env: Env) {
    let (bus, log) = (env.bus_with::<Parcels>().await, HandlerLog::default());
    let both = route(&log, "both")
        .filter(Sent::filter().region(Region::Us))
        .filter(Sent::filter().region(Region::Eu))
        .filter(Sent::filter().region(Region::Eu));
    let running = Registry::new("shop").route(both).start(&bus).await.unwrap();
    bus.publish_all([Sent::new(1, Region::Us), sent(2)]).await.unwrap();
    log.wait_for(2, 2).await;
    running.shutdown().await;
}

async fn a_filter_without_a_stream(env: Env) {
    let bus = env.bus();
    let (sender, mut rooms) = tokio::sync::mpsc::unbounded_channel();
    let handler = move |event: Switched, _: Context| {
        std::future::ready(sender.send(event.room).map_err(Failure::from))
    };
    let route = Route::of::<Switched>(handler).filter(Switched::filter().room("hall"));
    let running = Registry::new("lamps").route(route).start(&bus).await.unwrap();
    for room in ["cellar", "hall", "attic", "hall"] {
        bus.publish(&Switched { room: room.to_owned(), number: 1 }).await.unwrap();
    }
    for _ in 0..2 {
        assert_eq!(crate::support::env::soon(rooms.recv()).await.as_deref(), Some("hall"));
    }
    never(crate::support::env::SHORT, rooms.recv()).await;
    running.shutdown().await;
}

async fn a_consumer_that_delivers_more_brings_nothing_beyond_the_filter(env: Env) {
    let (bus, log) = (env.bus_with::<Parcels>().await, HandlerLog::default());
    Registry::new("shop").route(route(&log, "shop")).start(&bus).await.unwrap().shutdown().await;
    let narrowed = route(&log, "shop").filter(Sent::filter().region(Region::Eu));
    let running = Registry::new("shop").route(narrowed).start(&bus).await.unwrap();
    bus.publish_all([Sent::new(1, Region::Us), sent(2)]).await.unwrap();
    log.wait_for(1, 1).await;
    tidings_tests::eventually(crate::support::env::SOON, "it is given back", || async {
        let report = running.report();
        if report[0].given_back > 0 { Ok(()) } else { Err(format!("{report:?}")) }
    })
    .await;
    running.shutdown().await;
    assert_eq!(log.entries().into_keys().collect::<Vec<_>>(), [2]);
}

/// A work queue: its consumers begin at its beginning.
#[derive(EventStream)]
#[stream(name = "TASKS", subjects("tasks.>"), retention = "work_queue")]
struct Tasks;

#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "tasks.added", stream = Tasks)]
struct TaskAdded {
    number: u64,
}

async fn what_can_not_be_chosen_is_refused(env: Env) {
    let bus = env.bus();
    let refused = async |registry: Registry| match registry.start(&bus).await.unwrap_err() {
        ServeError::Option { option, .. } => option,
        other => panic!("{other}"),
    };
    let log = HandlerLog::default();
    let task = async |_: TaskAdded, _: Context| Ok(());
    let late = Route::of::<TaskAdded>(task).from(DeliverFrom::New);
    assert_eq!(refused(Registry::new("shop").route(late)).await, "from");
    let zero = route(&log, "zero").from(DeliverFrom::Sequence(0));
    assert_eq!(refused(Registry::new("shop").route(zero)).await, "from");
    let lamp = async |_: Switched, _: Context| Ok(());
    let live = Route::of::<Switched>(lamp).from(DeliverFrom::New);
    assert_eq!(refused(Registry::new("shop").route(live)).await, "from");
    let dotted = Route::of::<Switched>(lamp).filter(Switched::filter().room("a.b"));
    assert_eq!(refused(Registry::new("shop").route(dotted)).await, "filter");
    let check = async |_: Check, _: Context| Ok(Stock { available: 1 });
    let asked = Route::of::<Check>(check).filter(Check::filter());
    assert_eq!(refused(Registry::new("shop").route(asked)).await, "filter");
}
