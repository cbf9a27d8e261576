//! Drift of a durable consumer's configuration, field by field: somebody else made the consumer of a route.

use std::time::{Duration, Instant};

use async_nats::Client;
use serde_json::{Map, Value, json};
use tidings::prelude::*;
use tidings::{PlanAction, ServeError, SubscribeError, Topology};
use tidings_tests::Server;

use super::{api, refusal};
use crate::soon;

#[derive(EventStream)]
#[stream(name = "DRIFT", subjects("drift.>"))]
struct Drift;

#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "drift.thing", stream = Drift)]
struct Thing {}

/// Verdict on a difference.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Verdict {
    /// Left as it is.
    Left,
    /// Changed.
    Mutable,
    /// Left by a start as far as messages would be lost, and changed where that is said.
    Lossy,
    /// Refused, as a server does.
    Immutable,
    /// Refused, though a server would change it.
    Foreign,
}

use Verdict::{Foreign, Immutable, Left, Lossy, Mutable};

const SECOND: u64 = 1_000_000_000;

/// A field, how somebody else set it, and what that is to a route.
fn rows() -> Vec<(&'static str, Value, Verdict)> {
    let several = ["drift.thing", "drift.other"];
    let groups = ["group"];
    vec![
        ("filter_subjects", json!({"filter_subject": "drift.>"}), Lossy),
        ("filter_subjects", json!({"filter_subject": "drift.other"}), Lossy),
        ("filter_subjects", json!({"filter_subject": null}), Lossy),
        ("filter_subjects", json!({"filter_subject": null, "filter_subjects": several}), Lossy),
        ("ack_wait", json!({"ack_wait": 7 * SECOND, "backoff": null}), Mutable),
        ("backoff", json!({"backoff": [30 * SECOND, 31 * SECOND], "max_deliver": 9}), Mutable),
        ("max_deliver", json!({"max_deliver": 77}), Lossy),
        ("max_deliver", json!({"max_deliver": -1}), Lossy),
        ("max_deliver", json!({"max_deliver": 15}), Mutable),
        ("max_ack_pending", json!({"max_ack_pending": 7}), Mutable),
        ("max_ack_pending", json!({"max_ack_pending": -1}), Mutable),
        // Where it began is history.
        ("deliver_policy", json!({"deliver_policy": "new"}), Left),
        ("deliver_policy", json!({"deliver_policy": "last"}), Left),
        ("deliver_policy", json!({"deliver_policy": "last_per_subject"}), Left),
        (
            "deliver_policy",
            json!({"deliver_policy": "by_start_sequence", "opt_start_seq": 5}),
            Left,
        ),
        (
            "deliver_policy",
            json!({"deliver_policy": "by_start_time", "opt_start_time": "2026-01-01T00:00:00Z"}),
            Left,
        ),
        ("deliver_subject", json!({"deliver_subject": "pushed", "max_waiting": null}), Immutable),
        (
            "ack_policy",
            json!({"ack_policy": "none", "backoff": null, "max_ack_pending": null}),
            Immutable,
        ),
        ("ack_policy", json!({"ack_policy": "all"}), Immutable),
        ("replay_policy", json!({"replay_policy": "original"}), Immutable),
        ("headers_only", json!({"headers_only": true}), Foreign),
        ("max_batch", json!({"max_batch": 5}), Foreign),
        ("max_expires", json!({"max_expires": 5 * SECOND}), Foreign),
        ("max_expires", json!({"max_expires": 60 * SECOND}), Left),
        (
            "priority_groups",
            json!({"priority_policy": "overflow", "priority_groups": groups}),
            Foreign,
        ),
        // What is somebody else's, and does not keep the route from its work.
        ("description", json!({"description": "theirs"}), Left),
        ("metadata", json!({"metadata": {"owner": "them"}}), Left),
        ("inactive_threshold", json!({"inactive_threshold": 600 * SECOND}), Left),
        ("max_waiting", json!({"max_waiting": 7}), Left),
        ("num_replicas", json!({"num_replicas": 1}), Left),
        ("mem_storage", json!({"mem_storage": true}), Left),
        ("sample_freq", json!({"sample_freq": "50"}), Left),
        ("max_bytes", json!({"max_bytes": 5000}), Left),
    ]
}

