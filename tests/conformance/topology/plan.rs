//! Streams and consumers are planned, and changed as far as a program may.

use std::time::Duration;

use tidings::prelude::*;
use tidings::{
    ApplyError, DifferenceKind, PlanAction, ProvisionError, ServeError, Storage, StreamConfig,
    SubscribeError, Topology,
};
use tidings_tests::eventually;

use crate::support::env::{Env, SOON, next, soon};
use crate::support::handler_log::HandlerLog;
use crate::support::message::{Parcels, Seen, Sent, sent};

scenarios! {
    every_bus:
        a_missing_stream_is_planned_and_created,
        what_loses_nothing_is_changed,
        what_loses_messages_is_refused_unless_it_is_said,
        what_can_not_be_changed_is_refused_with_both_values,
        a_plan_for_what_has_changed_since_is_refused,
        a_registry_manages_its_streams_only_where_it_may,
        who_may_only_bind_creates_nothing,
        a_routes_consumer_is_changed_to_its_options,
        a_consumer_of_other_subjects_is_changed_or_refused,
        a_stream_that_is_deleted_is_made_again_where_it_may,
        a_reader_by_hand_is_not_given_another_ack_wait;
}

const HOUR: Duration = Duration::from_secs(3600);
const DURABLE: &str = "shop-parcels_sent";

/// The stream as declared, but for this.
fn parcels(change: impl FnOnce(&mut StreamConfig)) -> StreamConfig {
    let mut config = Parcels::config();
    change(&mut config);
    config
}

async fn make(bus: &Bus, config: &StreamConfig) {
    bus.apply(bus.plan_stream(config).await.unwrap()).await.unwrap();
}

async fn found(bus: &Bus) -> StreamConfig {
    bus.stream::<Parcels>().config().await.unwrap().expect("it is there")
}

fn registry(log: &HandlerLog) -> Registry {
    Registry::new("shop").handle::<Sent>(log.handler("one"))
}

async fn a_missing_stream_is_planned_and_created(env: Env) {
    let bus = env.bus();
    let plan = bus.plan::<Parcels>().await.unwrap();
    assert_eq!(plan.action, PlanAction::Create);
    assert_eq!(plan.to_string(), "stream PARCELS: create, for parcels.>");
    assert_eq!(bus.stream::<Parcels>().config().await.unwrap(), None, "it was only planned");
    bus.apply(plan).await.unwrap();
    // Whatever a server makes of what is left to it.
    let plan = bus.plan::<Parcels>().await.unwrap();
    assert_eq!((plan.action, plan.differences.len()), (PlanAction::Nothing, 0), "{plan}");
    bus.apply(plan).await.unwrap();
}

async fn what_loses_nothing_is_changed(env: Env) {
    let bus = env.bus();
    make(&bus, &parcels(|c| c.max_age = Some(HOUR))).await;
    bus.publish(&sent(1)).await.unwrap();
    let wanted = parcels(|c| {
        c.max_age = Some(HOUR * 48);
        c.subjects.push("letters.>".to_owned());
        c.metadata.insert("team".to_owned(), "parcels".to_owned());
    });
    let plan = bus.plan_stream(&wanted).await.unwrap();
    assert_eq!(plan.action, PlanAction::Change);
    assert_eq!(
        plan.to_string(),
        "stream PARCELS: change\n  \
         subjects: parcels.> -> letters.>, parcels.>\n  \
         max_age: 1h -> 2d\n  \
         metadata.team: none -> parcels"
    );
    let json = serde_json::to_value(&plan).unwrap();
    assert_eq!(json["action"], "change");
    assert_eq!(json["differences"][1]["field"], "max_age");
    assert_eq!(json["differences"][1]["ours"], 48 * 3_600_000_000_000_u64);
    assert_eq!(json["differences"][1]["kind"], "mutable");
    bus.apply(plan).await.unwrap();
    let config = found(&bus).await;
    assert_eq!(config.max_age, Some(HOUR * 48));
    assert_eq!(config.subjects, ["parcels.>", "letters.>"]);
    assert_eq!(config.metadata["team"], "parcels");
    assert_eq!(bus.plan_stream(&wanted).await.unwrap().action, PlanAction::Nothing);
    // What a declaration says nothing about stays as it is.
    make(&bus, &parcels(|c| c.subjects.push("letters.>".to_owned()))).await;
    assert_eq!(found(&bus).await, config);
    assert_eq!(bus.stream::<Parcels>().state().await.unwrap().messages, 1);
}

async fn what_loses_messages_is_refused_unless_it_is_said(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    bus.publish_all((1..=5).map(sent)).await.unwrap();
    let wanted = parcels(|c| c.max_messages = Some(2));
    let plan = bus.plan_stream(&wanted).await.unwrap();
    assert_eq!(plan.action, PlanAction::Refuse);
    let refused: Vec<_> = plan.refused().map(|d| (d.field.as_str(), d.kind)).collect();
    assert_eq!(refused, [("max_msgs", DifferenceKind::Lossy)]);
    let error = bus.apply(plan.clone()).await.unwrap_err();
    assert!(matches!(&error, ApplyError::Refused { plan: said } if **said == plan), "{error:?}");
    assert_eq!(bus.stream::<Parcels>().state().await.unwrap().messages, 5);

    bus.apply(plan.allow_data_loss()).await.unwrap();
    assert_eq!(bus.stream::<Parcels>().state().await.unwrap().messages, 2);
    assert_eq!(bus.plan_stream(&wanted).await.unwrap().action, PlanAction::Nothing);
}

