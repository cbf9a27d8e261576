//! The lock file: each message in a few words, and the breaks that are accepted.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    Acceptance, Catalog, DeliverPolicy, Descriptor, Fingerprint, Kind, Service, canonical,
};

/// The latest format of the folder; this version reads all before it, too. The first one had no acceptances.
pub(super) const FORMAT: u32 = 3;
/// The format before: what has nothing that it lacks is written in it, for programs that know no later one. It had
/// no large events and no deliver policies.
const BEFORE: u32 = 2;

fn format(catalog: &Catalog) -> u32 {
    let is_large = catalog.iter().any(|message| message.large.is_some());
    let mut consumers = catalog.services().flat_map(Service::consumers);
    let begins_elsewhere = consumers.any(|one| one.deliver_policy != DeliverPolicy::All);
    if is_large || begins_elsewhere { FORMAT } else { BEFORE }
}

/// Head of a lock file, where the rest of it is not understood.
#[derive(Debug, Deserialize)]
pub(super) struct Head {
    pub(super) format: u32,
}

/// A lock file.
#[derive(Debug, Deserialize)]
pub(super) struct Lock {
    pub(super) format: u32,
    pub(super) messages: Vec<Entry>,
    #[serde(default)]
    pub(super) streams: Vec<StreamEntry>,
    #[serde(default)]
    pub(super) services: Vec<ServiceEntry>,
    #[serde(default)]
    pub(super) accepted: Vec<Acceptance>,
}

/// A service in the lock file. A folder that names none has no services, whatever else it holds.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct ServiceEntry {
    pub(super) name: String,
    pub(super) content: Fingerprint,
}

impl ServiceEntry {
    pub(super) fn of(service: &Service) -> Self {
        Self { name: service.name.clone(), content: service.fingerprint() }
    }
}

/// A stream in the lock file.
#[derive(Debug, PartialEq, Deserialize)]
pub(super) struct StreamEntry {
    pub(super) name: String,
    pub(super) config: Fingerprint,
}

/// The fingerprint of a stream's configuration, without its description.
pub(super) fn of_stream(config: &Value) -> Fingerprint {
    let mut config = config.clone();
    if let Value::Object(members) = &mut config {
        members.remove("description");
    }
    Fingerprint::of(&canonical::text(&canonical::data(config)))
}

/// A message in the lock file.
#[derive(Debug, PartialEq, Deserialize)]
pub(super) struct Entry {
    pub(super) kind: Kind,
    pub(super) name: String,
    pub(super) version: u32,
    pub(super) subject: String,
    pub(super) stream: Option<String>,
    pub(super) payload: Option<Fingerprint>,
    pub(super) reply: Option<Fingerprint>,
    pub(super) error: Option<Fingerprint>,
    /// Content of its file. The first format had none.
    pub(super) content: Option<Fingerprint>,
}

impl Entry {
    pub(super) fn of(message: &Descriptor) -> Self {
        let fingerprints = message.fingerprints();
        Self {
            kind: message.kind,
            name: message.name.clone(),
            version: message.version,
            subject: message.subject.clone(),
            stream: message.stream.clone(),
            payload: fingerprints.payload,
            reply: fingerprints.reply,
            error: fingerprints.error,
            content: Some(fingerprints.whole),
        }
    }

    /// Returns `true` if the lock file says this of the message.
    pub(super) fn is_of(&self, message: &Descriptor) -> bool {
        self.is(Self::of(message))
    }

    /// Returns `true` if the lock file says this of a message's file as fingerprints were that had the
    /// descriptions in them.
    pub(super) fn is_of_file(&self, message: &Descriptor, file: Value) -> bool {
        let file = canonical::data(file);
        let of = |part: &str| file.get(part).map(|part| Fingerprint::of(&part.to_string()));
        self.is(Self {
            payload: of("payload"),
            reply: of("reply"),
            error: of("error"),
            content: Some(Fingerprint::of(&canonical::text(&file))),
            ..Self::of(message)
        })
    }

    fn is(&self, now: Self) -> bool {
        *self == Self { content: self.content.and(now.content), ..now }
    }

    fn to_value(&self) -> Value {
        let mut value = json!({
            "kind": self.kind.to_string(),
            "name": self.name,
            "version": self.version,
            "subject": self.subject,
        });
        if let Some(stream) = &self.stream {
            value["stream"] = stream.as_str().into();
        }
        let parts = [
            ("payload", self.payload),
            ("reply", self.reply),
            ("error", self.error),
            ("content", self.content),
        ];
        for (part, fingerprint) in parts {
            if let Some(fingerprint) = fingerprint {
                value[part] = fingerprint.to_string().into();
            }
        }
        value
    }
}

pub(super) fn text(catalog: &Catalog, accepted: &[Acceptance]) -> String {
    let messages: Vec<_> = catalog.iter().map(|message| Entry::of(message).to_value()).collect();
    let mut lock = json!({ "format": format(catalog), "messages": messages });
    if catalog.streams().len() > 0 {
        let entry = |(name, config): (&str, &Value)| json!({ "name": name, "config": of_stream(config).to_string() });
        lock["streams"] = catalog.streams().map(entry).collect();
    }
    if catalog.services().len() > 0 {
        let entry = |service| {
            let ServiceEntry { name, content } = ServiceEntry::of(service);
            json!({ "name": name, "content": content.to_string() })
        };
        lock["services"] = catalog.services().map(entry).collect();
    }
    if !accepted.is_empty() {
        let mut accepted: Vec<_> = accepted.iter().collect();
        accepted.sort();
        accepted.dedup();
        lock["accepted"] = accepted.into_iter().map(accepted_entry).collect();
    }
    canonical::text(&canonical::data(lock))
}

fn accepted_entry(acceptance: &Acceptance) -> Value {
    let Acceptance { message, rule, pointer, direction, old, new, reason } = acceptance;
    json!({
        "message": message,
        "rule": rule,
        "pointer": pointer,
        "direction": direction.to_string(),
        "old": old.to_string(),
        "new": new.to_string(),
        "reason": reason,
    })
}
