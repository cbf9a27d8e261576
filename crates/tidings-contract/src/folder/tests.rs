#![allow(clippy::needless_raw_string_hashes, reason = "expect-test writes them")]

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use expect_test::{Expect, expect};
use schemars::JsonSchema;

use super::{CheckError, CurrentError, DriftKind, ReadError};
use crate::{Catalog, Descriptor};

/// Is there enough of it?
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is wanted")]
struct CheckInventory {
    sku: String,
    quantity: Option<u32>,
}

#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is wanted")]
struct OutOfStock {
    left: u32,
}

fn check_inventory() -> Descriptor {
    Descriptor::request("inventory.check", 1, "inventory.{site}.check")
        .payload::<CheckInventory>()
        .reply::<u32>()
        .error::<OutOfStock>()
}

fn catalog() -> Catalog {
    let counted = Descriptor::event("inventory.counted", 2, "inventory.counted");
    Catalog::of([check_inventory(), counted.stream("INVENTORY").tagged().payload::<u64>()]).unwrap()
}

/// A folder that is removed with the value.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("tidings-contract-{}-{count}", std::process::id());
        Self(std::env::temp_dir().join(name).join("schemas"))
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.0.join(name)).unwrap()
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.0.join(name), text).unwrap();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(self.0.parent().unwrap());
    }
}

fn written() -> Folder {
    let folder = Folder::new();
    catalog().write_to(&folder.0).unwrap();
    folder
}

fn drift(catalog: &Catalog, folder: &Folder, shown: &Expect) {
    let error = catalog.check(&folder.0).unwrap_err();
    let text = CurrentError::from(error).to_string();
    shown.assert_eq(&text.replace(&folder.0.display().to_string(), "schemas"));
}