async fn what_can_not_be_changed_is_refused_with_both_values(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    let plan = bus.plan_stream(&parcels(|c| c.storage = Storage::Memory)).await.unwrap();
    let plan = plan.allow_data_loss();
    assert_eq!(plan.action, PlanAction::Refuse);
    let difference = &plan.differences[0];
    assert_eq!(
        (difference.field.as_str(), difference.kind),
        ("storage", DifferenceKind::Immutable)
    );
    assert_eq!(
        (difference.ours.to_string(), difference.theirs.to_string()),
        ("memory".to_owned(), "file".to_owned())
    );
    let error = bus.apply(plan).await.unwrap_err().to_string();
    for word in ["PARCELS", "storage", "memory", "file", "another name"] {
        assert!(error.contains(word), "{error}");
    }
}

async fn a_plan_for_what_has_changed_since_is_refused(env: Env) {
    let bus = env.bus();
    let create = bus.plan::<Parcels>().await.unwrap();
    make(&bus, &parcels(|c| c.max_age = Some(HOUR))).await;
    let changed = |error| matches!(error, ApplyError::Changed { stream } if stream == "PARCELS");
    assert!(changed(bus.apply(create).await.unwrap_err()));

    let longer = bus.plan_stream(&parcels(|c| c.max_age = Some(HOUR * 2))).await.unwrap();
    make(&bus, &parcels(|c| c.max_age = Some(HOUR * 3))).await;
    assert!(changed(bus.apply(longer.clone()).await.unwrap_err()));
    assert_eq!(found(&bus).await.max_age, Some(HOUR * 3), "nothing was done");
    bus.stream::<Parcels>().delete().await.unwrap();
    assert!(changed(bus.apply(longer).await.unwrap_err()));
    assert_eq!(bus.stream::<Parcels>().config().await.unwrap(), None);
}

async fn a_registry_manages_its_streams_only_where_it_may(env: Env) {
    let bus = env.bus();
    // The declared window is two minutes.
    let theirs = parcels(|c| c.duplicate_window = Some(HOUR));
    make(&bus, &theirs).await;
    let before = found(&bus).await;
    for mode in [Topology::CreateOnly, Topology::BindOnly] {
        let running = registry(&HandlerLog::default()).streams(mode).start(&bus).await.unwrap();
        running.shutdown().await;
        assert_eq!(found(&bus).await, before, "{mode} changes nothing");
    }
    let managing = registry(&HandlerLog::default()).streams(Topology::Manage);
    let plan = managing.plan(&bus).await.unwrap();
    assert_eq!(plan.streams[0].to_string(), "stream PARCELS: change\n  duplicate_window: 1h -> 2m");
    managing.start(&bus).await.unwrap().shutdown().await;
    assert_eq!(found(&bus).await.duplicate_window, Some(Duration::from_secs(120)));

    // What loses messages is nothing that a start may do.
    make(&bus, &parcels(|c| c.subjects.push("letters.>".to_owned()))).await;
    let managing = registry(&HandlerLog::default()).streams(Topology::Manage);
    let error = managing.start(&bus).await.unwrap_err();
    let ServeError::Provision { message, source: ProvisionError::Differs { plan } } = &error else {
        panic!("{error:?}");
    };
    assert_eq!((message.as_str(), plan.stream.as_str()), ("parcels.sent", "PARCELS"));
    for word in ["parcels.sent", "PARCELS", "subjects", "letters.>, parcels.> -> parcels.>"] {
        assert!(error.to_string().contains(word), "{error}");
    }
    // Where nothing may be changed it is left, since all that is declared is kept.
    registry(&HandlerLog::default()).start(&bus).await.unwrap().shutdown().await;
}

async fn who_may_only_bind_creates_nothing(env: Env) {
    let bus = env.bus();
    let bind = || {
        let registry = registry(&HandlerLog::default());
        registry.streams(Topology::BindOnly).consumers(Topology::BindOnly)
    };
    let error = bind().start(&bus).await.unwrap_err();
    assert!(
        matches!(
            &error,
            ServeError::Provision { source: ProvisionError::Missing { stream }, .. }
                if stream == "PARCELS"
        ),
        "{error:?}"
    );
    bus.provision::<Parcels>().await.unwrap();
    let error = bind().start(&bus).await.unwrap_err();
    assert!(
        matches!(
            &error,
            ServeError::Subscribe {
                source: SubscribeError::NoConsumer { stream: "PARCELS", consumer }, ..
            } if consumer == DURABLE
        ),
        "{error:?}"
    );
    assert_eq!(bus.stream::<Parcels>().state().await.unwrap().consumers, 0);

    registry(&HandlerLog::default()).start(&bus).await.unwrap().shutdown().await;
    let log = HandlerLog::default();
    let bound = registry(&log).streams(Topology::BindOnly).consumers(Topology::BindOnly);
    let running = bound.start(&bus).await.unwrap();
    bus.publish(&sent(1)).await.unwrap();
    log.wait_for(1, 1).await;
    running.shutdown().await;
}

