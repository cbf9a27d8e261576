//! Round trip of a stream's configuration to a real server and back, with every field.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use tidings::{
    Bus, Compression, ConsumerLimits, Discard, EventStream, External, Persistence, Placement,
    PlanAction, ProvisionError, Republish, Retention, Source, SourceConsumer, SourceStart, Storage,
    StreamConfig, SubjectTransform,
};
use tidings_tests::{Cluster, Server};

/// The configuration under test. Only one test uses it.
static CONFIG: Mutex<Option<StreamConfig>> = Mutex::new(None);

/// A stream that is configured as [`CONFIG`] says.
struct Table;

impl EventStream for Table {
    const NAME: &'static str = "TABLE";
    const SUBJECTS: &'static [&'static str] = &["table.>"];

    fn config() -> StreamConfig {
        CONFIG.lock().unwrap().clone().expect("a configuration")
    }
}

type Change = fn(&mut StreamConfig);

const HOUR: Duration = Duration::from_secs(3600);

/// Changes of a field each, with what the server asks for beside it or sets itself.
const CHANGES: &[(&str, Change)] = &[
    ("nothing", |_| {}),
    ("description", |c| c.description = Some("A table, with \"quotes\" and ü.".into())),
    ("subjects", |c| c.subjects = vec!["table.a".into(), "table.*.b".into(), "table.c.d.>".into()]),
    ("interest", |c| c.retention = Retention::Interest),
    ("work queue", |c| c.retention = Retention::WorkQueue),
    ("memory", |c| c.storage = Storage::Memory),
    ("age", |c| c.max_age = Some(HOUR * 24 * 7 + Duration::from_millis(1))),
    ("bytes", |c| c.max_bytes = Some(1_000_000_007)),
    ("messages", |c| c.max_messages = Some(u64::from(u32::MAX) + 1)),
    ("messages per subject", |c| c.max_messages_per_subject = Some(10)),
    ("message size", |c| c.max_message_size = Some(65_536)),
    ("consumers", |c| c.max_consumers = Some(7)),
    ("discard", |c| c.discard = Discard::New),
    ("discard per subject", |c| {
        c.discard = Discard::New;
        c.max_messages_per_subject = Some(1);
        c.discard_new_per_subject = true;
    }),
    ("duplicate window", |c| c.duplicate_window = Some(Duration::from_millis(1500))),
    ("compression", |c| c.compression = Some(Compression::S2)),
    ("placement", |c| {
        c.placement = Some(Placement { cluster: None, tags: vec!["ssd".into(), "eu".into()] });
    }),
    ("transform", |c| {
        c.subject_transform = Some(SubjectTransform {
            source: "table.*.in".into(),
            destination: "table.out.{{wildcard(1)}}".into(),
        });
    }),
    ("republish", |c| {
        c.republish = Some(Republish {
            source: "table.>".into(),
            destination: "copy.>".into(),
            headers_only: true,
        });
    }),
    ("direct", |c| c.allow_direct = true),
    ("rollup", |c| c.allow_rollup = true),
    ("no delete", |c| c.deny_delete = true),
    ("no purge", |c| c.deny_purge = true),
    ("message ttl", |c| c.allow_message_ttl = true),
    ("marker ttl", |c| {
        c.allow_message_ttl = true;
        c.allow_rollup = true;
        c.subject_delete_marker_ttl = Some(HOUR);
    }),
    ("schedules", |c| {
        c.allow_message_schedules = true;
        c.allow_message_ttl = true;
        c.allow_rollup = true;
    }),
    ("atomic", |c| c.allow_atomic_publish = true),
    ("batch", |c| c.allow_batch_publish = true),
    ("counter", |c| c.allow_message_counter = true),
    ("first sequence", |c| c.first_sequence = Some(1_000_000)),
    ("consumer limits", |c| {
        c.consumer_limits =
            Some(ConsumerLimits { inactive_threshold: Some(HOUR), max_ack_pending: Some(99) });
    }),
    ("async persistence", |c| c.persistence = Some(Persistence::Async)),
    ("no ack", |c| c.no_ack = true),
    ("metadata", |c| {
        c.metadata = BTreeMap::from([("owner", "shop"), ("team", "parcels")])
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
    }),
    ("mirror", |c| {
        c.subjects = vec![];
        c.duplicate_window = None;
        c.mirror = Some(Source::new("ORIGIN"));
        c.mirror_direct = true;
    }),
    ("mirror from a sequence", |c| {
        c.subjects = vec![];
        let mut origin = Source::new("ORIGIN");
        origin.start = Some(SourceStart::Sequence(42));
        origin.filter_subject = Some("origin.a.>".into());
        c.mirror_direct = true;
        c.duplicate_window = None;
        c.mirror = Some(origin);
    }),
    ("source from a time", |c| {
        let mut origin = Source::new("ORIGIN");
        let time = SystemTime::UNIX_EPOCH + Duration::new(1_700_000_000, 123_456_789);
        origin.start = Some(SourceStart::Time(time));
        origin.subject_transforms = vec![SubjectTransform {
            source: "origin.*".into(),
            destination: "table.{{wildcard(1)}}".into(),
        }];
        c.duplicate_window = None;
        c.sources = vec![origin];
    }),
    ("several sources", |c| {
        c.subjects = vec![];
        let mut other = Source::new("OTHER");
        other.external = Some(External {
            api_prefix: "$JS.hub.API".into(),
            delivery_prefix: Some("deliver.hub".into()),
        });
        c.duplicate_window = None;
        let mut third = Source::new("THIRD");
        third.external = Some(External { api_prefix: "hub.API".into(), delivery_prefix: None });
        c.sources = vec![Source::new("ORIGIN"), other, third];
    }),
    ("source in a domain", |c| {
        let mut origin = Source::new("ORIGIN");
        origin.domain = Some("hub".into());
        c.duplicate_window = None;
        c.sources = vec![origin];
    }),
    ("source through a consumer", |c| {
        let mut origin = Source::new("ORIGIN");
        origin.consumer =
            Some(SourceConsumer { name: "reader".into(), deliver_subject: "deliver.table".into() });
        c.duplicate_window = None;
        c.sources = vec![origin];
    }),
];