const NAME: &str = "drift-drift_thing";

fn registry() -> Registry {
    let nothing = |_: Thing, _: Context| async { Ok(()) };
    Registry::new("drift").handle::<Thing>(nothing)
}

async fn info(client: &Client) -> Value {
    let call = format!("CONSUMER.INFO.DRIFT.{NAME}");
    let mut info = api(client, &call, &Value::Null).await;
    info["config"].take()
}

async fn write(client: &Client, config: &Value, action: &str) -> Value {
    let request = json!({"stream_name": "DRIFT", "config": config, "action": action});
    api(client, &format!("CONSUMER.CREATE.DRIFT.{NAME}"), &request).await
}

/// The configuration with somebody's changes; `null` takes a field away.
fn changed(base: &Value, changes: &Value) -> Value {
    let mut config: Map<String, Value> = base.as_object().unwrap().clone();
    for (field, value) in changes.as_object().unwrap() {
        config.insert(field.clone(), value.clone());
    }
    config.retain(|_, value| !value.is_null());
    Value::Object(config)
}

/// Returns `true` if the fields that were changed are those of this configuration.
fn same(found: &Value, config: &Value, changes: &Value) -> bool {
    let mut fields = changes.as_object().unwrap().keys();
    // A server adds its own notes to the metadata.
    fields.all(|field| match &config[field] {
        Value::Object(fields) => fields.iter().all(|(name, value)| found[field][name] == *value),
        value => found[field] == *value,
    })
}

async fn check(
    bus: &Bus,
    client: &Client,
    base: &Value,
    (field, changes, verdict): &(&str, Value, Verdict),
) -> Result<(), String> {
    let theirs = changed(base, changes);
    if let Some(why) = refusal(&write(client, &theirs, "create").await) {
        return Err(format!("it is not created: {why}"));
    }
    let plan = registry().plan(bus).await.unwrap().consumers.remove(0);
    let said = plan.differences.iter().any(|difference| difference.field == *field);
    let action = match verdict {
        Left => PlanAction::Nothing,
        Mutable => PlanAction::Change,
        Lossy | Immutable | Foreign => PlanAction::Refuse,
    };
    if plan.action != action || said != (*verdict != Left) {
        return Err(format!("expected {verdict:?}: {plan}"));
    }

    match registry().start(bus).await {
        Ok(_) if matches!(verdict, Immutable | Foreign) => return Err("it is not refused".into()),
        Ok(running) => drop(running.shutdown().await),
        Err(ServeError::Subscribe {
            message,
            source: SubscribeError::Exists { consumer, differences, .. },
        }) => {
            let named = differences.iter().any(|difference| difference.field == *field);
            if !named || consumer != NAME || message.is_empty() {
                return Err(format!("{consumer} {differences:?}"));
            }
        }
        Err(error) => return Err(format!("it does not start: {error}")),
    }
    if *verdict == Lossy {
        let plan = registry().plan(bus).await.unwrap().consumers.remove(0);
        if plan.refused().map(|difference| &*difference.field).ne([*field]) {
            return Err(format!("it is not left: {plan}"));
        }
        if let Err(error) = bus.apply_consumer(plan.allow_data_loss()).await {
            return Err(format!("it is not changed: {error}"));
        }
    }
    let found = info(client).await;
    let expected = if matches!(verdict, Mutable | Lossy) { base } else { &theirs };
    if !same(&found, expected, changes) {
        return Err(format!("it became {found}, not {expected}"));
    }
    if matches!(verdict, Left | Mutable | Lossy) {
        let plan = registry().plan(bus).await.unwrap().consumers.remove(0);
        return match plan.action {
            PlanAction::Nothing => Ok(()),
            _ => Err(format!("it differs still: {plan}")),
        };
    }
    // What a server says that is asked directly.
    let ours = changed(base, &json!({"filter_subject": "drift.thing"}));
    match (refusal(&write(client, &ours, "update").await), verdict) {
        (None, Immutable) => Err("the server does change it".to_owned()),
        (Some(why), Foreign) => Err(format!("the server does not change it: {why}")),
        _ => Ok(()),
    }
}

