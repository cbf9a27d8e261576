//! Edits: everything in which two catalogs differ, whether it harms anybody or not.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::{Map, Value};

use crate::{Catalog, canonical};

/// A place in a catalog's files that says something else than before.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Edit {
    /// The file, such as `orders.created.v1.json` or `ORDERS.stream.json`.
    pub file: String,
    /// JSON pointer into the file: into the new one, or into the old one where nothing is left. Empty
    /// for the whole file.
    pub pointer: String,
    /// The value before; `None` if there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old: Option<Value>,
    /// The value now; `None` if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new: Option<Value>,
}

/// Everything in which two catalogs differ, ordered by file and pointer: descriptions, and what
/// services do, too.
///
/// ```
/// use tidings_contract::{Catalog, Descriptor, edits};
///
/// # fn main() -> Result<(), tidings_contract::CatalogError> {
/// let counted = |subject| Descriptor::event("stock.counted", 1, subject).payload::<u32>();
/// let old = Catalog::of([counted("stock.counted")])?;
/// let new = Catalog::of([counted("stock.{site}.counted")])?;
/// let places: Vec<String> = edits(&old, &new).into_iter().map(|edit| edit.pointer).collect();
/// assert_eq!(places, ["/filter", "/subject", "/tokens/0"]);
/// # Ok(())
/// # }
/// ```
pub fn edits(old: &Catalog, new: &Catalog) -> Vec<Edit> {
    let of = |catalog: &Catalog| -> Vec<Value> {
        catalog.services().map(|service| canonical::data(service.to_value())).collect()
    };
    let (old_services, new_services) = (of(old), of(new));
    let (old, new) = (files(old), files(new));
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let mut edits = Vec::new();
    for name in names {
        Comparison { file: name, edits: &mut edits }.either("", old.get(name), new.get(name));
    }
    services(&old_services, &new_services, &mut edits);
    edits.sort_by(|one, other| one.file.cmp(&other.file));
    edits
}

/// JSON pointers to all in which two contents of a file differ.
pub(crate) fn pointers(old: &Value, new: &Value) -> Vec<String> {
    let mut edits = Vec::new();
    Comparison { file: "", edits: &mut edits }.either("", Some(old), Some(new));
    edits.into_iter().map(|edit| edit.pointer).collect()
}

/// Compares services by name, wherever each stands in its list.
fn services(old: &[Value], new: &[Value], edits: &mut Vec<Edit>) {
    let mut found = Comparison { file: "catalog.json", edits };
    for (at, service) in new.iter().enumerate() {
        let before = old.iter().find(|one| one["name"] == service["name"]);
        found.either(&format!("/services/{at}"), before, Some(service));
    }
    for (at, service) in old.iter().enumerate() {
        if !new.iter().any(|one| one["name"] == service["name"]) {
            found.either(&format!("/services/{at}"), Some(service), None);
        }
    }
}

fn files(catalog: &Catalog) -> BTreeMap<String, Value> {
    let messages = catalog.iter().map(|one| (format!("{}.json", one.tag()), one.to_value()));
    let streams =
        catalog.streams().map(|(name, config)| (format!("{name}.stream.json"), config.clone()));
    messages.chain(streams).collect()
}

struct Comparison<'a> {
    file: &'a str,
    edits: &'a mut Vec<Edit>,
}

impl Comparison<'_> {
    fn either(&mut self, pointer: &str, old: Option<&Value>, new: Option<&Value>) {
        match (old, new) {
            (Some(Value::Object(old)), Some(Value::Object(new))) => self.members(pointer, old, new),
            (Some(Value::Array(old)), Some(Value::Array(new))) => {
                if is_set(pointer) {
                    self.set(pointer, old, new);
                } else if self.file == "catalog.json" && pointer.ends_with("/handles") {
                    self.handled(pointer, old, new);
                } else {
                    self.list(pointer, old, new);
                }
            }
            (old, new) if old == new => {}
            (old, new) => self.edits.push(Edit {
                file: self.file.to_owned(),
                pointer: pointer.to_owned(),
                old: old.cloned(),
                new: new.cloned(),
            }),
        }
    }

    fn members(&mut self, pointer: &str, old: &Map<String, Value>, new: &Map<String, Value>) {
        let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
        for name in names {
            let at = format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"));
            self.either(&at, old.get(name), new.get(name));
        }
    }

    fn list(&mut self, pointer: &str, old: &[Value], new: &[Value]) {
        for at in 0..old.len().max(new.len()) {
            self.either(&format!("{pointer}/{at}"), old.get(at), new.get(at));
        }
    }

    /// Messages that a service handles, wherever they stand: by message, and by consumer where there are several.
    fn handled(&mut self, pointer: &str, old: &[Value], new: &[Value]) {
        let is_one = |one: &Value, other: &Value, keys: &[&str]| {
            keys.iter().all(|key| one.pointer(key) == other.pointer(key))
        };
        let message = ["/message", "/version", "/kind"];
        let ways: [&[&str]; 3] = [
            &[&message[..], &["/consumer/stream", "/consumer/name", "/filter"]].concat(),
            &[&message[..], &["/consumer/stream", "/consumer/name"]].concat(),
            &message,
        ];
        let mut before: Vec<Option<usize>> = vec![None; new.len()];
        for keys in ways {
            for (at, one) in new.iter().enumerate() {
                if before[at].is_none() {
                    let mut left = (0..old.len()).filter(|other| !before.contains(&Some(*other)));
                    before[at] = left.find(|other| is_one(one, &old[*other], keys));
                }
            }
        }
        for (at, one) in old.iter().enumerate() {
            if !before.contains(&Some(at)) {
                self.either(&format!("{pointer}/{at}"), Some(one), None);
            }
        }
        for (at, one) in new.iter().enumerate() {
            self.either(&format!("{pointer}/{at}"), before[at].map(|at| &old[at]), Some(one));
        }
    }

    /// Elements whose order means nothing: one that is in both is the same, wherever it stands.
    fn set(&mut self, pointer: &str, old: &[Value], new: &[Value]) {
        let only = |these: &[Value], those: &[Value]| -> Vec<(usize, Value)> {
            let each = these.iter().enumerate().filter(|(_, one)| !those.contains(one));
            each.map(|(at, one)| (at, one.clone())).collect()
        };
        let (gone, added) = (only(old, new), only(new, old));
        if let ([(_, old)], [(at, new)]) = (&gone[..], &added[..]) {
            return self.either(&format!("{pointer}/{at}"), Some(old), Some(new));
        }
        for (at, one) in &gone {
            self.either(&format!("{pointer}/{at}"), Some(one), None);
        }
        for (at, one) in &added {
            self.either(&format!("{pointer}/{at}"), None, Some(one));
        }
    }
}