/// Configuration without what the server notes there for itself.
fn without_notes(mut config: StreamConfig) -> StreamConfig {
    config.metadata.retain(|name, _| !name.starts_with("_nats."));
    config
}

/// Makes the stream, reads it back and deletes it.
async fn there_and_back(bus: &Bus, config: StreamConfig) -> Result<StreamConfig, ProvisionError> {
    *CONFIG.lock().unwrap() = Some(config.clone());
    bus.provision::<Table>().await?;
    // What the server makes of a declaration is no difference to it.
    let plan = bus.plan_stream(&config).await?;
    assert_eq!(plan.action, PlanAction::Nothing, "{plan}");
    let json = StreamConfig::from_json(&config.to_json()).unwrap();
    assert_eq!(json, config);
    let stream = bus.stream::<Table>();
    let found = stream.config().await.unwrap().expect("it is there");
    stream.delete().await.unwrap();
    Ok(without_notes(found))
}

/// The names and values of a configuration's fields.
fn fields(config: &StreamConfig) -> BTreeMap<String, String> {
    let debug = format!("{config:#?}");
    let mut fields: Vec<(String, String)> = Vec::new();
    for line in debug.lines() {
        match line.strip_prefix("    ").and_then(|line| line.split_once(": ")) {
            Some((name, value)) if !name.starts_with(' ') => {
                fields.push((name.to_owned(), value.to_owned()));
            }
            _ => {
                if let Some((_, value)) = fields.last_mut() {
                    value.push_str(line);
                }
            }
        }
    }
    fields.into_iter().collect()
}

#[tokio::test]
async fn every_field_comes_back_as_it_went() {
    let server = Server::start().await;
    let bus = Bus::connect(server.url()).await.unwrap();
    let context = async_nats::jetstream::new(server.client().await);
    let origin = async_nats::jetstream::stream::Config {
        name: "ORIGIN".to_owned(),
        subjects: vec!["origin.>".to_owned()],
        // Without it the mirror has none either.
        allow_direct: true,
        ..Default::default()
    };
    context.create_stream(origin).await.unwrap();

    let plain = StreamConfig::new(Table::NAME, ["table.>"]);
    // What the server makes of what is left to it.
    let base = there_and_back(&bus, plain.clone()).await.unwrap();
    let mut known = plain.clone();
    known.duplicate_window = Some(Duration::from_secs(120));
    known.compression = Some(Compression::None);
    assert_eq!(base, known);

    let (mut changed, mut wrong) = (BTreeSet::new(), Vec::new());
    for (what, change) in CHANGES {
        let (mut wanted, mut expected) = (plain.clone(), base.clone());
        change(&mut wanted);
        change(&mut expected);
        match there_and_back(&bus, wanted.clone()).await {
            Ok(found) => {
                let (found, expected) = (fields(&found), fields(&expected));
                for (name, value) in &expected {
                    if found[name] != *value {
                        wrong.push(format!("{what}: {name} is {}, not {value}", found[name]));
                    }
                }
                let plain = fields(&plain);
                let set = fields(&wanted);
                changed.extend(set.into_iter().filter(|(name, value)| plain[name] != *value));
            }
            Err(error) => wrong.push(format!("{what}: {error}")),
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    // None is forgotten: a stream can't be made sealed, and replicas need a cluster.
    let changed: BTreeSet<String> = changed.into_iter().map(|(name, _)| name).collect();
    let left = fields(&plain).into_keys().filter(|name| !changed.contains(name));
    assert_eq!(left.collect::<Vec<_>>(), ["name", "replicas", "sealed"]);

    let mut sealed = plain;
    sealed.sealed = true;
    let error = there_and_back(&bus, sealed).await.unwrap_err();
    assert!(matches!(&error, ProvisionError::Refused { code: 10_052, .. }), "{error:?}");
}

/// A stream on three servers.
struct Replicated;

impl EventStream for Replicated {
    const NAME: &'static str = "REPLICATED";
    const SUBJECTS: &'static [&'static str] = &["replicated.>"];

    fn config() -> StreamConfig {
        let mut config = StreamConfig::new(Self::NAME, Self::SUBJECTS.iter().copied());
        config.replicas = 3;
        config
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_come_back_from_a_cluster() {
    let cluster = Cluster::start(3).await;
    let bus = Bus::connect(cluster.url()).await.unwrap();
    bus.provision::<Replicated>().await.unwrap();
    let found = bus.stream::<Replicated>().config().await.unwrap().expect("it is there");
    assert_eq!(found.replicas, 3);
    let server = Server::start().await;
    let alone = Bus::connect(server.url()).await.unwrap();
    let error = alone.provision::<Replicated>().await.unwrap_err();
    assert!(matches!(&error, ProvisionError::Refused { code: 10_074, .. }), "{error:?}");
}
