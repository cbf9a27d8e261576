//! A bucket is a stream: planned, made and changed as one.

use tidings::prelude::*;
use tidings::{BucketConfig, Discard, PlanAction, Provisioned};

use super::{Code, Session};
use crate::support::env::Env;

scenarios! {
    every_bus:
        a_bucket_is_made_as_every_client_makes_one,
        a_bucket_of_other_configuration_is_planned,
        a_bucket_of_a_name_known_at_run_time;
}

async fn a_bucket_is_made_as_every_client_makes_one(env: Env) {
    let bus = env.bus_with::<Session>().await;
    let config = bus.stream::<Session>().config().await.unwrap().unwrap();
    assert_eq!(config.name, "KV_sessions");
    assert_eq!(config.subjects, ["$KV.sessions.>"]);
    assert_eq!(config.max_messages_per_subject, Some(5));
    assert_eq!(config.discard, Discard::New);
    assert!(config.allow_rollup && config.allow_direct && config.deny_delete);
    assert!(!config.deny_purge && !config.allow_message_ttl);
    bus.provision::<Code>().await.unwrap();
    let config = bus.stream::<Code>().config().await.unwrap().unwrap();
    assert!(config.allow_message_ttl);
    assert_eq!(config.subject_delete_marker_ttl, Some(Duration::from_secs(2)));
    assert_eq!(bus.provision::<Code>().await.unwrap(), Provisioned::Existing);
    assert_eq!(bus.plan::<Code>().await.unwrap().action, PlanAction::Nothing);
}

async fn a_bucket_of_other_configuration_is_planned(env: Env) {
    let bus = env.bus();
    let mut other = BucketConfig::new("sessions");
    other.history = 2;
    other.ttl = Some(Duration::from_secs(3600));
    bus.apply(bus.plan_stream(&other.to_stream()).await.unwrap()).await.unwrap();
    let plan = bus.plan::<Session>().await.unwrap();
    let fields: Vec<&str> = plan.differences.iter().map(|d| d.field.as_ref()).collect();
    assert!(fields.contains(&"max_msgs_per_subject"), "{plan}");
    bus.apply(plan).await.unwrap();
    let config = bus.stream::<Session>().config().await.unwrap().unwrap();
    assert_eq!(config.max_messages_per_subject, Some(5));
}

async fn a_bucket_of_a_name_known_at_run_time(env: Env) {
    let bus = env.bus();
    for name in ["tenant-1", "tenant-2"] {
        let config = BucketConfig::new(name).to_stream();
        bus.apply(bus.plan_stream(&config).await.unwrap()).await.unwrap();
        bus.bucket::<String>(name).put("name", &name.to_owned()).await.unwrap();
    }
    for name in ["tenant-1", "tenant-2"] {
        let found = bus.bucket::<String>(name).get("name").await.unwrap();
        assert_eq!(found.as_deref(), Some(name));
    }
}
