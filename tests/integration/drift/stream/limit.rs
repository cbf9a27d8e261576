//! Limits, the duplicate window and replicas of a stream that exists, changed.

use std::time::Duration;

use serde_json::Value;
use tidings::DifferenceKind::{Immutable, Lossy, Mutable};
use tidings::{ApplyError, Bus, PlanAction};
use tidings_tests::{Cluster, Server};

use super::super::api;
use super::config;
use super::field::{Change, FULL_EACH, HOUR, NOTHING, REFUSES};

/// A lower limit deletes of what is there only what the plan says.
#[tokio::test]
async fn a_lower_limit_deletes_only_what_the_plan_says() {
    let lower: [(&str, Change, Change, u64); 6] = [
        ("max_msgs", NOTHING, |c| c.max_messages = Some(2), 2),
        ("max_msgs", REFUSES, |c| (REFUSES(c), c.max_messages = Some(2)).1, 5),
        ("max_msgs", NOTHING, |c| (REFUSES(c), c.max_messages = Some(2)).1, 5),
        ("max_bytes", REFUSES, |c| (REFUSES(c), c.max_bytes = Some(100)).1, 5),
        (
            "max_msgs_per_subject",
            REFUSES,
            |c| (REFUSES(c), c.max_messages_per_subject = Some(2)).1,
            2,
        ),
        (
            "max_msgs_per_subject",
            FULL_EACH,
            |c| (FULL_EACH(c), c.max_messages_per_subject = Some(2)).1,
            2,
        ),
    ];
    let mut wrong = Vec::new();
    for (field, before, after, left) in lower {
        // A stream that is made again at once may have messages of the one before.
        let server = Server::start().await;
        let (bus, client) = (Bus::connect(server.url()).await.unwrap(), server.client().await);
        bus.apply(bus.plan_stream(&config(before)).await.unwrap()).await.unwrap();
        for _ in 0..5 {
            client.publish("drift.a", vec![0; 100].into()).await.unwrap();
        }
        client.flush().await.unwrap();
        tidings_tests::eventually(Duration::from_secs(5), "they are stored", || async {
            let info = api(&client, "STREAM.INFO.DRIFT", &Value::Null).await;
            if info["state"]["messages"] == 5 { Ok(()) } else { Err(info) }
        })
        .await;
        let plan = bus.plan_stream(&config(after)).await.unwrap();
        let difference = plan.differences.iter().find(|d| d.field == field).unwrap();
        let (kind, advice) = (difference.kind, difference.advice);
        bus.apply(plan.allow_data_loss()).await.unwrap();
        let found =
            api(&client, "STREAM.INFO.DRIFT", &Value::Null).await["state"]["messages"].clone();
        let expected = if left == 5 { (Mutable, true) } else { (Lossy, false) };
        if found != left || (kind, advice.contains("10077")) != expected {
            wrong.push(format!("{field}: {kind:?} {advice}; {found} are left"));
        }
        let stored = client.request("drift.b", "more".into()).await.unwrap();
        let stored: Value = serde_json::from_slice(&stored.payload).unwrap();
        if (stored["error"]["err_code"] == 10_077) != (left == 5) {
            wrong.push(format!("{field}: {stored}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// A server refuses a `max_age` under the window for ever: the window follows, or the plan says so.
#[tokio::test]
async fn a_window_is_no_longer_than_messages_are_kept() {
    let server = Server::start().await;
    let bus = Bus::connect(server.url()).await.unwrap();
    bus.apply(bus.plan_stream(&config(NOTHING)).await.unwrap()).await.unwrap();
    let mut minute = config(NOTHING);
    minute.max_age = Some(Duration::from_secs(60));
    let plan = bus.plan_stream(&minute).await.unwrap();
    assert_eq!(
        plan.to_string(),
        "stream DRIFT: refused\n  \
         max_age: no limit -> 1m (loses messages): what is over it is deleted at once\n  \
         duplicate_window: 2m -> 1m: ids can't be remembered for longer than messages are kept (code 10052)"
    );
    bus.apply(plan.allow_data_loss()).await.unwrap();
    assert_eq!(bus.plan_stream(&minute).await.unwrap().action, PlanAction::Nothing);

    // What the stream keeps, where nothing is declared of it.
    let mut longer = config(NOTHING);
    longer.duplicate_window = Some(HOUR);
    let plan = bus.plan_stream(&longer).await.unwrap().allow_data_loss();
    assert_eq!((plan.action, plan.differences[0].kind), (PlanAction::Refuse, Immutable), "{plan}");

    let mut never = config(NOTHING);
    never.name = "NEVER".to_owned();
    never.subjects = vec!["never".to_owned()];
    (never.max_age, never.duplicate_window) = (Some(HOUR), Some(HOUR * 2));
    let plan = bus.plan_stream(&never).await.unwrap().allow_data_loss();
    let error = bus.apply(plan).await.unwrap_err();
    assert!(matches!(&error, ApplyError::Refused { .. }), "{error:?}");
    for word in ["NEVER", "duplicate_window", "max_age", "10052"] {
        assert!(error.to_string().contains(word), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_are_added_and_taken_away() {
    let cluster = Cluster::start(3).await;
    let bus = Bus::connect(cluster.url()).await.unwrap();
    let client = cluster.client().await;
    let of = |replicas| {
        let mut config = config(NOTHING);
        config.replicas = replicas;
        config
    };
    bus.apply(bus.plan_stream(&of(1)).await.unwrap()).await.unwrap();
    for replicas in [3, 2] {
        let plan = bus.plan_stream(&of(replicas)).await.unwrap();
        assert_eq!(plan.action, PlanAction::Change, "{plan}");
        assert_eq!(plan.differences[0].field, "num_replicas");
        bus.apply(plan).await.unwrap();
        let info = api(&client, "STREAM.INFO.DRIFT", &Value::Null).await;
        assert_eq!(info["config"]["num_replicas"], replicas);
    }
    // One is what a declaration says that speaks of none: an operator may have more.
    let plan = bus.plan_stream(&of(1)).await.unwrap();
    assert_eq!(plan.action, PlanAction::Nothing, "{plan}");
}
