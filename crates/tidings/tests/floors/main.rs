//! The house is as `ARCHITECTURE.md` draws it: imports run downwards, and every room is on the map.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test's own functions fail it"
)]

mod import;
mod map;
mod name;
mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use self::import::{arrows, imports};
use self::map::{MAP, block, floors};
use self::source::{Source, is_tests, sources, walk};

#[test]
fn imports_run_downwards() {
    let floors = floors();
    for Source { room, file, code, .. } in sources() {
        let own = floors.get(room.as_str()).copied();
        // The front may name itself: the prelude is a part of what lib.rs gives.
        if own == Some(0) {
            continue;
        }
        for import in imports(&code) {
            let Some(other) = floors.get(import.as_str()) else {
                panic!("{file} imports `crate::{import}`, which is no room: name the one it is in");
            };
            assert!(
                import == room || own < Some(*other),
                "{file} imports `crate::{import}`, which does not stand below `{room}`"
            );
        }
    }
}

#[test]
fn every_room_is_on_the_map() {
    let floors = floors();
    let rooms: BTreeSet<String> = sources().into_iter().map(|source| source.room).collect();
    for room in &rooms {
        assert!(floors.contains_key(room.as_str()), "`{room}` stands on no floor");
        let told = MAP.contains(&format!("`{room}.rs`"));
        assert!(told, "`{room}` is not among the rooms");
    }
    for room in floors.keys() {
        assert!(rooms.contains(*room), "there is no room `{room}`");
    }
}

#[test]
fn what_only_one_room_names() {
    for Source { file, code, .. } in sources() {
        assert!(
            !code.contains("async_nats") || file.starts_with("transport/nats/"),
            "{file} names async-nats, as only transport/nats does"
        );
        let (code, _) = code.split_once("#[cfg(test)]\nmod tests").unwrap_or((&code, ""));
        let header = ["\"Nats-", "\"Tidings-"].iter().any(|name| code.contains(name));
        assert!(
            !header || file == "header/name.rs" || file.contains("/tests/"),
            "{file} writes out a header's name, as only header/name.rs does"
        );
        let settlement = ["Ack", "Nak", "Progress", "Term"]
            .iter()
            .any(|name| code.contains(&format!("Settlement::{name}")));
        let carries_out = [
            "settlement.rs",
            "transport/nats/consumer/settle.rs",
            "transport/memory/settle.rs",
            "testing/operation.rs",
        ];
        assert!(
            !settlement || carries_out.contains(&&*file) || file.contains("/tests"),
            "{file} decides how a message is settled, as only settlement.rs does"
        );
    }
}

/// The header of a file of scenarios names the promises that it tries by their numbers in
/// `ARCHITECTURE.md`.
#[test]
fn every_promise_that_a_scenario_names_is_listed() {
    let (_, list) = MAP.split_once("## The promises").expect("the promises");
    let (list, _) = list.split_once("\n## ").expect("the end of the promises");
    let scenarios = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/conformance");
    let mut files = Vec::new();
    walk(&scenarios, &mut files);
    let mut named = BTreeSet::new();
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let header: Vec<&str> = text.lines().take_while(|line| line.starts_with("//!")).collect();
        for rest in header.join(" ").split("Promise ").skip(1) {
            let number: String = rest.chars().take_while(char::is_ascii_digit).collect();
            let listed = list.contains(&format!("\n{number}. **"));
            assert!(!number.is_empty() && listed, "{} names promise {number:?}", file.display());
            named.insert(number);
        }
    }
    assert!(!named.is_empty(), "scenarios name the promises that they try");
}

#[test]
fn no_files_import_each_other() {
    let sources: Vec<Source> =
        sources().into_iter().filter(|source| !is_tests(&source.module)).collect();
    let uncovered = block("circles").concat();
    let idioms = block("idioms");
    let arrows = arrows(&sources);
    let reaches = |from: &str, to: &str| {
        let (mut seen, mut left) = (BTreeSet::new(), vec![from]);
        while let Some(file) = left.pop() {
            for next in arrows.get(file).into_iter().flatten() {
                let is_idiom = idioms.iter().any(|pair| **pair == [file, *next]);
                if !is_idiom && seen.insert(*next) {
                    left.push(next);
                }
            }
        }
        seen.contains(to)
    };
    let mut circles: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    // The front names whatever it gives to users.
    let front = ["lib", "prelude", "private"];
    let inside = sources.iter().filter(|source| !front.contains(&source.room.as_str()));
    for Source { room, file, module, .. } in inside {
        if reaches(file, file) {
            let known = |name: &str| uncovered.iter().copied().find(|listed| *listed == name);
            let subroom = module.get(1).and_then(|second| known(&format!("{room}/{second}")));
            let listed = subroom.or_else(|| known(room)).unwrap_or(room);
            circles.entry(listed).or_default().push(file);
        }
    }
    let rooms: Vec<&str> = circles.keys().copied().collect();
    let (new, gone): (Vec<_>, Vec<_>) = (
        rooms.iter().filter(|room| !uncovered.contains(room)).collect(),
        uncovered.iter().filter(|room| !rooms.contains(room)).collect(),
    );
    assert!(new.is_empty(), "files of {new:?} import each other in a circle: {circles:#?}");
    assert!(gone.is_empty(), "{gone:?} have no circle any more: take them off the map's list");
}

#[test]
fn the_runners_rooms_stand_on_floors() {
    let floors: BTreeMap<&str, usize> = block("runner")
        .into_iter()
        .enumerate()
        .flat_map(|(floor, line)| line.into_iter().map(move |room| (room, floor)))
        .collect();
    let sources = sources();
    let inner = |file: &str| -> Option<usize> {
        let room = file.strip_prefix("runner/")?.split(['/', '.']).next()?;
        Some(*floors.get(room).unwrap_or_else(|| panic!("`runner/{room}` stands on no floor")))
    };
    for (file, others) in arrows(&sources) {
        let Some(own) = inner(file).filter(|_| !file.ends_with("/tests.rs")) else { continue };
        let room = file.split(['/', '.']).nth(1);
        for other in others {
            assert!(other != "runner.rs", "{file} imports the front of its own room");
            let Some(below) = inner(other) else { continue };
            assert!(
                other.split(['/', '.']).nth(1) == room || own < below,
                "{file} imports {other}, which does not stand below it"
            );
        }
    }
}