/// Returns `true` for a list whose order means nothing: the canonical form of a schema sorts it, as that of a
/// service does.
fn is_set(pointer: &str) -> bool {
    let keyword = pointer.rsplit('/').next().unwrap_or_default();
    let of_schema = matches!(keyword, "allOf" | "anyOf" | "enum" | "oneOf" | "required" | "type");
    of_schema || matches!(keyword, "asks" | "publishes" | "subjects")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Edit, edits};
    use crate::{Catalog, Descriptor, DurableConsumer, Handled, Kind, Service};

    fn catalog(schema: &Value) -> Catalog {
        let message = json!({
            "kind": "event", "name": "a", "version": 1, "subject": "a", "payload": {"read": schema},
        });
        Catalog::of([serde_json::from_value::<Descriptor>(message).unwrap()]).unwrap()
    }

    fn found(old: &Value, new: &Value) -> Vec<(String, Option<Value>, Option<Value>)> {
        let edits = edits(&catalog(old), &catalog(new)).into_iter();
        edits
            .map(|Edit { pointer, old, new, file }| {
                assert_eq!(file, "a.v1.json");
                (pointer.replacen("/payload/read", "", 1), old, new)
            })
            .collect()
    }

    #[test]
    fn harmless_edits_are_told_with_both_sides() {
        let old = json!({"properties": {"a": {"type": "integer"}}, "required": ["a"]});
        let new = json!({
            "properties": {"a": {"type": "integer", "description": "How many."}, "b/c": true},
            "required": ["a"],
        });
        assert_eq!(found(&old, &old), []);
        assert_eq!(
            found(&old, &new),
            [
                ("/properties/a/description".to_owned(), None, Some(json!("How many."))),
                ("/properties/b~1c".to_owned(), None, Some(json!(true))),
            ]
        );
    }

    #[test]
    fn a_set_has_elements_and_no_order() {
        let old = json!({"enum": ["b", "c", "d"], "anyOf": [{"minimum": 1}, {"type": "null"}]});
        let new = json!({"enum": ["a", "d", "e"], "anyOf": [{"minimum": 2}, {"type": "null"}]});
        assert_eq!(
            found(&old, &new),
            [
                ("/anyOf/0/minimum".to_owned(), Some(json!(1)), Some(json!(2))),
                ("/enum/0".to_owned(), Some(json!("b")), None),
                ("/enum/1".to_owned(), Some(json!("c")), None),
                ("/enum/0".to_owned(), None, Some(json!("a"))),
                ("/enum/2".to_owned(), None, Some(json!("e"))),
            ]
        );
    }

    #[test]
    fn services_are_compared_by_name() {
        let with = |services: &[Service]| {
            let mut catalog = Catalog::new();
            for one in services {
                catalog.add_service(one.clone()).unwrap();
            }
            catalog
        };
        let mail = |ack_wait_ms| {
            let mut consumer = DurableConsumer::new("mail-a", "A");
            consumer.ack_wait_ms = ack_wait_ms;
            Service::new("mail").handles(Handled::new(Kind::Event, "a", 1, "a").consumer(consumer))
        };
        let old = with(&[Service::new("bank"), mail(1)]);
        let new = with(&[mail(2), Service::new("zoo")]);
        let found: Vec<_> = edits(&old, &new)
            .into_iter()
            .map(|edit| (edit.file, edit.pointer, edit.old.is_some(), edit.new.is_some()))
            .collect();
        let at = |pointer: &str| ("catalog.json".to_owned(), format!("/services/{pointer}"));
        let [changed, added, gone] = [at("0/handles/0/consumer/ack_wait_ms"), at("1"), at("0")];
        assert_eq!(
            found,
            [
                (changed.0, changed.1, true, true),
                (added.0, added.1, false, true),
                (gone.0, gone.1, true, false),
            ]
        );
    }

    #[test]
    fn whole_messages_and_streams_come_and_go() {
        let config = |age: u32| json!({"name": "A", "max_age": age});
        let message = |age| Descriptor::event("a", 1, "a").stream("A").stream_config(config(age));
        let (one, other) = (Catalog::of([message(1)]).unwrap(), Catalog::of([message(2)]).unwrap());
        let [edit] = &edits(&one, &other)[..] else { panic!() };
        assert_eq!((&*edit.file, &*edit.pointer), ("A.stream.json", "/max_age"));
        let gone = edits(&one, &Catalog::new());
        assert!(gone.iter().all(|edit| edit.pointer.is_empty() && edit.new.is_none()));
        assert_eq!(gone.len(), 2);
    }
}
