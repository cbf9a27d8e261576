//! Descriptions in the folder: they bind nobody, and a change of one is seen as that alone.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Folder;
use crate::{Catalog, Descriptor};

mod bare {
    #[derive(schemars::JsonSchema)]
    #[expect(dead_code, reason = "only its schema is wanted")]
    pub(super) struct Order {
        region: Region,
        kept: Option<Kept>,
        description: String,
    }

    #[derive(schemars::JsonSchema)]
    #[expect(dead_code, reason = "only its schema is wanted")]
    pub(super) enum Region {
        Eu,
        Us,
    }

    #[derive(schemars::JsonSchema)]
    #[expect(dead_code, reason = "only its schema is wanted")]
    pub(super) enum Kept {
        For { days: u32 },
        Until { day: u32 },
    }
}

mod told {
    /// An order.
    #[derive(schemars::JsonSchema)]
    #[expect(dead_code, reason = "only its schema is wanted")]
    pub(super) struct Order {
        /// Where it goes.
        region: Region,
        /// How long.
        kept: Option<Kept>,
        /// In words.
        description: String,
    }

    /// A part of the world.
    #[derive(schemars::JsonSchema)]
    #[expect(dead_code, reason = "only its schema is wanted")]
    pub(super) enum Region {
        Eu,
        Us,
    }

    /// How long something is kept.
    #[derive(schemars::JsonSchema)]
    #[expect(dead_code, reason = "only its schema is wanted")]
    pub(super) enum Kept {
        /// Zero days are possible.
        For {
            /// So many.
            days: u32,
        },
        /// A day of the year.
        Until {
            /// From 1.
            day: u32,
        },
    }
}

mod variants {
    #[derive(schemars::JsonSchema)]
    #[expect(dead_code, reason = "only its schema is wanted")]
    pub(super) enum Region {
        /// At home.
        Us,
        /// Overseas.
        Eu,
    }

    #[derive(schemars::JsonSchema)]
    #[schemars(rename = "Region")]
    #[expect(dead_code, reason = "only its schema is wanted")]
    pub(super) enum Some {
        Us,
        /// Overseas.
        Eu,
    }
}

fn written(message: Descriptor, stream: &Value) -> BTreeMap<String, String> {
    let folder = Folder::new();
    let message = message.stream("ORDERS").stream_config(stream.clone()).id(["description"]);
    Catalog::of([message]).unwrap().write_to(&folder.0).unwrap();
    assert!(Catalog::read_from(&folder.0).is_ok());
    folder.names().into_iter().map(|name| (name.clone(), folder.read(&name))).collect()
}

/// A JSON text without the texts of its descriptions, each of which is one.
fn bare(text: &str) -> Value {
    fn strip(value: &mut Value) {
        match value {
            Value::Object(members) => {
                members.retain(|name, value| name != "description" || !value.is_string());
                members.values_mut().for_each(strip);
            }
            Value::Array(elements) => elements.iter_mut().for_each(strip),
            _ => {}
        }
    }
    let mut value = serde_json::from_str(text).unwrap();
    strip(&mut value);
    value
}

#[test]
fn a_doc_comment_moves_only_descriptions() {
    let created = || Descriptor::event("orders.created", 1, "orders.{region}.created");
    let one = written(created().payload::<bare::Order>(), &json!({"name": "ORDERS"}));
    let described = json!({"name": "ORDERS", "description": "Orders of a week."});
    let other = written(created().payload::<told::Order>(), &described);
    assert_eq!(one.keys().collect::<Vec<_>>(), other.keys().collect::<Vec<_>>());
    let mut moved = Vec::new();
    for (name, text) in &one {
        assert_eq!(bare(text), bare(&other[name]), "{name}");
        if *text != other[name] {
            moved.push(&**name);
        }
    }
    assert_eq!(
        moved,
        ["ORDERS.stream.json", "asyncapi.json", "catalog.json", "orders.created.v1.json"]
    );
    // What is no description is not taken for one: the field of that name stays.
    assert!(one["orders.created.v1.json"].contains("\"description\": {"));
}

/// A value of an enum that gets a description becomes an alternative, which no fingerprint shows.
#[test]
fn a_described_value_is_the_same_contract() {
    let of = |message: Descriptor| {
        let files = written(message, &json!({"name": "ORDERS"}));
        (files["catalog.lock.json"].clone(), files["regions.opened.v1.json"].clone())
    };
    let opened = || Descriptor::event("regions.opened", 1, "regions.opened");
    let bare = of(opened().payload::<bare::Region>());
    for other in
        [of(opened().payload::<variants::Region>()), of(opened().payload::<variants::Some>())]
    {
        assert_eq!(bare.0, other.0);
        assert_ne!(bare.1, other.1);
    }
}

/// Fingerprints of earlier versions had the descriptions in them.
#[test]
fn a_lock_file_of_an_earlier_version_is_read() {
    use crate::{Fingerprint, canonical};
    let folder = Folder::new();
    let config = json!({"name": "ORDERS", "description": "Orders of a week."});
    let message = Descriptor::event("orders.created", 1, "orders.{region}.created")
        .stream("ORDERS")
        .stream_config(config.clone())
        .payload::<told::Order>();
    let catalog = Catalog::of([message.clone()]).unwrap();
    catalog.write_to(&folder.0).unwrap();
    let mut lock: Value = serde_json::from_str(&folder.read("catalog.lock.json")).unwrap();
    let payload = message.payload.as_ref().unwrap().to_value().to_string();
    let then = [
        ("/messages/0/payload", Fingerprint::of(&payload)),
        ("/messages/0/content", Fingerprint::of(&message.to_json())),
        ("/streams/0/config", Fingerprint::of(&canonical::text(&canonical::data(config)))),
    ];
    for (pointer, fingerprint) in then {
        let entry = lock.pointer_mut(pointer).unwrap();
        assert_ne!(*entry, fingerprint.to_string(), "{pointer}");
        *entry = fingerprint.to_string().into();
    }
    folder.write("catalog.lock.json", &lock.to_string());
    assert_eq!(Catalog::read_from(&folder.0).unwrap(), catalog);
    lock["messages"][0]["content"] = "0000000000000000".into();
    folder.write("catalog.lock.json", &lock.to_string());
    Catalog::read_from(&folder.0).unwrap_err();
}
