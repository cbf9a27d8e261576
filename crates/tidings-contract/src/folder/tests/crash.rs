//! Writing that does not come to its end.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, io};

use super::super::ReadError;
use super::{catalog, streams, written};
use crate::Catalog;

/// Name of the variable that tells the folder to a process that writes until it is killed.
const WRITES: &str = "TIDINGS_TEST_WRITES";

/// No test by itself: what `a_killed_writer_leaves_a_catalog_or_what_is_none` starts and kills.
#[test]
fn writer() {
    let Some(folder) = env::var_os(WRITES) else { return };
    loop {
        streams(60).write_to(&folder).unwrap();
        catalog().write_to(&folder).unwrap();
    }
}

#[test]
fn a_killed_writer_leaves_a_catalog_or_what_is_none() {
    let (mut whole, mut noticed) = (0, 0);
    for round in 0..20 {
        let folder = written();
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["--exact", "folder::tests::crash::writer", "--nocapture"])
            .env(WRITES, &folder.0)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // It has begun once another catalog stands there.
        while !folder.0.join("INVENTORY.stream.json").exists() {
            assert!(child.try_wait().unwrap().is_none());
            std::thread::yield_now();
        }
        let began = Instant::now();
        while began.elapsed() < Duration::from_micros(137 * round) {
            std::thread::yield_now();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        match Catalog::read_from(&folder.0) {
            Ok(read) => {
                assert!(read == catalog() || read == streams(60));
                whole += 1;
            }
            Err(ReadError::Locked { .. }) => noticed += 1,
            Err(ReadError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                noticed += 1;
            }
            Err(error) => panic!("{error}"),
        }
        // The next write mends it.
        catalog().write_to(&folder.0).unwrap();
        catalog().check(&folder.0).unwrap();
        assert_eq!(Catalog::read_from(&folder.0).unwrap(), catalog());
    }
    assert_eq!(whole + noticed, 20);
}

#[test]
fn what_a_killed_writer_staged_is_removed_later() {
    let folder = written();
    let old = "inventory.check.v1.json.4711.new";
    folder.write(old, "{");
    let fresh = "inventory.check.v1.json.4712.new";
    folder.write(fresh, "{");
    folder.write("notes.json.x.new", "");
    let hour_ago = std::time::SystemTime::now() - Duration::from_secs(3600);
    let file = fs::File::options().write(true).open(folder.0.join(old)).unwrap();
    file.set_modified(hour_ago).unwrap();
    catalog().write_to(&folder.0).unwrap();
    let names = folder.names();
    // One that may still be written by another process stays.
    assert!(!names.contains(&old.to_owned()) && names.contains(&fresh.to_owned()), "{names:?}");
    assert!(names.contains(&"notes.json.x.new".to_owned()));
    assert_eq!(Catalog::read_from(&folder.0).unwrap(), catalog());
}

/// No file is replaced where one can't be, because a folder is in its place.
#[test]
fn where_one_file_can_not_be_replaced_none_is() {
    let folder = written();
    let lock = folder.read("catalog.lock.json");
    let stream = folder.0.join("INVENTORY.stream.json");
    fs::create_dir(&stream).unwrap();
    fs::write(stream.join("a"), "").unwrap();
    let error = streams(60).write_to(&folder.0).unwrap_err();
    assert!(error.path.ends_with("INVENTORY.stream.json"), "{error}");
    assert_eq!(folder.read("catalog.lock.json"), lock);
    assert_eq!(Catalog::read_from(&folder.0).unwrap(), catalog());
    assert!(folder.names().iter().all(|name| !name.contains(".new")));
}

/// The last of several can't be replaced: those before it are put back.
#[test]
fn what_was_replaced_before_it_failed_is_put_back() {
    use super::super::replace::Replacement;

    let folder = written();
    let (one, other) = (folder.0.join("one.v1.json"), folder.0.join("other.v1.json"));
    fs::write(&one, "before").unwrap();
    let blocked = folder.0.join("blocked.v1.json");
    let mut replacement = Replacement::default();
    replacement.stage(one.clone(), "after").unwrap();
    replacement.stage(other.clone(), "after").unwrap();
    replacement.stage(blocked.clone(), "after").unwrap();
    fs::create_dir(&blocked).unwrap();
    replacement.commit().unwrap_err();
    assert_eq!(fs::read_to_string(&one).unwrap(), "before");
    assert!(!other.exists());
    assert!(folder.names().iter().all(|name| !name.contains(".new")));
}
