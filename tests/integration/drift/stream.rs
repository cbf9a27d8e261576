//! Drift of a stream's configuration, field by field.

mod field;
mod limit;

use std::collections::BTreeSet;

use async_nats::Client;
use serde_json::{Value, json};
use tidings::DifferenceKind::{Immutable, Lossy};
use tidings::{ApplyError, Bus, PlanAction, StreamConfig};
use tidings_tests::Server;

use self::field::{Change, NOTHING, ROWS, Row};
use super::{api, refusal};

fn config(change: Change) -> StreamConfig {
    let mut config = StreamConfig::new("DRIFT", ["drift.>"]);
    change(&mut config);
    config
}

/// The value of a field in a stream's own JSON.
fn field(config: &Value, field: &str) -> Value {
    let mut value = config;
    for name in field.split('.') {
        value = &value[name];
    }
    value.clone()
}

/// NATS writes what is not there in several ways.
fn is_none(value: &Value) -> bool {
    value.is_null() || *value == json!(false) || *value == json!(0) || *value == json!(-1)
}

/// Tries one row; says what is wrong.
async fn check(bus: &Bus, client: &Client, row: &Row) -> Result<(), String> {
    let (name, before, after, verdict) = *row;
    let (before, after) = (config(before), config(after));
    let plan = bus.plan_stream(&before).await.map_err(|e| e.to_string())?;
    if plan.action != PlanAction::Create {
        return Err(format!("it is there: {plan}"));
    }
    bus.apply(plan).await.map_err(|e| format!("it is not created: {e}"))?;
    let plan = bus.plan_stream(&before).await.map_err(|e| e.to_string())?;
    if plan.action != PlanAction::Nothing {
        return Err(format!("just created it differs: {plan}"));
    }

    let plan = bus.plan_stream(&after).await.map_err(|e| e.to_string())?;
    let kind = plan.differences.iter().find(|d| d.field == name).map(|d| d.kind);
    if kind != verdict {
        return Err(format!("expected {verdict:?}: {plan}"));
    }
    // A mirror has no subjects, and so one goes with the other.
    let others = plan.differences.iter().filter(|d| d.field != name && name != "mirror");
    if let Some(other) = others.into_iter().next() {
        return Err(format!("beside it {other}"));
    }
    let wanted = match verdict {
        None => {
            return if plan.action == PlanAction::Nothing { Ok(()) } else { Err(plan.to_string()) };
        }
        Some(Immutable) => {
            let refused = bus.apply(plan.clone().allow_data_loss()).await;
            if !matches!(refused, Err(ApplyError::Refused { .. })) {
                return Err(format!("it is not refused but {refused:?}"));
            }
            let asked: Value = serde_json::from_str(&after.to_json()).unwrap();
            let answer = api(client, "STREAM.UPDATE.DRIFT", &asked).await;
            return match refusal(&answer) {
                Some(_) => Ok(()),
                None => Err("the server does change it".to_owned()),
            };
        }
        Some(Lossy) => {
            let refused = bus.apply(plan.clone()).await;
            if !matches!(refused, Err(ApplyError::Refused { .. })) {
                return Err(format!("it is not refused but {refused:?}"));
            }
            plan.allow_data_loss()
        }
        _ => plan,
    };
    bus.apply(wanted).await.map_err(|e| format!("it is not changed: {e}"))?;
    let plan = bus.plan_stream(&after).await.map_err(|e| e.to_string())?;
    if plan.action != PlanAction::Nothing {
        return Err(format!("changed it differs: {plan}"));
    }
    let info = api(client, "STREAM.INFO.DRIFT", &Value::Null).await;
    let asked: Value = serde_json::from_str(&after.to_json()).unwrap();
    let (found, asked) = (field(&info["config"], name), field(&asked, name));
    if found != asked && !(is_none(&found) && is_none(&asked)) {
        return Err(format!("the server says {found}, not {asked}"));
    }
    Ok(())
}

#[tokio::test]
async fn what_is_planned_for_each_field_is_what_the_server_does() {
    let server = Server::start().await;
    let (bus, client) = (Bus::connect(server.url()).await.unwrap(), server.client().await);
    for origin in ["ORIGIN", "OTHER"] {
        let subject = origin.to_lowercase();
        let plan = bus.plan_stream(&StreamConfig::new(origin, [subject])).await.unwrap();
        bus.apply(plan).await.unwrap();
    }
    let mut wrong = Vec::new();
    for (i, row) in ROWS.iter().enumerate() {
        if let Err(why) = check(&bus, &client, row).await {
            wrong.push(format!("row {i}, {}: {why}", row.0));
        }
        api(&client, "STREAM.DELETE.DRIFT", &Value::Null).await;
    }
    assert!(wrong.is_empty(), "{wrong:#?}");

    // No field is forgotten; the name is the stream itself, and replicas need a cluster.
    let mut told: BTreeSet<String> = ROWS
        .iter()
        .filter(|row| row.3.is_some() || row.0 == "first_seq")
        .map(|(name, ..)| name.split('.').next().unwrap().to_owned())
        .collect();
    told.extend(["name".to_owned(), "num_replicas".to_owned()]);
    let debug = format!("{:#?}", config(NOTHING));
    let count = debug.lines().filter(|line| {
        line.strip_prefix("    ").is_some_and(|line| line.starts_with(|c: char| c.is_lowercase()))
    });
    assert_eq!(told.len(), count.count(), "{told:?}\n{debug}");
}

/// The file is NATS's own form: a server takes it as it is, and then nothing differs.
#[tokio::test]
async fn the_file_of_a_catalog_is_what_a_server_takes() {
    let file = include_str!("../../../schemas/ORDERS.stream.json");
    let server = Server::start().await;
    let (bus, client) = (Bus::connect(server.url()).await.unwrap(), server.client().await);
    let wanted = StreamConfig::from_json(file).unwrap();
    assert_eq!(bus.plan_stream(&wanted).await.unwrap().action, PlanAction::Create);
    let json = serde_json::from_str(file).unwrap();
    assert_eq!(refusal(&api(&client, "STREAM.CREATE.ORDERS", &json).await), None);
    let plan = bus.plan_stream(&wanted).await.unwrap();
    assert_eq!(plan.action, PlanAction::Nothing, "{plan}");
}
