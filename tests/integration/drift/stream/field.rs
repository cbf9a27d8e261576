//! Changes of each field of a stream, and what each is to a server.

use std::time::Duration;

use tidings::DifferenceKind::{Immutable, Lossy, Mutable};
use tidings::{
    Compression, ConsumerLimits, DifferenceKind, Discard, Persistence, Placement, Republish,
    Retention, Source, Storage, StreamConfig, SubjectTransform,
};

pub(super) type Change = fn(&mut StreamConfig);

/// A field, what it is, what it is to be, and what that is to a server. `None`: it is no
/// difference.
pub(super) type Row = (&'static str, Change, Change, Option<DifferenceKind>);

pub(super) const HOUR: Duration = Duration::from_secs(3600);
pub(super) const NOTHING: Change = |_| {};
pub(super) const INTEREST: Change = |c| c.retention = Retention::Interest;
pub(super) const TASKS: Change = |c| c.retention = Retention::WorkQueue;
pub(super) const SHORT: Change = |c| c.max_age = Some(HOUR);
pub(super) const LONG: Change = |c| c.max_age = Some(HOUR * 2);
pub(super) const FEW_BYTES: Change = |c| c.max_bytes = Some(1_000);
pub(super) const MANY_BYTES: Change = |c| c.max_bytes = Some(2_000);
pub(super) const FEW: Change = |c| c.max_messages = Some(10);
pub(super) const MANY: Change = |c| c.max_messages = Some(20);
pub(super) const FEW_EACH: Change = |c| c.max_messages_per_subject = Some(10);
pub(super) const MANY_EACH: Change = |c| c.max_messages_per_subject = Some(20);
pub(super) const SMALL: Change = |c| c.max_message_size = Some(100);
pub(super) const LARGE: Change = |c| c.max_message_size = Some(200);
pub(super) const ONE: Change = |c| c.max_consumers = Some(1);
pub(super) const TWO: Change = |c| c.max_consumers = Some(2);
pub(super) const REFUSES: Change = |c| c.discard = Discard::New;

pub(super) const FULL: Change = |c| {
    c.discard = Discard::New;
    c.max_messages_per_subject = Some(10);
};

pub(super) const FULL_EACH: Change = |c| {
    FULL(c);
    c.discard_new_per_subject = true;
};

pub(super) const MARKED: Change = |c| c.subject_delete_marker_ttl = Some(HOUR);

pub(super) const MIRROR: Change = |c| {
    c.subjects.clear();
    c.mirror = Some(Source::new("ORIGIN"));
};

pub(super) const GATHERS: Change = |c| c.sources = vec![Source::new("ORIGIN")];

pub(super) const LIMITED: Change = |c| {
    c.consumer_limits =
        Some(ConsumerLimits { inactive_threshold: Some(HOUR), max_ack_pending: Some(50) });
};

pub(super) const ROWS: &[Row] = &[
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
