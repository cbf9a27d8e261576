//! Each field of a stream's configuration.

use std::collections::BTreeSet;
use std::time::Duration;

use async_nats::Client;
use serde_json::{Value, json};
use tidings::DifferenceKind::{Immutable, Lossy, Mutable};
use tidings::{
    ApplyError, Bus, Compression, ConsumerLimits, DifferenceKind, Discard, Persistence, Placement,
    PlanAction, Republish, Retention, Source, Storage, StreamConfig, SubjectTransform,
};
use tidings_tests::{Cluster, Server};

use super::{api, refusal};

type Change = fn(&mut StreamConfig);

/// A field, what it is, what it is to be, and what that is to a server. `None`: it is no
/// difference.
type Row = (&'static str, Change, Change, Option<DifferenceKind>);

const HOUR: Duration = Duration::from_secs(3600);
const NOTHING: Change = |_| {};
const INTEREST: Change = |c| c.retention = Retention::Interest;
const TASKS: Change = |c| c.retention = Retention::WorkQueue;
const SHORT: Change = |c| c.max_age = Some(HOUR);
const LONG: Change = |c| c.max_age = Some(HOUR * 2);
const FEW_BYTES: Change = |c| c.max_bytes = Some(1_000);
const MANY_BYTES: Change = |c| c.max_bytes = Some(2_000);
const FEW: Change = |c| c.max_messages = Some(10);
const MANY: Change = |c| c.max_messages = Some(20);
const FEW_EACH: Change = |c| c.max_messages_per_subject = Some(10);
const MANY_EACH: Change = |c| c.max_messages_per_subject = Some(20);
const SMALL: Change = |c| c.max_message_size = Some(100);
const LARGE: Change = |c| c.max_message_size = Some(200);
const ONE: Change = |c| c.max_consumers = Some(1);
const TWO: Change = |c| c.max_consumers = Some(2);
const REFUSES: Change = |c| c.discard = Discard::New;
const FULL: Change = |c| {
    c.discard = Discard::New;
    c.max_messages_per_subject = Some(10);
};
const FULL_EACH: Change = |c| {
    FULL(c);
    c.discard_new_per_subject = true;
};
const MARKED: Change = |c| c.subject_delete_marker_ttl = Some(HOUR);
const MIRROR: Change = |c| {
    c.subjects.clear();
    c.mirror = Some(Source::new("ORIGIN"));
};
const GATHERS: Change = |c| c.sources = vec![Source::new("ORIGIN")];
const LIMITED: Change = |c| {
    c.consumer_limits =
        Some(ConsumerLimits { inactive_threshold: Some(HOUR), max_ack_pending: Some(50) });
};

const ROWS: &[Row] = &[
    ("description", NOTHING, |c| c.description = Some("new".into()), Some(Mutable)),
    ("description", |c| c.description = Some("old".into()), NOTHING, None),
    ("subjects", NOTHING, |c| c.subjects.push("more".into()), Some(Mutable)),
    ("subjects", |c| c.subjects = vec!["drift.a".into()], NOTHING, Some(Mutable)),
    ("subjects", |c| c.subjects.push("more".into()), NOTHING, Some(Lossy)),
    ("subjects", NOTHING, |c| c.subjects = vec!["drift.a".into()], Some(Lossy)),
    ("retention", INTEREST, NOTHING, Some(Mutable)),
    ("retention", NOTHING, INTEREST, Some(Lossy)),
    ("retention", NOTHING, TASKS, Some(Immutable)),
    ("retention", TASKS, NOTHING, Some(Immutable)),
    ("retention", INTEREST, TASKS, Some(Immutable)),
    ("retention", TASKS, INTEREST, Some(Immutable)),
    ("storage", NOTHING, |c| c.storage = Storage::Memory, Some(Immutable)),
    ("storage", |c| c.storage = Storage::Memory, NOTHING, Some(Immutable)),
    ("max_age", SHORT, LONG, Some(Mutable)),
    ("max_age", LONG, SHORT, Some(Lossy)),
    ("max_age", NOTHING, SHORT, Some(Lossy)),
    ("max_age", SHORT, |c| c.max_age = Some(Duration::ZERO), Some(Mutable)),
    ("max_age", SHORT, NOTHING, None),
    ("max_bytes", FEW_BYTES, MANY_BYTES, Some(Mutable)),
    ("max_bytes", MANY_BYTES, FEW_BYTES, Some(Lossy)),
    ("max_bytes", NOTHING, FEW_BYTES, Some(Lossy)),
    ("max_bytes", FEW_BYTES, |c| c.max_bytes = Some(0), Some(Mutable)),
    ("max_bytes", FEW_BYTES, NOTHING, None),
    ("max_msgs", FEW, MANY, Some(Mutable)),
    ("max_msgs", MANY, FEW, Some(Lossy)),
    ("max_msgs", NOTHING, FEW, Some(Lossy)),
    ("max_msgs", FEW, |c| c.max_messages = Some(0), Some(Mutable)),
    ("max_msgs", FEW, NOTHING, None),
    // Nothing is deleted where what is new is refused.
    (
        "max_msgs",
        |c| {
            REFUSES(c);
            MANY(c);
        },
        |c| {
            REFUSES(c);
            FEW(c);
        },
        Some(Mutable),
    ),
    (
        "max_bytes",
        REFUSES,
        |c| {
            REFUSES(c);
            FEW_BYTES(c);
        },
        Some(Mutable),
    ),
    (
        "max_msgs_per_subject",
        FULL,
        |c| {
            FULL(c);
            c.max_messages_per_subject = Some(5);
        },
        Some(Lossy),
    ),
    ("max_msgs_per_subject", FEW_EACH, MANY_EACH, Some(Mutable)),
    ("max_msgs_per_subject", MANY_EACH, FEW_EACH, Some(Lossy)),
    ("max_msgs_per_subject", NOTHING, FEW_EACH, Some(Lossy)),
    ("max_msgs_per_subject", FEW_EACH, |c| c.max_messages_per_subject = Some(0), Some(Mutable)),
    ("max_msg_size", SMALL, LARGE, Some(Mutable)),
    ("max_msg_size", LARGE, SMALL, Some(Mutable)),
    ("max_msg_size", SMALL, |c| c.max_message_size = Some(0), Some(Mutable)),
    ("max_consumers", ONE, TWO, Some(Mutable)),
    ("max_consumers", TWO, ONE, Some(Mutable)),
    ("max_consumers", ONE, NOTHING, None),
    ("discard", NOTHING, REFUSES, Some(Mutable)),
    ("discard", REFUSES, NOTHING, Some(Lossy)),
    ("discard_new_per_subject", FULL, FULL_EACH, Some(Mutable)),
    ("discard_new_per_subject", FULL_EACH, FULL, Some(Lossy)),
    ("duplicate_window", NOTHING, |c| c.duplicate_window = Some(HOUR), Some(Mutable)),
    (
        "duplicate_window",
        |c| c.duplicate_window = Some(HOUR),
        |c| {
            c.duplicate_window = Some(HOUR / 2);
        },
        Some(Mutable),
    ),
    ("duplicate_window", |c| c.duplicate_window = Some(HOUR), NOTHING, None),
    // Longer than messages are kept.
    (
        "duplicate_window",
        SHORT,
        |c| {
            SHORT(c);
            c.duplicate_window = Some(HOUR * 2);
        },
        Some(Immutable),
    ),
    (
        "max_age",
        |c| {
            LONG(c);
            c.duplicate_window = Some(HOUR * 2);
        },
        |c| {
            SHORT(c);
            c.duplicate_window = Some(HOUR * 2);
        },
        Some(Immutable),
    ),
    ("compression", NOTHING, |c| c.compression = Some(Compression::S2), Some(Mutable)),
    (
        "compression",
        |c| c.compression = Some(Compression::S2),
        |c| {
            c.compression = Some(Compression::None);
        },
        Some(Mutable),
    ),
    (
        "placement",
        NOTHING,
        |c| {
            c.placement = Some(Placement { cluster: None, tags: vec!["ssd".into()] });
        },
        Some(Mutable),
    ),
    ("mirror", NOTHING, MIRROR, Some(Immutable)),
    (
        "mirror",
        MIRROR,
        |c| {
            c.subjects.clear();
            c.mirror = Some(Source::new("OTHER"));
        },
        Some(Immutable),
    ),
    ("mirror", MIRROR, NOTHING, Some(Lossy)),
    ("sources", NOTHING, GATHERS, Some(Mutable)),
    ("sources", GATHERS, NOTHING, Some(Lossy)),
    ("sources", GATHERS, |c| c.sources = vec![Source::new("OTHER")], Some(Lossy)),
    (
        "subject_transform",
        NOTHING,
        |c| {
            let (source, destination) = ("drift.in.*".into(), "drift.out.{{wildcard(1)}}".into());
            c.subject_transform = Some(SubjectTransform { source, destination });
        },
        Some(Mutable),
    ),
    (
        "republish",
        NOTHING,
        |c| {
            let (source, destination) = ("drift.>".into(), "copy.>".into());
            c.republish = Some(Republish { source, destination, headers_only: false });
        },
        Some(Mutable),
    ),
    ("allow_direct", NOTHING, |c| c.allow_direct = true, Some(Mutable)),
    ("allow_direct", |c| c.allow_direct = true, NOTHING, None),
    ("mirror_direct", NOTHING, |c| c.mirror_direct = true, Some(Mutable)),
    (
        "mirror_direct",
        MIRROR,
        |c| {
            MIRROR(c);
            c.mirror_direct = true;
        },
        None,
    ),
    ("allow_rollup_hdrs", NOTHING, |c| c.allow_rollup = true, Some(Mutable)),
    ("allow_rollup_hdrs", |c| c.allow_rollup = true, NOTHING, Some(Mutable)),
    ("deny_delete", NOTHING, |c| c.deny_delete = true, Some(Mutable)),
    ("deny_delete", |c| c.deny_delete = true, NOTHING, Some(Immutable)),
    ("deny_purge", NOTHING, |c| c.deny_purge = true, Some(Mutable)),
    ("deny_purge", |c| c.deny_purge = true, NOTHING, Some(Immutable)),
    ("allow_msg_ttl", NOTHING, |c| c.allow_message_ttl = true, Some(Mutable)),
    ("allow_msg_ttl", |c| c.allow_message_ttl = true, NOTHING, Some(Immutable)),
    ("subject_delete_marker_ttl", NOTHING, MARKED, Some(Mutable)),
    (
        "subject_delete_marker_ttl",
        MARKED,
        |c| {
            c.subject_delete_marker_ttl = Some(HOUR * 2);
        },
        Some(Mutable),
    ),
    ("allow_msg_schedules", NOTHING, |c| c.allow_message_schedules = true, Some(Mutable)),
    // The rollups that came with it stay in both.
    (
        "allow_msg_schedules",
        |c| c.allow_message_schedules = true,
        |c| {
            c.allow_rollup = true;
        },
        Some(Immutable),
    ),
    ("allow_atomic", NOTHING, |c| c.allow_atomic_publish = true, Some(Mutable)),
    ("allow_atomic", |c| c.allow_atomic_publish = true, NOTHING, Some(Mutable)),
    ("allow_batched", NOTHING, |c| c.allow_batch_publish = true, Some(Mutable)),
    ("allow_batched", |c| c.allow_batch_publish = true, NOTHING, Some(Mutable)),
    ("allow_msg_counter", NOTHING, |c| c.allow_message_counter = true, Some(Immutable)),
    ("allow_msg_counter", |c| c.allow_message_counter = true, NOTHING, Some(Immutable)),
    ("first_seq", NOTHING, |c| c.first_sequence = Some(7), None),
    ("first_seq", |c| c.first_sequence = Some(7), |c| c.first_sequence = Some(70), None),
    (
        "consumer_limits.max_ack_pending",
        LIMITED,
        |c| {
            c.consumer_limits =
                Some(ConsumerLimits { inactive_threshold: None, max_ack_pending: Some(60) });
        },
        Some(Mutable),
    ),
    (
        "consumer_limits.inactive_threshold",
        LIMITED,
        |c| {
            c.consumer_limits =
                Some(ConsumerLimits { inactive_threshold: Some(HOUR * 2), max_ack_pending: None });
        },
        Some(Mutable),
    ),
    (
        "consumer_limits.max_ack_pending",
        NOTHING,
        |c| {
            c.consumer_limits =
                Some(ConsumerLimits { inactive_threshold: None, max_ack_pending: Some(60) });
        },
        Some(Mutable),
    ),
    ("persist_mode", NOTHING, |c| c.persistence = Some(Persistence::Async), Some(Immutable)),
    (
        "persist_mode",
        |c| c.persistence = Some(Persistence::Async),
        |c| {
            c.persistence = Some(Persistence::Written);
        },
        Some(Immutable),
    ),
    ("persist_mode", NOTHING, |c| c.persistence = Some(Persistence::Written), None),
    ("no_ack", NOTHING, |c| c.no_ack = true, Some(Mutable)),
    ("no_ack", |c| c.no_ack = true, NOTHING, Some(Mutable)),
    (
        "sealed",
        SHORT,
        |c| {
            SHORT(c);
            c.sealed = true;
        },
        Some(Lossy),
    ),
    (
        "metadata.team",
        NOTHING,
        |c| {
            c.metadata.insert("team".into(), "parcels".into());
        },
        Some(Mutable),
    ),
    (
        "metadata.team",
        |c| {
            c.metadata.insert("team".into(), "parcels".into());
        },
        NOTHING,
        None,
    ),
];

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

/// What a lower limit does to what is there.
#[tokio::test]
async fn a_lower_limit_deletes_only_what_the_plan_says() {
    let server = Server::start().await;
    let (bus, client) = (Bus::connect(server.url()).await.unwrap(), server.client().await);
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
        api(&client, "STREAM.DELETE.DRIFT", &Value::Null).await;
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