#[tokio::test]
async fn what_is_planned_for_each_field_is_what_the_server_does() {
    let server = Server::start().await;
    let (bus, client) = (Bus::connect(server.url()).await.unwrap(), server.client().await);
    drop(registry().start(&bus).await.unwrap().shutdown().await);
    let plan = registry().plan(&bus).await.unwrap();
    assert_eq!(plan.consumers[0].action, PlanAction::Nothing, "{plan}");
    let base = info(&client).await;
    let mut wrong = Vec::new();
    for (i, row) in rows().iter().enumerate() {
        let delete = format!("CONSUMER.DELETE.DRIFT.{NAME}");
        api(&client, &delete, &Value::Null).await;
        if let Err(why) = check(&bus, &client, &base, row).await {
            wrong.push(format!("row {i}, {}: {why}", row.0));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn what_others_set_beside_it_stays() {
    let server = Server::start().await;
    let (bus, client) = (Bus::connect(server.url()).await.unwrap(), server.client().await);
    drop(registry().start(&bus).await.unwrap().shutdown().await);
    let theirs = json!({
        "max_ack_pending": 7,
        "description": "theirs",
        "metadata": {"owner": "them"},
        "inactive_threshold": 600 * SECOND,
    });
    let theirs = changed(&info(&client).await, &theirs);
    assert_eq!(refusal(&write(&client, &theirs, "update").await), None);

    let kept = registry().consumers(Topology::CreateOnly).start(&bus).await.unwrap();
    drop(kept.shutdown().await);
    assert_eq!(info(&client).await["max_ack_pending"], 7, "create only changes nothing");

    drop(registry().start(&bus).await.unwrap().shutdown().await);
    let found = info(&client).await;
    assert_eq!(found["max_ack_pending"], 1000);
    assert_eq!(found["description"], "theirs");
    assert_eq!(found["metadata"]["owner"], "them");
    assert_eq!(found["inactive_threshold"], 600 * SECOND);
}

/// A server adds to a nak's delay what the backoff of this delivery is over the first's: that is
/// taken off.
#[tokio::test]
async fn a_nak_comes_in_its_own_time_whatever_the_backoff() {
    let server = Server::start().await;
    let (bus, client) = (Bus::connect(server.url()).await.unwrap(), server.client().await);
    bus.provision::<Drift>().await.unwrap();
    let backoff = [SECOND / 2, 60 * SECOND];
    let config = json!({
        "durable_name": NAME, "name": NAME, "ack_policy": "explicit", "deliver_policy": "all",
        "filter_subject": "drift.thing", "backoff": backoff, "max_ack_pending": 1000,
    });
    assert_eq!(refusal(&write(&client, &config, "create").await), None);
    bus.publish(&Thing {}).await.unwrap();
    let wait = Duration::from_millis(500);
    let mut things = bus.consume::<Thing>(NAME).ack_wait(wait).await.unwrap();
    // The first goes unsettled, and the second would wait for a minute.
    let first = soon(things.next()).await.unwrap().unwrap();
    let second = soon(things.next()).await.unwrap().unwrap();
    assert_eq!((first.attempt(), second.attempt()), (1, 2));
    second.nak(Some(Duration::from_millis(700))).await.unwrap();
    let begin = Instant::now();
    let third = soon(things.next()).await.unwrap().unwrap();
    assert_eq!(third.attempt(), 3);
    assert!(begin.elapsed() > Duration::from_millis(500), "{:?}", begin.elapsed());
}
