//! A stream with every key.

use std::time::SystemTime;

use tidings::prelude::*;
use tidings::{
    Compression, ConsumerLimits, Discard, External, Persistence, Placement, Republish, Retention,
    Source, SourceConsumer, SourceStart, Storage, StreamConfig, SubjectTransform,
};

/// Everything that happens
/// to an order.
///
/// And a second paragraph.
#[derive(EventStream)]
#[stream(
    name = "ORDERS",
    subjects("orders.>", "returns.*"),
    retention = "work_queue",
    storage = "memory",
    replicas = 3,
    max_age = "1h30m",
    max_bytes = "10GiB",
    max_messages = 1_000_000,
    max_messages_per_subject = 5,
    max_message_size = "1MiB",
    max_consumers = 10,
    discard = "new",
    discard_new_per_subject,
    duplicate_window = "500ms",
    compression = "s2",
    placement(cluster = "east", tags("ssd", "fast")),
    subject_transform(source = "orders.>", destination = "kept.>"),
    republish(source = "kept.>", destination = "again.>", headers_only),
    allow_direct,
    allow_rollup = true,
    deny_delete,
    deny_purge = false,
    allow_message_ttl,
    subject_delete_marker_ttl = "1h",
    allow_message_schedules,
    allow_atomic_publish,
    allow_batch_publish,
    first_sequence = 1000,
    consumer_limits(inactive_threshold = "1h", max_ack_pending = 100),
    persistence = "written",
    sealed = false,
    metadata(team = "orders", "some.name" = "x"),
)]
struct Orders;

#[derive(EventStream)]
#[stream(
    name = "COPY",
    mirror(name = "ORDERS", start_sequence = 5, filter_subject = "orders.eu.>", domain = "hub"),
    mirror_direct,
    description = "A copy",
    max_bytes = 4096,
    persistence = "async"
)]
struct Copy;

#[derive(EventStream)]
#[stream(
    name = "ALL",
    source(
        name = "A",
        start_time = "2025-01-31T12:00:00Z",
        subject_transform(source = "a.>", destination = "x.>"),
        subject_transform(source = "b.>", destination = "y.>")
    ),
    source(
        name = "B",
        external(api_prefix = "$JS.hub.API", delivery_prefix = "deliver.hub"),
        consumer(name = "reader", deliver_subject = "deliver.reader")
    ),
    no_ack,
    allow_message_counter
)]
#[stream(compression = "none")]
struct All;

fn main() {
    assert_eq!(Orders::NAME, "ORDERS");
    // Delayed messages wait on the last.
    let subjects = ["orders.>", "returns.*", "_schedules.ORDERS.>"];
    assert_eq!(Orders::SUBJECTS, subjects);
    let mut expected = StreamConfig::new("ORDERS", subjects);
    expected.description = Some("Everything that happens to an order.".into());
    expected.retention = Retention::WorkQueue;
    expected.storage = Storage::Memory;
    expected.replicas = 3;
    expected.max_age = Some(Duration::from_secs(5400));
    expected.max_bytes = Some(10 << 30);
    expected.max_messages = Some(1_000_000);
    expected.max_messages_per_subject = Some(5);
    expected.max_message_size = Some(1 << 20);
    expected.max_consumers = Some(10);
    expected.discard = Discard::New;
    expected.discard_new_per_subject = true;
    expected.duplicate_window = Some(Duration::from_millis(500));
    expected.compression = Some(Compression::S2);
    expected.placement =
        Some(Placement { cluster: Some("east".into()), tags: vec!["ssd".into(), "fast".into()] });
    expected.subject_transform =
        Some(SubjectTransform { source: "orders.>".into(), destination: "kept.>".into() });
    expected.republish = Some(Republish {
        source: "kept.>".into(),
        destination: "again.>".into(),
        headers_only: true,
    });
    expected.allow_direct = true;
    expected.allow_rollup = true;
    expected.deny_delete = true;
    expected.allow_message_ttl = true;
    expected.subject_delete_marker_ttl = Some(Duration::from_secs(3600));
    expected.allow_message_schedules = true;
    expected.allow_atomic_publish = true;
    expected.allow_batch_publish = true;
    expected.first_sequence = Some(1000);
    expected.consumer_limits = Some(ConsumerLimits {
        inactive_threshold: Some(Duration::from_secs(3600)),
        max_ack_pending: Some(100),
    });
    expected.persistence = Some(Persistence::Written);
    expected.metadata.insert("team".into(), "orders".into());
    expected.metadata.insert("some.name".into(), "x".into());
    assert_eq!(Orders::config(), expected);

    let mut expected = StreamConfig::new("COPY", [""; 0]);
    expected.description = Some("A copy".into());
    expected.max_bytes = Some(4096);
    expected.mirror_direct = true;
    expected.persistence = Some(Persistence::Async);
    let mut mirror = Source::new("ORDERS");
    mirror.start = Some(SourceStart::Sequence(5));
    mirror.filter_subject = Some("orders.eu.>".into());
    mirror.domain = Some("hub".into());
    expected.mirror = Some(mirror);
    assert_eq!(Copy::config(), expected);

    let mut expected = StreamConfig::new("ALL", [""; 0]);
    expected.no_ack = true;
    expected.allow_message_counter = true;
    expected.compression = Some(Compression::None);
    let mut a = Source::new("A");
    a.start = Some(SourceStart::Time(SystemTime::UNIX_EPOCH + Duration::from_secs(1_738_324_800)));
    a.subject_transforms = vec![
        SubjectTransform { source: "a.>".into(), destination: "x.>".into() },
        SubjectTransform { source: "b.>".into(), destination: "y.>".into() },
    ];
    let mut b = Source::new("B");
    b.external = Some(External {
        api_prefix: "$JS.hub.API".into(),
        delivery_prefix: Some("deliver.hub".into()),
    });
    b.consumer =
        Some(SourceConsumer { name: "reader".into(), deliver_subject: "deliver.reader".into() });
    expected.sources = vec![a, b];
    assert_eq!(All::config(), expected);
}
