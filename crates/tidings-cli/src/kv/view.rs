//! A key's state as it is shown.

use bytes::Bytes;
use data_encoding::BASE64;
use serde_json::{Value, json};
use tidings::{Change, Entry, EntryError, Removal, RemovalReason, WatchEvent};

use crate::{moment, terminal};

/// State of a key at a revision.
pub(super) struct State {
    key: String,
    revision: u64,
    /// RFC 3339; unknown of what can't be read.
    stored_at: Option<String>,
    what: What,
}

enum What {
    Value(Value),
    Removed(&'static str),
    /// No JSON.
    Bytes(Bytes),
}

impl State {
    pub(super) fn entry(entry: Entry<Value>) -> Self {
        let stored_at = Some(moment::write(entry.stored_at));
        Self { key: entry.key, revision: entry.revision, stored_at, what: What::Value(entry.value) }
    }

    pub(super) fn removal(removal: Removal) -> Self {
        let what = What::Removed(match removal.reason {
            RemovalReason::Deleted => "deleted",
            RemovalReason::Purged => "purged",
            RemovalReason::Expired => "expired",
            _ => "removed",
        });
        let stored_at = Some(moment::write(removal.stored_at));
        Self { key: removal.key, revision: removal.revision, stored_at, what }
    }

    pub(super) fn change(change: Change<Value>) -> Self {
        match change {
            Change::Put(entry) => Self::entry(entry),
            Change::Removed(removal) => Self::removal(removal),
            other => Self {
                key: other.key().clone(),
                revision: other.revision(),
                stored_at: None,
                what: What::Removed("changed"),
            },
        }
    }

    /// State of a key that a watch told; `None` where it told of no key.
    pub(super) fn told(event: WatchEvent<Value>) -> Option<Self> {
        match event {
            WatchEvent::Put(entry) => Some(Self::entry(entry)),
            WatchEvent::Removed(removal) => Some(Self::removal(removal)),
            _ => None,
        }
    }

    /// A stored value that is no JSON: shown as the bytes that it is.
    pub(super) fn unreadable(error: &EntryError) -> Option<Self> {
        let (EntryError::Value { key, .. } | EntryError::Unreadable { key, .. }) = error else {
            return None;
        };
        let what = What::Bytes(error.payload().clone());
        Some(Self { key: key.clone(), revision: error.revision(), stored_at: None, what })
    }

    /// The value alone, as a line.
    pub(super) fn value(&self) -> String {
        match &self.what {
            What::Value(value) => terminal::line(&value.to_string()),
            What::Removed(how) => format!("({how})"),
            What::Bytes(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) => format!("{} (no JSON)", terminal::line(text)),
                Err(_) => format!("{} (base64, no JSON)", BASE64.encode(bytes)),
            },
        }
    }

    pub(super) fn text(&self) -> String {
        let time = self.stored_at.as_deref().unwrap_or("-");
        format!("{}  #{}  {time}  {}", terminal::line(&self.key), self.revision, self.value())
    }

    pub(super) fn json(&self) -> Value {
        let mut shown = json!({
            "key": self.key, "revision": self.revision, "stored_at": self.stored_at,
        });
        match &self.what {
            What::Value(value) => shown["value"] = value.clone(),
            What::Removed(how) => shown["removed"] = (*how).into(),
            What::Bytes(bytes) => shown["value_base64"] = BASE64.encode(bytes).into(),
        }
        shown
    }
}