#[test]
fn the_folder_has_a_file_for_each_message_and_a_lock() {
    let folder = written();
    assert_eq!(
        folder.names(),
        ["catalog.lock.json", "inventory.check.v1.json", "inventory.counted.v2.json"]
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
          "format": 1,
          "messages": [
            {
              "error": "25778754c42fcc3f",
              "kind": "request",
              "name": "inventory.check",
              "payload": "40522edf65aa1426",
              "reply": "6234052c191e8858",
              "subject": "inventory.{site}.check",
              "version": 1
            },
            {
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
fn what_was_written_is_current_and_reads_back() {
    let folder = written();
    catalog().check(&folder.0).unwrap();
    catalog().assert_current(&folder.0).unwrap();
    let read = Catalog::read_from(&folder.0).unwrap();
    assert_eq!(read, catalog());
    read.check(&folder.0).unwrap();
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
fn a_folder_that_is_not_there_is_all_missing() {
    let folder = Folder::new();
    drift(
        &catalog(),
        &folder,
        &expect![[r#"
        `schemas` does not say what the messages say:

        missing: catalog.lock.json
        missing: inventory.check.v1.json
        missing: inventory.counted.v2.json

        If the change is meant, run the test with `UPDATE_SCHEMAS=1` and commit what it writes."#]],
    );
}

#[test]
fn every_drift_is_told() {
    let folder = written();
    let changed = Descriptor::event("inventory.counted", 2, "inventory.{site}.counted")
        .stream("INVENTORY")
        .tagged()
        .payload::<i64>();
    let added = Descriptor::event("inventory.added", 1, "inventory.added").payload::<u64>();
    drift(
        &Catalog::of([changed, added]).unwrap(),
        &folder,
        &expect![[r#"
        `schemas` does not say what the messages say:

        stale: catalog.lock.json (- the file, + the message)
                "messages": [
                  {
            -       "error": "25778754c42fcc3f",
            -       "kind": "request",
            -       "name": "inventory.check",
            -       "payload": "40522edf65aa1426",
            -       "reply": "6234052c191e8858",
            -       "subject": "inventory.{site}.check",
            +       "kind": "event",
            +       "name": "inventory.added",
            +       "payload": "be05a4d429a49d0e",
            +       "subject": "inventory.added",
                    "version": 1
                  },
              ⋯
                    "kind": "event",
                    "name": "inventory.counted",
            -       "payload": "a591d11399ec3ecf",
            +       "payload": "6fb25ba8ab801675",
                    "stream": "INVENTORY",
            -       "subject": "inventory.counted",
            +       "subject": "inventory.{site}.counted",
                    "version": 2
                  }
        missing: inventory.added.v1.json
        orphaned: inventory.check.v1.json (there is no such message)
        stale: inventory.counted.v2.json (- the file, + the message)
              {
            -   "filter": "inventory.counted",
            +   "filter": "inventory.*.counted",
                "kind": "event",
                "name": "inventory.counted",
              ⋯
                    "$id": "urn:tidings:inventory.counted:v2",
                    "$schema": "https://json-schema.org/draft/2020-12/schema",
            -       "format": "uint64",
            -       "minimum": 0,
            -       "title": "uint64",
            +       "format": "int64",
            +       "title": "int64",
                    "type": "integer"
                  }
                },
                "stream": "INVENTORY",
            -   "subject": "inventory.counted",
            +   "subject": "inventory.{site}.counted",
                "tagged": true,
            -   "tokens": [],
            +   "tokens": [
            +     "site"
            +   ],
                "version": 2
              }

        If the change is meant, run the test with `UPDATE_SCHEMAS=1` and commit what it writes."#]],
    );
}

#[test]
fn writing_removes_orphans_and_nothing_else() {
    let folder = written();
    folder.write("gone.v1.json", "{}");
    folder.write("asyncapi.json", "{}");
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
            "catalog.lock.json",
            "inventory.check.v1.json",
            "inventory.counted.v2.json",
            "notes.version.json",
        ]
    );
}

#[test]
fn line_ends_of_windows_are_no_drift() {
    let folder = written();
    let text = folder.read("inventory.check.v1.json").replace('\n', "\r\n");
    folder.write("inventory.check.v1.json", &text);
    catalog().check(&folder.0).unwrap();
    assert_eq!(Catalog::read_from(&folder.0).unwrap(), catalog());
}

#[test]
fn a_file_that_the_lock_does_not_know_is_not_read() {
    let folder = written();
    let text = folder.read("inventory.check.v1.json").replace("\"sku\"", "\"article\"");
    folder.write("inventory.check.v1.json", &text);
    let error = Catalog::read_from(&folder.0).unwrap_err();
    assert!(matches!(error, ReadError::Locked { .. }), "{error}");
}

#[test]
fn a_lock_leads_nowhere_else() {
    let folder = written();
    let text = folder.read("catalog.lock.json").replace("inventory.check", "../inventory");
    folder.write("catalog.lock.json", &text);
    let error = Catalog::read_from(&folder.0).unwrap_err();
    assert!(matches!(error, ReadError::Catalog { .. }), "{error}");
}

#[test]
fn a_later_format_is_refused() {
    let folder = written();
    folder.write("catalog.lock.json", "{\"format\": 2, \"messages\": {}}");
    let error = Catalog::read_from(&folder.0).unwrap_err();
    assert!(matches!(error, ReadError::Format { format: 2, .. }), "{error}");
}

#[test]
fn an_unwritable_folder_is_an_error_that_names_it() {
    let folder = written();
    let below_a_file = folder.0.join("catalog.lock.json").join("schemas");
    let error = catalog().write_to(&below_a_file).unwrap_err();
    assert_eq!((error.action, error.path), ("make", below_a_file));
}

fn streams(max_age: u64) -> Catalog {
    let config =
        serde_json::json!({"name": "INVENTORY", "max_age": max_age, "subjects": ["inventory.>"]});
    let counted = Descriptor::event("inventory.counted", 2, "inventory.counted");
    let counted = counted.stream("INVENTORY").stream_config(config).payload::<u64>();
    Catalog::of([check_inventory(), counted]).unwrap()
}

#[test]
fn a_stream_has_a_file_and_stands_in_the_lock() {
    let (folder, catalog) = (Folder::new(), streams(60));
    catalog.write_to(&folder.0).unwrap();
    assert_eq!(
        folder.names(),
        [
            "INVENTORY.stream.json",
            "catalog.lock.json",
            "inventory.check.v1.json",
            "inventory.counted.v2.json"
        ]
    );
    let text = folder.read("INVENTORY.stream.json");
    let config: serde_json::Value = serde_json::from_str(&text).unwrap();
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

#[test]
fn a_streams_file_that_differs_is_shown() {
    let folder = Folder::new();
    streams(60).write_to(&folder.0).unwrap();
    folder.write("OLD.stream.json", "{}");
    drift(
        &streams(90),
        &folder,
        &expect![[r#"
        `schemas` does not say what the messages say:

        stale: INVENTORY.stream.json (- the file, + the stream)
              {
            -   "max_age": 60,
            +   "max_age": 90,
                "name": "INVENTORY",
                "subjects": [
        orphaned: OLD.stream.json (there is no such stream)
        stale: catalog.lock.json (- the file, + the message)
                "streams": [
                  {
            -       "config": "d3337b0705bd01ad",
            +       "config": "c556843fed6bd8bc",
                    "name": "INVENTORY"
                  }

        If the change is meant, run the test with `UPDATE_SCHEMAS=1` and commit what it writes."#]],
    );
    streams(90).write_to(&folder.0).unwrap();
    assert!(!folder.names().contains(&"OLD.stream.json".to_owned()));
    streams(90).check(&folder.0).unwrap();
}
