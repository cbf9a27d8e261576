//! A store is a stream: planned, made and changed as one.

use tidings::prelude::*;
use tidings::{Discard, ObjectStoreConfig, PlanAction, Storage};

use super::{Files, files};
use crate::support::env::Env;

scenarios! {
    every_bus:
        a_store_is_made_as_every_client_makes_one,
        a_store_of_other_configuration_is_planned;
}

async fn a_store_is_made_as_every_client_makes_one(env: Env) {
    let (bus, _) = files(&env).await;
    let config = bus.stream::<Files>().config().await.unwrap().unwrap();
    assert_eq!(config.name, "OBJ_files");
    assert_eq!(config.subjects, ["$O.files.C.>", "$O.files.M.>"]);
    assert_eq!((config.discard, config.storage), (Discard::New, Storage::File));
    assert!(
        config.allow_rollup && config.allow_direct && !config.deny_delete && !config.deny_purge
    );
}

async fn a_store_of_other_configuration_is_planned(env: Env) {
    let (bus, files) = files(&env).await;
    files.put("a", "data").await.unwrap();
    let mut wanted = ObjectStoreConfig::new("files");
    let plan = bus.plan_stream(&wanted.to_stream()).await.unwrap();
    assert_eq!(plan.action, PlanAction::Nothing);
    wanted.description = Some("Files".to_owned());
    wanted.ttl = Some(Duration::from_secs(86_400));
    wanted.max_bytes = Some(1 << 30);
    let plan = bus.plan_stream(&wanted.to_stream()).await.unwrap();
    let mut fields: Vec<&str> = plan.differences.iter().map(|d| d.field.as_ref()).collect();
    fields.sort_unstable();
    assert_eq!(fields, ["description", "max_age", "max_bytes"], "{plan}");
    bus.apply(plan.allow_data_loss()).await.unwrap();
    let config = bus.stream::<Files>().config().await.unwrap().unwrap();
    assert_eq!((config.max_age, config.max_bytes), (wanted.ttl, wanted.max_bytes));
    assert!(files.get("a").await.unwrap().is_some());
}
