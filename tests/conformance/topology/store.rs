//! Buckets and object stores that a service needs.

use std::time::Duration;

use tidings::prelude::*;
use tidings::{
    DeadLetterPolicy, ObjectStoreConfig, PlanAction, ProvisionError, ServeError, Storage, Topology,
    WatchEvent,
};

use crate::support::env::Env;
use crate::support::handler_log::HandlerLog;
use crate::support::message::Sent;

scenarios! {
    every_bus:
        what_a_service_needs_is_planned_told_and_made,
        what_is_otherwise_is_told_and_changed_where_it_may,
        what_is_missing_is_named_where_it_may_not_be_made,
        what_can_not_be_declared_is_named_before_anything_is_touched,
        a_name_that_no_store_can_have_is_an_error_of_its_plan;
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Bucket)]
#[bucket(name = "rates", key = "{currency}")]
struct Rate {
    currency: String,
    cents: u64,
}

fn invoices() -> ObjectStoreConfig {
    let mut config = ObjectStoreConfig::new("invoices");
    config.ttl = Some(Duration::from_secs(86_400));
    config
}

fn registry(log: &HandlerLog) -> Registry {
    Registry::new("shop")
        .handle::<Sent>(log.handler("one"))
        .bucket::<Rate>()
        .object_store(invoices())
}

async fn what_a_service_needs_is_planned_told_and_made(env: Env) {
    let bus = env.bus();
    let log = HandlerLog::default();
    let watched = |_: WatchEvent<Rate, RateKey>, _: Context| async { Ok(()) };
    // Watched, needed twice: it is one.
    let registry = || {
        registry(&log)
            .bucket::<Rate>()
            .object_store(invoices())
            .watch(Route::watch::<Rate>(watched))
    };
    let plan = registry().plan(&bus).await.unwrap();
    let planned: Vec<_> = plan.streams.iter().map(|plan| (&*plan.stream, plan.action)).collect();
    assert_eq!(
        planned,
        [
            ("PARCELS", PlanAction::Create),
            ("KV_rates", PlanAction::Create),
            ("OBJ_invoices", PlanAction::Create),
        ]
    );
    assert_eq!(
        plan.streams[2].to_string(),
        "stream OBJ_invoices: create, for $O.invoices.C.>, $O.invoices.M.>"
    );
    let catalog = registry().catalog().unwrap();
    let streams: Vec<_> = catalog.streams().map(|(name, _)| name.to_owned()).collect();
    assert_eq!(streams, ["KV_rates", "OBJ_invoices", "PARCELS"]);
    assert_eq!(catalog.get("KV_rates", 1).unwrap().subject, "$KV.rates.{currency}");
    let running = registry().start(&bus).await.unwrap();
    bus.key_value::<Rate>().put(&Rate { currency: "eur".into(), cents: 108 }).await.unwrap();
    bus.objects("invoices").put("7.pdf", "pages").await.unwrap();
    let plan = registry().plan(&bus).await.unwrap();
    assert!(plan.streams.iter().all(|plan| plan.action == PlanAction::Nothing), "{plan}");
    running.shutdown().await;
}

async fn what_is_otherwise_is_told_and_changed_where_it_may(env: Env) {
    let bus = env.bus();
    let mut other = invoices();
    other.ttl = Some(Duration::from_secs(60));
    bus.apply(bus.plan_stream(&other.to_stream()).await.unwrap()).await.unwrap();
    let log = HandlerLog::default();
    let plan = registry(&log).plan(&bus).await.unwrap();
    let plan = plan.streams.iter().find(|plan| plan.stream == "OBJ_invoices").unwrap();
    assert_eq!(plan.action, PlanAction::Change);
    assert_eq!(plan.to_string(), "stream OBJ_invoices: change\n  max_age: 1m -> 1d");
    // It is left as it is, unless the service manages what it needs.
    registry(&log).start(&bus).await.unwrap().shutdown().await;
    let action = async || bus.plan_stream(&invoices().to_stream()).await.unwrap().action;
    assert_eq!(action().await, PlanAction::Change);
    registry(&log).streams(Topology::Manage).start(&bus).await.unwrap().shutdown().await;
    assert_eq!(action().await, PlanAction::Nothing);
    // What can't be changed is refused.
    let mut memory = invoices();
    memory.storage = Storage::Memory;
    let refused = Registry::new("shop")
        .handle::<Sent>(log.handler("two"))
        .object_store(memory)
        .streams(Topology::Manage)
        .start(&bus)
        .await;
    let error = refused.unwrap_err();
    assert!(
        matches!(&error, ServeError::Store { store, source: ProvisionError::Differs { .. }, .. } if store == "OBJ_invoices"),
        "{error}"
    );
    assert!(error.to_string().contains("storage"), "{error}");
}

async fn what_is_missing_is_named_where_it_may_not_be_made(env: Env) {
    let bus = env.bus_with::<crate::support::message::Parcels>().await;
    let log = HandlerLog::default();
    let registry = Registry::new("shop")
        .handle::<Sent>(log.handler("one"))
        .object_store(invoices())
        .dead_letters(DeadLetterPolicy::off())
        .streams(Topology::BindOnly);
    let error = registry.start(&bus).await.unwrap_err();
    assert!(
        matches!(&error, ServeError::Store { source: ProvisionError::Missing { .. }, .. }),
        "{error}"
    );
    assert!(error.to_string().contains("`OBJ_invoices`"), "{error}");
}

async fn what_can_not_be_declared_is_named_before_anything_is_touched(env: Env) {
    let bus = env.bus();
    let log = HandlerLog::default();
    let mut other = invoices();
    other.replicas = 3;
    for (config, named) in [(ObjectStoreConfig::new("in.voices"), "in.voices"), (other, "twice")] {
        let error = registry(&log).object_store(config).start(&bus).await.unwrap_err();
        assert!(matches!(error, ServeError::StoreDeclaration { .. }), "{error}");
        assert!(error.to_string().contains(named), "{error}");
    }
    assert!(bus.streams().await.unwrap().is_empty());
}

async fn a_name_that_no_store_can_have_is_an_error_of_its_plan(env: Env) {
    let bus = env.bus();
    for name in ["", "a.b", "a b", "*", ">", "größe/1"] {
        let config = ObjectStoreConfig::new(name);
        let error = config.try_to_stream().unwrap_err();
        assert!(error.to_string().starts_with(&format!("{name:?} can't name")), "{error}");
    }
    for name in ["a.b", "a b", "*", ">", "a/b"] {
        let error = bus.plan_stream(&ObjectStoreConfig::new(name).to_stream()).await.unwrap_err();
        assert!(matches!(&error, ProvisionError::Name { stream, .. } if stream.ends_with(name)));
        assert!(error.to_string().contains(&format!("OBJ_{name}")), "{error}");
    }
    assert!(bus.streams().await.unwrap().is_empty());
}
