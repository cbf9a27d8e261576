//! A bucket is a stream: planned, made and changed as one.

use tidings::prelude::*;
use tidings::{BucketConfig, BucketConfigError, Discard, PlanAction, Provisioned};

use super::{Code, Session};
use crate::support::env::Env;

scenarios! {
    every_bus:
        a_bucket_is_made_as_every_client_makes_one,
        a_bucket_of_other_configuration_is_planned,
        a_bucket_of_a_name_known_at_run_time,
        a_configuration_that_can_not_hold_names_its_field;
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

async fn a_configuration_that_can_not_hold_names_its_field(_env: Env) {
    let with = |change: fn(&mut BucketConfig)| {
        let mut config = BucketConfig::new("flags");
        change(&mut config);
        config.try_to_stream()
    };
    assert!(with(|_| ()).is_ok());
    assert!(with(|config| config.history = 64).is_ok());
    let error = with(|config| config.history = 65).unwrap_err();
    assert!(matches!(&error, BucketConfigError::History { history: 65, .. }), "{error:?}");
    assert!(error.to_string().contains("`flags`") && error.to_string().contains("1 to 64"));
    let error = with(|config| config.replicas = 6).unwrap_err();
    assert!(matches!(error, BucketConfigError::Replicas { replicas: 6, .. }), "{error:?}");
    let error =
        with(|config| config.limit_markers = Some(Duration::from_millis(1500))).unwrap_err();
    assert!(matches!(error, BucketConfigError::Markers { .. }), "{error:?}");
    let error = with(|config| config.name = "a.b".into()).unwrap_err();
    assert!(matches!(error, BucketConfigError::Name { .. }), "{error:?}");
}
