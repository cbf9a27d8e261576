//! Checks of stream configurations, and what a nats-server makes of what is left open.

use std::time::Duration;

use tidings_subject::{check_filter, check_stream_name, covers, overlaps};

use super::api;
use crate::stream::{Compression, Discard, Persistence, Retention, Storage, StreamConfig};
use crate::transport::ApiError;

const DEFAULT_WINDOW: Duration = Duration::from_secs(120);
const SHORTEST: Duration = Duration::from_millis(100);
const MAX_DESCRIPTION: usize = 4 * 1024;
const MAX_METADATA: usize = 128 * 1024;
/// Subjects of the server's own; a stream may keep them only if it answers nobody.
const OWN: [(&str, &str); 4] = [
    ("$JS.>", "$JS.EVENT.>"),
    ("$JSC.>", "$JS.EVENT.>"),
    ("$NRG.>", "$JS.EVENT.>"),
    ("$SYS.>", "$SYS.ACCOUNT.>"),
];

/// The configuration as the server gives it back: checked, with the defaults filled in.
pub(super) fn complete(config: &StreamConfig) -> Result<StreamConfig, ApiError> {
    embedded(config)?;
    let mut config = config.clone().without_zeroes();
    check_stream_name(&config.name)
        .map_err(|why| api::invalid_config(format!("stream name {:?} {why}", config.name)))?;
    if config.description.as_ref().is_some_and(|text| text.len() > MAX_DESCRIPTION) {
        return refuse("stream description is too long, maximum allowed is 4096");
    }
    if config.metadata.iter().map(|(k, v)| k.len() + v.len()).sum::<usize>() > MAX_METADATA {
        return refuse("stream metadata exceeds maximum size of 131072 bytes");
    }
    if config.replicas > 5 {
        return refuse("maximum replicas is 5");
    }
    // There is one process, and each copy would be in it: the number is kept as it is declared.
    config.replicas = config.replicas.max(1);
    if config.subjects.is_empty() {
        config.subjects.push(config.name.clone());
    }
    limits(&mut config)?;
    permissions(&mut config)?;
    subjects(&config)?;
    Ok(config)
}

fn refuse<T>(why: &str) -> Result<T, ApiError> {
    Err(api::invalid_config(why))
}

/// Refuses what the embedded broker does not do.
fn embedded(config: &StreamConfig) -> Result<(), ApiError> {
    let missing = [
        (config.mirror.is_some(), "mirrors"),
        (!config.sources.is_empty(), "sources"),
        (config.subject_transform.is_some(), "subject transforms"),
        (config.republish.is_some(), "republishing"),
        (config.allow_message_counter, "counters"),
    ];
    match missing.iter().find(|(asked, _)| *asked) {
        Some((_, what)) => Err(api::not_embedded(what)),
        None => Ok(()),
    }
}

fn limits(config: &mut StreamConfig) -> Result<(), ApiError> {
    let max_age = config.max_age.unwrap_or(Duration::MAX);
    if max_age < SHORTEST {
        return refuse("max age needs to be >= 100ms");
    }
    let window = config.duplicate_window.unwrap_or(DEFAULT_WINDOW.min(max_age));
    if window > max_age {
        return refuse("duplicates window can not be larger then max age");
    }
    if window < SHORTEST {
        return refuse("duplicates window needs to be >= 100ms");
    }
    config.duplicate_window = Some(window);
    Ok(())
}

fn permissions(config: &mut StreamConfig) -> Result<(), ApiError> {
    // What is left out is as good as said, or the other way round.
    config.compression.get_or_insert(Compression::None);
    config.persistence = config.persistence.filter(|when| *when != Persistence::Written);
    if config.deny_purge && config.allow_rollup {
        return refuse("roll-ups require the purge permission");
    }
    if config.discard_new_per_subject {
        if config.discard != Discard::New {
            return refuse("discard new per subject requires discard new policy to be set");
        }
        if config.max_messages_per_subject.is_none() {
            return refuse("discard new per subject requires max msgs per subject > 0");
        }
    }
    if let Some(ttl) = config.subject_delete_marker_ttl {
        if ttl < Duration::from_secs(1) {
            return refuse("subject delete marker TTL must be at least 1 second");
        }
        config.allow_message_ttl = true;
        if !config.allow_rollup {
            (config.allow_rollup, config.deny_purge) = (true, false);
        }
    }
    if config.allow_message_schedules {
        if config.discard == Discard::New {
            return refuse("message scheduling cannot use discard new");
        }
        if !config.allow_rollup {
            (config.allow_rollup, config.deny_purge) = (true, false);
        }
    }
    if config.persistence == Some(Persistence::Async) && config.storage != Storage::File {
        return refuse("async persist mode is only supported on file storage");
    }
    if config.persistence == Some(Persistence::Async) && config.allow_atomic_publish {
        return refuse("async persist mode is not supported with atomic batch publish");
    }
    Ok(())
}

fn subjects(config: &StreamConfig) -> Result<(), ApiError> {
    for (i, subject) in config.subjects.iter().enumerate() {
        if check_filter(subject).is_err() {
            return refuse("invalid subject");
        }
        if config.subjects[..i].contains(subject) {
            return refuse("duplicate subjects detected");
        }
        if subject == ">" && !config.no_ack {
            return refuse("capturing all subjects requires no-ack to be true");
        }
        let own = OWN.iter().find(|(own, allowed)| {
            overlaps(subject, own) && !covers(&[*allowed], subject) && !config.no_ack
        });
        if let Some((own, _)) = own {
            let whose = if *own == "$SYS.>" { "system" } else { "jetstream" };
            return refuse(&format!(
                "subjects that overlap with {whose} api require no-ack to be true"
            ));
        }
        if let Some(other) = config.subjects[i + 1..].iter().find(|s| overlaps(s, subject)) {
            return Err(api::invalid_config(format!(
                "subject {subject:?} overlaps with {other:?}"
            )));
        }
    }
    Ok(())
}

/// The configuration that an update gives, if the server allows the change.
pub(super) fn update(old: &StreamConfig, new: &StreamConfig) -> Result<StreamConfig, ApiError> {
    let mut config = complete(new)?;
    let work_queue = |config: &StreamConfig| config.retention == Retention::WorkQueue;
    let changes = [
        (config.name != old.name, "stream configuration name must match original"),
        (config.storage != old.storage, "stream configuration update can not change storage type"),
        (
            work_queue(&config) != work_queue(old),
            "stream configuration update can not change retention policy to/from workqueue",
        ),
        (
            old.sealed && !config.sealed,
            "stream configuration update can not unseal a sealed stream",
        ),
        (
            old.deny_delete && !config.deny_delete,
            "stream configuration update can not cancel deny message deletes",
        ),
        (
            old.deny_purge && !config.deny_purge,
            "stream configuration update can not cancel deny purge",
        ),
        (
            old.allow_message_ttl && !config.allow_message_ttl,
            "message TTL status can not be disabled",
        ),
        (
            old.allow_message_schedules && !config.allow_message_schedules,
            "message schedules can not be disabled",
        ),
        (
            old.persistence != config.persistence,
            "stream configuration update can not change persist mode",
        ),
    ];
    if let Some((_, why)) = changes.iter().find(|(changed, _)| *changed) {
        return refuse(why);
    }
    if config.sealed {
        config.max_age = None;
        config.discard = Discard::New;
        (config.deny_delete, config.deny_purge, config.allow_rollup) = (true, true, false);
    }
    Ok(config)
}
