//! A message beyond its schemas: its kind, its subject, where it and its payload are kept and what identifies it.

use crate::Direction;
use crate::compat::change::{Change, Pair};
use crate::compat::rule::MessageRule;
use crate::descriptor::Descriptor;

/// Compares a message beyond its schemas.
pub(super) fn changes(pair: &mut Pair<'_>) -> Vec<Change> {
    let (before, after) = (pair.before, pair.after);
    let mut changes = Vec::new();
    if before.kind != after.kind {
        changes.push(kind_changed(pair));
    }
    let mut note = |rule, pointer, old: &str, new: &str| {
        changes.push(pair.of_message(rule, pointer, old, new));
    };
    if before.filter() != after.filter() {
        note(MessageRule::SubjectChanged, "/subject", &before.subject, &after.subject);
    } else if before.subject != after.subject {
        note(MessageRule::TokenRenamed, "/subject", &before.subject, &after.subject);
    }
    match (before.stream.as_deref(), after.stream.as_deref()) {
        (old, new) if old == new => {}
        (None, Some(new)) => note(MessageRule::StreamAdded, "/stream", "none", new),
        (Some(old), new) => {
            note(MessageRule::StreamChanged, "/stream", old, new.unwrap_or("none"));
        }
        (None, None) => {}
    }
    if before.tagged && !after.tagged {
        note(MessageRule::TagRemoved, "/tagged", "tagged", "not tagged");
    }
    if before.id != after.id {
        let fields = |message: &Descriptor| match &message.id[..] {
            [] => "none".to_owned(),
            fields => fields.join(", "),
        };
        note(MessageRule::IdChanged, "/id", &fields(before), &fields(after));
    }
    changes.extend(large_changed(pair));
    changes
}

/// Compares where payloads are that are too large for a message.
fn large_changed(pair: &mut Pair<'_>) -> Option<Change> {
    let (rule, pointer, old, new) = match (&pair.before.large, &pair.after.large) {
        (None, Some(new)) => {
            (MessageRule::LargeAdded, "/large", "never".to_owned(), new.to_string())
        }
        (Some(old), None) => {
            (MessageRule::LargeRemoved, "/large", old.to_string(), "never".to_owned())
        }
        (Some(old), Some(new)) if old.store != new.store => {
            (MessageRule::LargeStoreChanged, "/large/store", old.store.clone(), new.store.clone())
        }
        (Some(old), Some(new)) if old.over != new.over => {
            (MessageRule::LargeLimitChanged, "/large/over", old.limit(), new.limit())
        }
        _ => return None,
    };
    let mut change = pair.of_message(rule, pointer, &old, &new);
    if rule == MessageRule::LargeAdded {
        // Readers of before fail by what is written since.
        change.direction = Direction::Forward;
    }
    Some(change)
}

pub(super) fn kind_changed(pair: &mut Pair<'_>) -> Change {
    let (old, new) = (pair.before.kind.to_string(), pair.after.kind.to_string());
    pair.of_message(MessageRule::KindChanged, "/kind", &old, &new)
}
