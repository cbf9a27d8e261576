//! Writing the folder.

use std::fs;

use expect_test::expect;
use serde_json::{Value, json};

use super::super::{CheckError, DriftKind, ReadError};
use super::{Folder, catalog, streams, written};
use crate::{Catalog, Descriptor, LargePayload};

#[test]
fn the_folder_has_a_file_for_each_message_and_a_lock() {
    let folder = written();
    assert_eq!(
        folder.names(),
        [
            "asyncapi.json",
            "catalog.json",
            "catalog.lock.json",
            "inventory.check.v1.json",
            "inventory.counted.v2.json"
        ]
    );
}

#[test]
fn a_request_has_its_payload_reply_and_error() {
    let folder = written();
    expect![[r#"
        {
          "description": "Is there enough of it?",
          "error": {
            "read": {
              "$id": "urn:tidings:inventory.check:v1:error",
              "$schema": "https://json-schema.org/draft/2020-12/schema",
              "properties": {
                "left": {
                  "format": "uint32",
                  "minimum": 0,
                  "type": "integer"
                }
              },
              "required": [
                "left"
              ],
              "title": "OutOfStock",
              "type": "object"
            }
          },
          "filter": "inventory.*.check",
          "kind": "request",
          "name": "inventory.check",
          "payload": {
            "read": {
              "$id": "urn:tidings:inventory.check:v1",
              "$schema": "https://json-schema.org/draft/2020-12/schema",
              "description": "Is there enough of it?",
              "properties": {
                "quantity": {
                  "format": "uint32",
                  "minimum": 0,
                  "type": [
                    "integer",
                    "null"
                  ]
                },
                "sku": {
                  "type": "string"
                }
              },
              "required": [
                "sku"
              ],
              "title": "CheckInventory",
              "type": "object"
            },
            "written": {
              "$id": "urn:tidings:inventory.check:v1:written",
              "$schema": "https://json-schema.org/draft/2020-12/schema",
              "description": "Is there enough of it?",
              "properties": {
                "quantity": {
                  "format": "uint32",
                  "minimum": 0,
                  "type": [
                    "integer",
                    "null"
                  ]
                },
                "sku": {
                  "type": "string"
                }
              },
              "required": [
                "quantity",
                "sku"
              ],
              "title": "CheckInventory",
              "type": "object"
            }
          },
          "reply": {
            "read": {
              "$id": "urn:tidings:inventory.check:v1:reply",
              "$schema": "https://json-schema.org/draft/2020-12/schema",
              "format": "uint32",
              "minimum": 0,
              "title": "uint32",
              "type": "integer"
            }
          },
          "subject": "inventory.{site}.check",
          "tokens": [
            "site"
          ],
          "version": 1
        }
    "#]]
    .assert_eq(&folder.read("inventory.check.v1.json"));
}

#[test]
fn an_event_has_its_stream_and_payload() {
    let folder = written();
    expect![[r#"
        {
          "filter": "inventory.counted",
          "kind": "event",
          "name": "inventory.counted",
          "payload": {
            "read": {
              "$id": "urn:tidings:inventory.counted:v2",
              "$schema": "https://json-schema.org/draft/2020-12/schema",
              "format": "uint64",
              "minimum": 0,
              "title": "uint64",
              "type": "integer"
            }
          },
          "stream": "INVENTORY",
          "subject": "inventory.counted",
          "tagged": true,
          "tokens": [],
          "version": 2
        }
    "#]]
    .assert_eq(&folder.read("inventory.counted.v2.json"));
}

#[test]
fn the_lock_has_a_few_words_on_each_message() {
    let folder = written();
    expect![[r#"
        {
          "format": 2,
          "messages": [
            {
              "content": "02ebb04f1fb66d1a",
              "error": "25778754c42fcc3f",
              "kind": "request",
              "name": "inventory.check",
              "payload": "c92ada062a772a74",
              "reply": "6234052c191e8858",
              "subject": "inventory.{site}.check",
              "version": 1
            },
            {
              "content": "eb257047da2e1c58",
              "kind": "event",
              "name": "inventory.counted",
              "payload": "a591d11399ec3ecf",
              "stream": "INVENTORY",
              "subject": "inventory.counted",
              "version": 2
            }
          ]
        }
    "#]]
    .assert_eq(&folder.read("catalog.lock.json"));
}

#[test]
fn the_index_has_every_message_with_its_tokens() {
    let folder = written();
    let index: Value = serde_json::from_str(&folder.read("catalog.json")).unwrap();
    let [check, counted] = &index["messages"].as_array().unwrap()[..] else { panic!("{index}") };
    assert_eq!(check["file"], "inventory.check.v1.json");
    assert_eq!(check["tokens"][0]["name"], "site");
    assert_eq!(check["reply"]["type"], "uint32");
    assert_eq!(check["error"]["type"], "OutOfStock");
    assert_eq!(counted["stream"], "INVENTORY");
    assert_eq!(counted["tagged"], true);
    // The same types, the same bytes, in whichever order they come.
    let other = Folder::new();
    let mut messages: Vec<_> = catalog().iter().cloned().collect();
    messages.reverse();
    Catalog::of(messages).unwrap().write_to(&other.0).unwrap();
    for name in folder.names() {
        assert_eq!(folder.read(&name), other.read(&name), "{name}");
    }
}

#[test]
fn only_what_differs_is_written() {
    let folder = written();
    let modified = |name: &str| fs::metadata(folder.0.join(name)).unwrap().modified().unwrap();
    let (lock, counted) = (modified("catalog.lock.json"), modified("inventory.counted.v2.json"));
    folder.write("inventory.check.v1.json", "{}");
    catalog().write_to(&folder.0).unwrap();
    assert_eq!(modified("catalog.lock.json"), lock);
    assert_eq!(modified("inventory.counted.v2.json"), counted);
    catalog().check(&folder.0).unwrap();
}

#[test]
fn writing_removes_orphans_and_nothing_else() {
    let folder = written();
    folder.write("gone.v1.json", "{}");
    folder.write("package.json", "{}");
    folder.write("notes.version.json", "{}");
    let CheckError::Drift(drift) = catalog().check(&folder.0).unwrap_err() else {
        panic!("the folder can be read");
    };
    assert_eq!(drift.files.len(), 1);
    assert_eq!(drift.files[0].name, "gone.v1.json");
    assert_eq!(drift.files[0].kind, DriftKind::Orphaned);

    catalog().write_to(&folder.0).unwrap();
    assert_eq!(
        folder.names(),
        [
            "asyncapi.json",
            "catalog.json",
            "catalog.lock.json",
            "inventory.check.v1.json",
            "inventory.counted.v2.json",
            "notes.version.json",
            "package.json",
        ]
    );
}

#[test]
fn an_unwritable_folder_is_an_error_that_names_it() {
    let folder = written();
    let below_a_file = folder.0.join("catalog.lock.json").join("schemas");
    let error = catalog().write_to(&below_a_file).unwrap_err();
    assert_eq!((error.action, error.path), ("make", below_a_file));
}

#[test]
fn a_stream_has_a_file_and_stands_in_the_lock() {
    let (folder, catalog) = (Folder::new(), streams(60));
    catalog.write_to(&folder.0).unwrap();
    assert_eq!(
        folder.names(),
        [
            "INVENTORY.stream.json",
            "asyncapi.json",
            "catalog.json",
            "catalog.lock.json",
            "inventory.check.v1.json",
            "inventory.counted.v2.json"
        ]
    );
    let text = folder.read("INVENTORY.stream.json");
    let config: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(catalog.streams().collect::<Vec<_>>(), [("INVENTORY", &config)]);
    assert!(folder.read("catalog.lock.json").contains("\"streams\""));
    catalog.check(&folder.0).unwrap();
    assert_eq!(Catalog::read_from(&folder.0).unwrap(), catalog);

    // Changed by hand it is not what the lock says.
    folder.write("INVENTORY.stream.json", &text.replace("60", "61"));
    let error = Catalog::read_from(&folder.0).unwrap_err();
    assert!(
        matches!(&error, ReadError::Locked { path } if path.ends_with("INVENTORY.stream.json"))
    );
}

/// A message that no type made may say the same in another form.
#[test]
fn what_is_written_is_canonical_and_read_again() {
    let message = serde_json::json!({
        "kind": "event", "name": "orders.placed", "version": 1, "subject": "orders.placed",
        "payload": {"read": {
            "type": ["object", "null"], "required": ["b", "a", "b"],
            "properties": {"b": {"enum": [2, 1]}, "a": {"default": 7, "anyOf": [true, false]}},
        }},
    });
    let message: Descriptor = serde_json::from_value(message).unwrap();
    let folder = Folder::new();
    let catalog = Catalog::of([message]).unwrap();
    catalog.write_to(&folder.0).unwrap();
    assert_eq!(Catalog::read_from(&folder.0).unwrap(), catalog);
    catalog.check(&folder.0).unwrap();
}

/// Parts that an earlier version can't know are in a later format, and all else in the one that it knows.
#[test]
fn a_large_event_is_in_its_file_the_index_and_the_document() {
    let folder = Folder::new();
    let kept = || Descriptor::event("scans.taken", 1, "scans.taken").stream("SCANS");
    Catalog::of([kept()]).unwrap().write_to(&folder.0).unwrap();
    assert!(folder.read("catalog.lock.json").contains("\"format\": 2"));
    let large = || kept().large(LargePayload::new("SCANS-large").over(262_144));
    let catalog = Catalog::of([large().payload::<String>().error::<String>()]).unwrap();
    catalog.write_to(&folder.0).unwrap();
    assert!(folder.read("catalog.lock.json").contains("\"format\": 3"));
    let json = |name: &str| serde_json::from_str::<Value>(&folder.read(name)).unwrap();
    let told = json!({"over": 262_144, "store": "SCANS-large"});
    assert_eq!(json("scans.taken.v1.json")["large"], told);
    assert_eq!(json("catalog.json")["messages"][0]["large"], told);
    let message = &json("asyncapi.json")["components"]["messages"]["scans.taken.v1"];
    assert_eq!(message["x-tidings-large"], told);
    // The lock has the hash of each contract wherever it stands among the members.
    assert_eq!(Catalog::read_from(&folder.0).unwrap(), catalog);
    let other = Catalog::of([large().payload::<String>().error::<u8>()]).unwrap();
    assert_ne!(catalog, other);
    let [one, two] =
        [&catalog, &other].map(|one| one.get("scans.taken", 1).unwrap().fingerprints());
    assert_eq!((one.payload, one.error == two.error), (two.payload, false));
    assert_eq!(one.payload, large().payload::<String>().fingerprints().payload);
}
