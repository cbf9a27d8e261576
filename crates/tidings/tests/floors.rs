//! The house is as `ARCHITECTURE.md` draws it: imports run downwards, and every room is on the map.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test's own functions fail it"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

const MAP: &str = include_str!("../../../ARCHITECTURE.md");

/// A source file, and the room it belongs to.
struct Source {
    room: String,
    file: String,
    /// Without its comments.
    code: String,
}

fn sources() -> Vec<Source> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    walk(&source, &mut files);
    // Pages of the guide are text, in which other crates are spoken of.
    files.retain(|file| file.extension().is_some_and(|extension| extension == "rs"));
    files.sort();
    let sources = files.into_iter().map(|path| {
        let file = path.strip_prefix(&source).unwrap();
        let room = file.iter().next().unwrap().to_str().unwrap();
        let text = fs::read_to_string(&path).unwrap();
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        Source {
            room: room.strip_suffix(".rs").unwrap_or(room).to_owned(),
            file: file.display().to_string().replace('\\', "/"),
            code: code.collect::<Vec<_>>().join("\n"),
        }
    });
    sources.collect()
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, files);
        } else {
            files.push(path);
        }
    }
}

/// The floor of each room, from 0 at the top.
fn floors() -> BTreeMap<&'static str, usize> {
    let (_, block) = MAP.split_once("<!-- floors").expect("the mark of the floors");
    let (_, block) = block.split_once("```text\n").expect("the floors");
    let (block, _) = block.split_once("```").expect("the end of the floors");
    let floors = block.lines().enumerate();
    floors
        .flat_map(|(floor, line)| line.split_whitespace().map(move |room| (room, floor)))
        .collect()
}

/// What stands behind each `crate::`.
fn imports(code: &str) -> BTreeSet<String> {
    let word = |rest: &str| -> String {
        rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
    };
    code.split("crate::").skip(1).map(word).collect()
}

#[test]
fn imports_run_downwards() {
    let floors = floors();
    for Source { room, file, code } in sources() {
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
        let told = [".rs`", "/mod.rs`"].iter().any(|end| MAP.contains(&format!("`{room}{end}")));
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
            !header || file == "header.rs" || file.contains("/tests/"),
            "{file} writes out a header's name, as only header.rs does"
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
