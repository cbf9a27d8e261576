//! Folders that somebody else made: an error that names the file, soon, and nothing written.

use std::fs;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::super::{ReadError, ReferenceError};
use super::{Folder, catalog, written};
use crate::{Catalog, Descriptor};

const FILE: &str = "inventory.check.v1.json";

/// Reads a folder that must be refused; nothing in it is touched.
fn refused(folder: &Folder) -> ReadError {
    let began = Instant::now();
    let state = |folder: &Folder| {
        let of = |name: &String| {
            let found = fs::symlink_metadata(folder.0.join(name)).unwrap();
            (found.len(), found.modified().unwrap())
        };
        folder.names().iter().map(|name| (name.clone(), of(name))).collect::<Vec<_>>()
    };
    let before = state(folder);
    let error = Catalog::read_from(&folder.0).unwrap_err();
    assert_eq!(state(folder), before);
    // Far more than it takes, far less than for ever.
    assert!(began.elapsed() < Duration::from_secs(20), "{error}");
    error
}

/// A folder with a message of this schema.
fn with_schema(schema: &Value) -> Folder {
    let message = json!({
        "kind": "event", "name": "inventory.check", "version": 1, "subject": "inventory.check",
        "payload": {"read": schema},
    });
    let folder = Folder::new();
    let message = serde_json::from_value::<Descriptor>(message).unwrap();
    Catalog::of([message]).unwrap().write_to(&folder.0).unwrap();
    folder
}

#[test]
fn what_is_no_json_or_no_message_is_told_with_its_line() {
    for text in
        ["{", "", "[]", "{\"kind\": \"event\"}", "{\"kind\": \"query\"}", "\u{feff}{}", "null"]
    {
        let folder = written();
        folder.write(FILE, text);
        let error = refused(&folder);
        assert!(matches!(&error, ReadError::Json { path, .. } if path.ends_with(FILE)), "{error}");
        assert!(error.to_string().contains("line "), "{error}");
    }
    let folder = written();
    fs::write(folder.0.join(FILE), [0xff, 0xfe]).unwrap();
    assert!(matches!(refused(&folder), ReadError::Io { path, .. } if path.ends_with(FILE)));
}

#[test]
fn a_fault_of_a_file_is_told_with_its_pointer() {
    for (text, place) in [
        (r#"{"kind": "event", "name": 7, "version": 1, "subject": "a"}"#, "/name"),
        (r#"{"kind": "event", "name": "a", "version": "1", "subject": "a"}"#, "/version"),
        (
            r#"{"kind": "event", "name": "a", "version": 1, "subject": "a", "payload": {"read": [}}"#,
            "/payload/read/0",
        ),
        ("null", ""),
    ] {
        let folder = written();
        folder.write(FILE, text);
        let error = refused(&folder);
        let ReadError::Json { pointer, .. } = &error else { panic!("{error}") };
        assert_eq!(pointer, place, "{error}");
        let told = format!(" at `{pointer}`: ");
        assert_eq!(error.to_string().contains(&told), !place.is_empty(), "{error}");
    }
}

#[test]
fn a_foreign_folder_has_no_catalog() {
    let folder = Folder::new();
    fs::create_dir_all(&folder.0).unwrap();
    folder.write("package-lock.json", "{}");
    assert!(
        matches!(refused(&folder), ReadError::Io { path, .. } if path.ends_with("catalog.lock.json"))
    );
    folder.write("catalog.lock.json", "{\"lockfileVersion\": 3, \"packages\": {}}");
    assert!(matches!(refused(&folder), ReadError::Json { .. }));
}

#[test]
fn a_file_that_is_nested_too_deeply_is_refused() {
    let folder = written();
    for (open, close) in [("[", "]"), ("{\"a\":", "}"), ("{\"payload\":{\"read\":", "}}")] {
        let text = format!("{}1{}", open.repeat(100_000), close.repeat(100_000));
        folder.write(FILE, &text);
        let error = refused(&folder);
        assert!(matches!(&error, ReadError::Json { path, .. } if path.ends_with(FILE)), "{error}");
    }
}

#[test]
fn a_large_file_is_not_read() {
    let folder = written();
    folder.write(FILE, &" ".repeat(50 << 20));
    let error = refused(&folder);
    assert!(matches!(&error, ReadError::Io { path, .. } if path.ends_with(FILE)), "{error}");
    assert!(error.to_string().contains("larger than 4 MiB"), "{error}");
    let error = catalog().check(&folder.0).unwrap_err();
    assert!(error.to_string().contains("larger than 4 MiB"), "{error}");
    let error = catalog().write_to(&folder.0).unwrap_err();
    assert!(error.path.ends_with(FILE), "{error}");
}

#[cfg(unix)]
#[test]
fn links_and_pipes_and_devices_are_not_opened() {
    use std::os::unix::fs::symlink;
    use std::process::Command;

    for (name, what) in
        [(FILE, "link"), (FILE, "device"), (FILE, "pipe"), ("catalog.lock.json", "pipe")]
    {
        let folder = written();
        let path = folder.0.join(name);
        let elsewhere = folder.0.parent().unwrap().join("elsewhere.json");
        fs::rename(&path, &elsewhere).unwrap();
        match what {
            "link" => symlink(&elsewhere, &path).unwrap(),
            "device" => symlink("/dev/zero", &path).unwrap(),
            _ => assert!(Command::new("mkfifo").arg(&path).status().unwrap().success()),
        }
        let error = refused(&folder);
        assert!(matches!(&error, ReadError::Io { path, .. } if path.ends_with(name)), "{error}");
        assert!(error.to_string().contains("no plain file"), "{error}");
        catalog().check(&folder.0).unwrap_err();
        catalog().write_to(&folder.0).unwrap_err();
        // Where the link leads nothing was written.
        assert!(fs::symlink_metadata(&elsewhere).unwrap().is_file());
    }
}

#[test]
fn a_reference_that_can_not_be_followed_is_told_with_file_and_pointer() {
    let mut fan = json!({"A40": true});
    for i in 0..40 {
        let next = json!({"$ref": format!("#/$defs/A{}", i + 1)});
        fan[format!("A{i}")] = json!({"allOf": [next, {"anyOf": [next, false]}]});
    }
    for (schema, at, why) in [
        (
            json!({"items": {"$ref": "http://127.0.0.1:1/a.json"}}),
            "/items",
            ReferenceError::Outside,
        ),
        (json!({"items": {"$ref": "file:///etc/passwd"}}), "/items", ReferenceError::Outside),
        (json!({"items": {"$ref": "orders.created.v1.json"}}), "/items", ReferenceError::Outside),
        (json!({"not": {"$ref": "#/$defs/Gone"}}), "/not", ReferenceError::Nowhere),
        (json!({"$ref": "#"}), "", ReferenceError::Endless),
        (
            json!({"$defs": fan, "items": {"$ref": "#/$defs/A0"}}),
            "/$defs/A0/allOf/0",
            ReferenceError::Costly,
        ),
    ] {
        let error = refused(&with_schema(&schema));
        let ReadError::Reference { path, pointer, source, .. } = &error else { panic!("{error}") };
        assert!(path.ends_with(FILE), "{error}");
        assert_eq!((pointer.as_str(), source), (&*format!("/payload/read{at}"), &why), "{error}");
    }
}
