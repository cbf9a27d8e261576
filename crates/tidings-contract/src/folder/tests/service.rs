//! Services in the folder: written, read back, and refused where they are not what the lock file says.

use std::fs;

use serde_json::{Value, json};

use super::super::ReadError;
use super::{Folder, catalog};
use crate::{Catalog, CatalogError, DurableConsumer, Handled, Kind, Service};

const INDEX: &str = "catalog.json";

fn stock() -> Service {
    let consumer = DurableConsumer::new("stock-inventory_counted", "INVENTORY");
    let counted = Handled::new(Kind::Event, "inventory.counted", 2, "inventory.counted");
    let check = Handled::new(Kind::Request, "inventory.check", 1, "inventory.*.check");
    Service::new("stock").handles(counted.consumer(consumer)).handles(check)
}

fn with_services() -> Catalog {
    let mut catalog = catalog();
    catalog.add_service(Service::new("shop").asks("inventory.check", 1)).unwrap();
    catalog.add_service(stock()).unwrap();
    catalog
}

fn written() -> Folder {
    let folder = Folder::new();
    with_services().write_to(&folder.0).unwrap();
    folder
}

fn edited(edit: impl FnOnce(&mut Value)) -> Folder {
    let folder = written();
    let mut index: Value = serde_json::from_str(&folder.read(INDEX)).unwrap();
    edit(&mut index);
    folder.write(INDEX, &index.to_string());
    folder
}

fn refused(folder: &Folder) -> ReadError {
    Catalog::read_from(&folder.0).unwrap_err()
}

#[test]
fn services_are_written_and_read_back() {
    let folder = written();
    let index: Value = serde_json::from_str(&folder.read(INDEX)).unwrap();
    assert_eq!(
        index["services"][1]["handles"],
        json!([
            {"message": "inventory.check", "version": 1, "kind": "request", "filter": "inventory.*.check"},
            {
                "message": "inventory.counted", "version": 2, "kind": "event",
                "filter": "inventory.counted",
                "consumer": {
                    "name": "stock-inventory_counted", "stream": "INVENTORY",
                    "ack_policy": "explicit", "ack_wait_ms": 30_000,
                },
            },
        ])
    );
    assert_eq!(index["services"][0]["asks"], json!([{"message": "inventory.check", "version": 1}]));
    let read = Catalog::read_from(&folder.0).unwrap();
    assert_eq!(read, with_services());
    read.check(&folder.0).unwrap();
    // A catalog that has none any more leaves none.
    catalog().check(&folder.0).unwrap_err();
    catalog().write_to(&folder.0).unwrap();
    assert_eq!(Catalog::read_from(&folder.0).unwrap().services().len(), 0);
}

#[test]
fn a_folder_whose_lock_file_names_no_services_has_none() {
    let folder = Folder::new();
    catalog().write_to(&folder.0).unwrap();
    // As one that was written before there was such a file.
    fs::remove_file(folder.0.join(INDEX)).unwrap();
    assert_eq!(Catalog::read_from(&folder.0).unwrap(), catalog());
    folder.write(INDEX, &json!({"services": [stock().to_value()]}).to_string());
    assert_eq!(Catalog::read_from(&folder.0).unwrap(), catalog());
}

#[test]
fn services_that_the_lock_file_does_not_know_are_refused() {
    for edit in [
        |index: &mut Value| {
            index["services"][1]["handles"][1]["consumer"]["ack_wait_ms"] = 1.into();
        },
        |index: &mut Value| drop(index["services"].as_array_mut().unwrap().pop()),
        |index: &mut Value| {
            let more = json!({"name": "zebra"});
            index["services"].as_array_mut().unwrap().push(more);
        },
    ] {
        let error = refused(&edited(edit));
        assert!(matches!(&error, ReadError::Locked { path } if path.ends_with(INDEX)), "{error}");
    }
    let folder = written();
    fs::remove_file(folder.0.join(INDEX)).unwrap();
    let error = refused(&folder);
    assert!(matches!(&error, ReadError::Io { path, .. } if path.ends_with(INDEX)), "{error}");
}

#[test]
fn services_that_are_none_are_told_with_file_and_pointer() {
    let error = refused(&edited(|index| index["services"][0]["asks"][0]["version"] = "1".into()));
    let ReadError::Service { path, pointer, expected } = &error else { panic!("{error}") };
    assert!(path.ends_with(INDEX));
    assert_eq!((&**pointer, *expected), ("/services/0/asks/0/version", "a version from 1"));
    let error = refused(&edited(|index| drop(index.as_object_mut().unwrap().remove("services"))));
    assert!(
        matches!(&error, ReadError::Service { pointer, .. } if pointer == "/services"),
        "{error}"
    );

    for (pointer, text) in [
        ("/services/0/name", "../shop"),
        ("/services/0/name", ""),
        ("/services/0/name", "a\u{1b}[31m"),
        ("/services/0/asks/0/message", "../../etc/passwd"),
        ("/services/1/handles/0/filter", "a b"),
        ("/services/1/handles/1/consumer/name", "a/b"),
        ("/services/1/handles/1/consumer/stream", "a>b"),
    ] {
        let error = refused(&edited(|index| *index.pointer_mut(pointer).unwrap() = text.into()));
        let is_of_index =
            matches!(&error, ReadError::Catalog { path, .. } if path.ends_with(INDEX));
        assert!(is_of_index, "{pointer}: {error}");
        assert!(!error.to_string().contains('\u{1b}'), "{error:?}");
    }
    let twice = edited(|index| {
        let mut one = index["services"][0].clone();
        one["asks"] = json!([]);
        index["services"].as_array_mut().unwrap().push(one);
    });
    let error = refused(&twice);
    let ReadError::Catalog { source, .. } = &error else { panic!("{error}") };
    assert!(matches!(source, CatalogError::ServiceClash { service, .. } if service == "shop"));
}

#[test]
fn an_index_that_is_hostile_is_refused() {
    for text in ["{", "7", &"[".repeat(100_000), &format!("{{\"services\":{}", "[".repeat(100_000))]
    {
        let folder = written();
        folder.write(INDEX, text);
        let error = refused(&folder);
        assert!(matches!(&error, ReadError::Json { path, .. } if path.ends_with(INDEX)), "{error}");
    }
    let folder = written();
    folder.write(INDEX, &" ".repeat(50 << 20));
    let error = refused(&folder);
    assert!(error.to_string().contains("larger than 16 MiB"), "{error}");
}
