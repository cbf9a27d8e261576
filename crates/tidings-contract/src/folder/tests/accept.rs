//! Acceptances in the lock file.

use super::super::{ReadError, accept, acceptances};
use super::{Folder, catalog, streams, written};
use crate::{Acceptance, Catalog, Direction, Fingerprint};

fn acceptance(pointer: &str) -> Acceptance {
    Acceptance {
        message: "inventory.check.v1".to_owned(),
        rule: "required-added".to_owned(),
        pointer: pointer.to_owned(),
        direction: Direction::Backward,
        old: Fingerprint::of("old"),
        new: Fingerprint::of("new"),
        reason: "nobody asks yet".to_owned(),
    }
}

#[test]
fn what_is_accepted_is_read_back_and_is_no_drift() {
    let folder = written();
    assert_eq!(acceptances(&folder.0).unwrap(), []);
    accept(&folder.0, [acceptance("/b"), acceptance("/a")]).unwrap();
    assert_eq!(acceptances(&folder.0).unwrap(), [acceptance("/a"), acceptance("/b")]);
    catalog().check(&folder.0).unwrap();
    assert_eq!(Catalog::read_from(&folder.0).unwrap(), catalog());

    let mut again = acceptance("/a");
    again.reason = "nobody will ask".to_owned();
    accept(&folder.0, [again.clone()]).unwrap();
    assert_eq!(acceptances(&folder.0).unwrap(), [again, acceptance("/b")]);
}

#[test]
fn other_types_leave_it_accepted() {
    let folder = written();
    accept(&folder.0, [acceptance("/a")]).unwrap();
    streams(60).write_to(&folder.0).unwrap();
    streams(60).check(&folder.0).unwrap();
    assert_eq!(acceptances(&folder.0).unwrap(), [acceptance("/a")]);
}

#[test]
fn a_lock_of_the_first_format_is_read_and_becomes_one_of_this() {
    let folder = written();
    let text = folder.read("catalog.lock.json");
    let without_content = text.lines().filter(|line| !line.contains("\"content\""));
    let text = without_content.collect::<Vec<_>>().join("\n");
    folder.write("catalog.lock.json", &text.replace("\"format\": 2", "\"format\": 1"));
    assert_eq!(Catalog::read_from(&folder.0).unwrap(), catalog());
    accept(&folder.0, [acceptance("/a")]).unwrap();
    assert!(folder.read("catalog.lock.json").contains("\"format\": 2"));
}

/// A merge that left its marks, or a later format: nothing of it may be lost.
#[test]
fn a_lock_that_is_not_understood_is_not_written_over() {
    let folder = written();
    let counted = folder.read("inventory.counted.v2.json");
    for text in ["<<<<<<< ours\n{}\n", "{\"format\": 99}"] {
        folder.write("catalog.lock.json", text);
        folder.write("inventory.check.v1.json", "{}");
        let error = catalog().write_to(&folder.0).unwrap_err();
        assert!(error.path.ends_with("catalog.lock.json"), "{error}");
        assert!(error.to_string().starts_with("can't keep what is accepted by"), "{error}");
        assert_eq!(folder.read("catalog.lock.json"), text);
        assert_eq!(folder.read("inventory.check.v1.json"), "{}");
        assert_eq!(folder.read("inventory.counted.v2.json"), counted);
    }
}

#[test]
fn a_folder_without_a_catalog_accepts_nothing() {
    let folder = Folder::new();
    let error = acceptances(&folder.0).unwrap_err();
    assert!(matches!(error, ReadError::Io { .. }), "{error}");
    accept(&folder.0, [acceptance("/a")]).unwrap_err();
    assert!(!folder.0.exists());
}