async fn a_routes_consumer_is_changed_to_its_options(env: Env) {
    let bus = env.bus();
    let with = |wait: Duration, log: &HandlerLog| {
        let route = Route::of::<Sent>(log.handler("one")).ack_wait(wait).max_ack_pending(10);
        Registry::new("shop").route(route)
    };
    let (minute, hour) = (Duration::from_secs(60), HOUR);
    let log = HandlerLog::default();
    let running = with(minute, &log).start(&bus).await.unwrap();
    bus.publish_all((1..=3).map(sent)).await.unwrap();
    log.wait_for(3, 3).await;
    running.shutdown().await;
    let plan = with(minute, &log).plan(&bus).await.unwrap();
    assert_eq!(plan.consumers[0].action, PlanAction::Nothing, "{plan}");

    // Who may not change it works with what is there.
    let plan = with(hour, &log).plan(&bus).await.unwrap();
    // With the wait before the next attempt: a crash follows the same policy.
    let wait = plan.consumers[0].differences.iter().find(|d| d.field == "ack_wait").unwrap();
    let shown = (wait.ours.to_string(), wait.theirs.to_string());
    assert_eq!(shown, ("3601s".to_owned(), "61s".to_owned()));
    let running = with(hour, &log).consumers(Topology::CreateOnly).start(&bus).await.unwrap();
    bus.publish(&sent(4)).await.unwrap();
    log.wait_for(4, 4).await;
    running.shutdown().await;
    assert_eq!(
        with(minute, &log).plan(&bus).await.unwrap().consumers[0].action,
        PlanAction::Nothing
    );

    // And who may, changes it: it goes on where it stands.
    let running = with(hour, &log).start(&bus).await.unwrap();
    bus.publish(&sent(5)).await.unwrap();
    log.wait_for(5, 5).await;
    running.shutdown().await;
    let plan = with(hour, &log).plan(&bus).await.unwrap();
    assert_eq!(plan.consumers[0].action, PlanAction::Nothing, "{plan}");
}

async fn a_consumer_of_other_subjects_is_changed_or_refused(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    drop(bus.consume::<Seen>(DURABLE).await.unwrap());
    let log = HandlerLog::default();
    for mode in [Topology::CreateOnly, Topology::BindOnly] {
        let error = registry(&log).consumers(mode).start(&bus).await.unwrap_err();
        let ServeError::Subscribe {
            message,
            source: SubscribeError::Exists { stream: "PARCELS", consumer, differences, .. },
        } = &error
        else {
            panic!("{error:?}");
        };
        assert_eq!((message.as_str(), consumer.as_str()), ("parcels.sent", DURABLE));
        assert_eq!(differences[0].field, "filter_subjects");
        for word in [DURABLE, "PARCELS", "parcels.*.seen -> parcels.*.sent"] {
            assert!(error.to_string().contains(word), "{error}");
        }
    }
    let running = registry(&log).start(&bus).await.unwrap();
    bus.publish(&sent(1)).await.unwrap();
    log.wait_for(1, 1).await;
    running.shutdown().await;
}

async fn a_stream_that_is_deleted_is_made_again_where_it_may(env: Env) {
    let (bus, log) = (env.bus(), HandlerLog::default());
    let running = registry(&log).start(&bus).await.unwrap();
    bus.publish(&sent(1)).await.unwrap();
    log.wait_for(1, 1).await;
    bus.stream::<Parcels>().delete().await.unwrap();
    // Publishing finds no stream until the route has made it again.
    eventually(SOON, "the stream is made again", || async { bus.publish(&sent(2)).await }).await;
    log.wait_for(2, 2).await;
    running.shutdown().await;
}

async fn a_reader_by_hand_is_not_given_another_ack_wait(env: Env) {
    let bus = env.bus_with::<Parcels>().await;
    drop(bus.consume::<Sent>("hand").ack_wait(HOUR).await.unwrap());
    let error = bus.consume::<Sent>("hand").ack_wait(HOUR / 2).await.unwrap_err();
    assert!(error.to_string().contains("ack_wait: 1h -> 30m"), "{error}");
    // Who asks for none takes what is there.
    drop(bus.consume::<Sent>("hand").await.unwrap());
    // How many may be unsettled is for all its readers together, and left.
    bus.publish(&sent(1)).await.unwrap();
    let mut work = bus.consume::<Sent>("hand").ack_wait(HOUR).max_ack_pending(7).await.unwrap();
    soon(next(&mut work).await.ack_confirmed()).await.unwrap();
}
