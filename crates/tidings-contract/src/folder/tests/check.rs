//! Checking the folder, and reading it.

use expect_test::{Expect, expect};

use super::super::{CurrentError, ReadError};
use super::{Folder, catalog, streams, written};
use crate::{Catalog, Descriptor};

fn drift(catalog: &Catalog, folder: &Folder, shown: &Expect) {
    let error = catalog.check(&folder.0).unwrap_err();
    let text = CurrentError::from(error).to_string();
    shown.assert_eq(&text.replace(&folder.0.display().to_string(), "schemas"));
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
fn a_folder_that_is_not_there_is_all_missing() {
    let folder = Folder::new();
    drift(
        &catalog(),
        &folder,
        &expect![[r#"
            `schemas` does not say what the messages say:

            missing: asyncapi.json
            missing: catalog.json
            missing: catalog.lock.json
            missing: inventory.check.v1.json
            missing: inventory.counted.v2.json

            If the change is meant, run the test with `UPDATE_SCHEMAS=1` and commit what it writes."#]],
    );
}

#[test]
#[expect(clippy::too_many_lines, reason = "the text is what is tested")]
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
        &expect![[r##"
            `schemas` does not say what the messages say:

            stale: asyncapi.json (- the file, + the message)
                    "asyncapi": "3.1.0",
                    "channels": {
                -     "inventory.check.v1": {
                -       "address": "inventory.{site}.check",
                -       "messages": {
                -         "inventory.check.v1": {
                -           "$ref": "#/components/messages/inventory.check.v1"
                -         }
                -       },
                -       "parameters": {
                -         "site": {
                -           "description": "The field `site` of the message."
                -         }
                -       }
                -     },
                -     "inventory.check.v1.answer": {
                -       "address": null,
                +     "inventory.added.v1": {
                +       "address": "inventory.added",
                        "messages": {
                -         "inventory.check.v1.error": {
                -           "$ref": "#/components/messages/inventory.check.v1.error"
                -         },
                -         "inventory.check.v1.reply": {
                -           "$ref": "#/components/messages/inventory.check.v1.reply"
                +         "inventory.added.v1": {
                +           "$ref": "#/components/messages/inventory.added.v1"
                          }
                        }
                      },
                      "inventory.counted.v2": {
                -       "address": "inventory.counted",
                +       "address": "inventory.{site}.counted",
                        "messages": {
                          "inventory.counted.v2": {
                  ⋯
                          }
                        },
                +       "parameters": {
                +         "site": {
                  ⋯ and 121 lines more
            stale: catalog.json (- the file, + the message)
                    "messages": [
                      {
                -       "content": "02ebb04f1fb66d1a",
                -       "description": "Is there enough of it?",
                -       "error": {
                -         "content": "25778754c42fcc3f",
                -         "type": "OutOfStock"
                -       },
                -       "file": "inventory.check.v1.json",
                -       "filter": "inventory.*.check",
                +       "content": "2c3ce043adfd5c56",
                +       "file": "inventory.added.v1.json",
                +       "filter": "inventory.added",
                        "id": [],
                -       "kind": "request",
                -       "name": "inventory.check",
                +       "kind": "event",
                +       "name": "inventory.added",
                        "payload": {
                -         "content": "c92ada062a772a74",
                -         "type": "CheckInventory"
                -       },
                -       "reply": {
                -         "content": "6234052c191e8858",
                -         "type": "uint32"
                +         "content": "be05a4d429a49d0e",
                +         "type": "uint64"
                        },
                -       "subject": "inventory.{site}.check",
                +       "subject": "inventory.added",
                        "tagged": false,
                -       "tokens": [
                -         {
                -           "name": "site",
                -           "schema": true
                -         }
                -       ],
                +       "tokens": [],
                        "version": 1
                      },
                  ⋯ and 28 lines more
            stale: catalog.lock.json (- the file, + the message)
                    "messages": [
                      {
                -       "content": "02ebb04f1fb66d1a",
                -       "error": "25778754c42fcc3f",
                -       "kind": "request",
                -       "name": "inventory.check",
                -       "payload": "c92ada062a772a74",
                -       "reply": "6234052c191e8858",
                -       "subject": "inventory.{site}.check",
                +       "content": "2c3ce043adfd5c56",
                +       "kind": "event",
                +       "name": "inventory.added",
                +       "payload": "be05a4d429a49d0e",
                +       "subject": "inventory.added",
                        "version": 1
                      },
                      {
                -       "content": "eb257047da2e1c58",
                +       "content": "85453ea807c5b8c2",
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
                at /filter
                at /payload/read/format
                at /payload/read/minimum
                at /payload/read/title
                at /subject
                at /tokens/0
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

            If the change is meant, run the test with `UPDATE_SCHEMAS=1` and commit what it writes."##]],
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
    folder.write("catalog.lock.json", "{\"format\": 4, \"messages\": {}}");
    let error = Catalog::read_from(&folder.0).unwrap_err();
    assert!(matches!(error, ReadError::Format { format: 4, .. }), "{error}");
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
                at /max_age
                  {
                -   "max_age": 60,
                +   "max_age": 90,
                    "name": "INVENTORY",
                    "subjects": [
            orphaned: OLD.stream.json (there is no such stream)
            stale: asyncapi.json (- the file, + the message)
                    "x-tidings-streams": {
                      "INVENTORY": {
                -       "max_age": 60,
                +       "max_age": 90,
                        "name": "INVENTORY",
                        "subjects": [
            stale: catalog.json (- the file, + the message)
                    "streams": {
                      "INVENTORY": {
                -       "max_age": 60,
                +       "max_age": 90,
                        "name": "INVENTORY",
                        "subjects": [
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
