//! Streams and stores: those that are gone, and the configuration of each.

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use tidings_subject::covers;

use super::catalog::{Catalogs, Site};
use crate::compat::change::Change;
use crate::compat::rule::CatalogRule;

/// A server's own window in which ids are remembered, in nanoseconds.
const DUPLICATE_WINDOW: u64 = 120_000_000_000;
/// Name of the streams that are object stores, with that of the store behind it.
const STORE: &str = "OBJ_";

/// Compares streams by name.
pub(super) fn changes(both: &Catalogs<'_>) -> Vec<Change> {
    let mut changes = Vec::new();
    for (name, before) in both.old.streams() {
        let mut since = both.new.streams();
        let Some((_, since)) = since.find(|(since, _)| *since == name) else {
            let rule = match name.strip_prefix(STORE) {
                Some(_) => CatalogRule::StoreRemoved,
                None => CatalogRule::StreamRemoved,
            };
            changes.push(change(both, name, rule, None, ("", "")));
            continue;
        };
        let (Some(before), Some(since)) = (before.as_object(), since.as_object()) else { continue };
        let keys: BTreeSet<&String> = before.keys().chain(since.keys()).collect();
        for key in keys {
            let Some(rule) = rule(key, before, since) else { continue };
            let text = |config: &Map<String, Value>| {
                config.get(key).map_or_else(|| "none".to_owned(), Value::to_string)
            };
            let texts = (text(before), text(since));
            changes.push(change(both, name, rule, Some(key), (&texts.0, &texts.1)));
        }
    }
    changes
}

fn change(
    both: &Catalogs<'_>,
    name: &str,
    rule: CatalogRule,
    key: Option<&str>,
    (old, new): (&str, &str),
) -> Change {
    let names: Vec<&str> = ["streams", name].into_iter().chain(key).collect();
    let about = match name.strip_prefix(STORE) {
        Some(store) => format!("store {store}"),
        None => format!("stream {name}"),
    };
    let pointer = key.map_or_else(String::new, |key| format!("/{key}"));
    let texts = match key {
        Some(key) => (format!("{key} {old}"), new.to_owned()),
        None => (name.to_owned(), String::new()),
    };
    let site = Site { about, file: format!("{name}.stream.json"), pointer, names: &names };
    both.change(rule, site, (&texts.0, &texts.1))
}

/// The rule that another value of a key breaks, if any.
fn rule(key: &str, before: &Map<String, Value>, since: &Map<String, Value>) -> Option<CatalogRule> {
    let (old, new) = (before.get(key), since.get(key));
    let differs = meaning(key, old) != meaning(key, new);
    let lowered = limit(new).is_some_and(|new| limit(old).is_none_or(|old| new < old));
    let (had, has) = (is_on(old), is_on(new));
    let found = match key {
        "name" | "description" => return None,
        "subjects" => {
            let kept = subjects(since);
            let kept: Vec<&str> = kept.iter().map(String::as_str).collect();
            let is_lost = |subject: &String| !covers(&kept, subject);
            (subjects(before).iter().any(is_lost), CatalogRule::StreamSubjectsNarrowed)
        }
        "retention" => (differs, CatalogRule::RetentionChanged),
        "storage" => (differs, CatalogRule::StorageChanged),
        "max_age" | "max_bytes" | "max_msgs" | "max_msgs_per_subject" => {
            (lowered, CatalogRule::StreamLimitLowered)
        }
        "max_msg_size" => (lowered, CatalogRule::MessageSizeLowered),
        "max_consumers" => (lowered, CatalogRule::StreamSettingChanged),
        "discard" | "discard_new_per_subject" => (differs, CatalogRule::DiscardChanged),
        "duplicate_window" => {
            let window = |value| limit(value).unwrap_or(DUPLICATE_WINDOW);
            (window(new) < window(old), CatalogRule::DuplicateWindowShortened)
        }
        "allow_direct"
        | "mirror_direct"
        | "allow_rollup_hdrs"
        | "allow_msg_ttl"
        | "allow_msg_schedules"
        | "allow_atomic"
        | "allow_batched"
        | "allow_msg_counter" => (had && !has, CatalogRule::StreamRightRemoved),
        "deny_delete" | "deny_purge" | "sealed" | "no_ack" => {
            (!had && has, CatalogRule::StreamRightRemoved)
        }
        "mirror" if is_there(old) => (differs, CatalogRule::StreamSourceRemoved),
        "sources" => {
            let none = Vec::new();
            let list =
                |value: Option<&Value>| value.and_then(Value::as_array).unwrap_or(&none).clone();
            let kept = list(new);
            (list(old).iter().any(|one| !kept.contains(one)), CatalogRule::StreamSourceRemoved)
        }
        "republish" => (is_there(old) && differs, CatalogRule::RepublishChanged),
        "subject_transform" => (differs, CatalogRule::SubjectTransformChanged),
        _ => (differs, CatalogRule::StreamSettingChanged),
    };
    let (is_so, rule) = found;
    is_so.then_some(rule)
}

/// Value of a key, as a server takes it where there is none, or one that asks for nothing.
fn meaning(key: &str, value: Option<&Value>) -> Value {
    let default = match key {
        "num_replicas" => Value::from(1),
        "retention" => "limits".into(),
        "storage" => "file".into(),
        "discard" => "old".into(),
        "compression" => "none".into(),
        _ => Value::Null,
    };
    value.filter(|value| is_there(Some(value))).cloned().unwrap_or(default)
}

/// Returns `true` for a value that asks for something.
fn is_there(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null | Value::Bool(false)) => false,
        Some(Value::Number(number)) => number.as_u64().is_some_and(|number| number > 0),
        Some(Value::String(text)) => !text.is_empty(),
        Some(Value::Array(list)) => !list.is_empty(),
        Some(Value::Object(members)) => !members.is_empty(),
        Some(Value::Bool(true)) => true,
    }
}

fn is_on(value: Option<&Value>) -> bool {
    value == Some(&Value::Bool(true))
}

/// A limit; none where it is 0 or -1.
fn limit(value: Option<&Value>) -> Option<u64> {
    value.and_then(Value::as_u64).filter(|limit| *limit > 0)
}

/// A stream that is told no subject keeps the one of its name, unless it takes from others.
fn subjects(config: &Map<String, Value>) -> Vec<String> {
    let told = config.get("subjects").and_then(Value::as_array);
    let told: Vec<String> = told
        .into_iter()
        .flatten()
        .filter_map(|subject| subject.as_str().map(str::to_owned))
        .collect();
    let takes = is_there(config.get("mirror")) || is_there(config.get("sources"));
    if told.is_empty() && !takes {
        return config.get("name").and_then(Value::as_str).map(str::to_owned).into_iter().collect();
    }
    told
}
