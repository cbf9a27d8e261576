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
    /// The module that it is: `["runner", "settle", "policy"]`.
    module: Vec<String>,
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
        let file_name = file.display().to_string().replace('\\', "/");
        let module = file_name.strip_suffix(".rs").unwrap_or(&file_name);
        let module = module.strip_suffix("/mod").unwrap_or(module);
        Source {
            room: room.strip_suffix(".rs").unwrap_or(room).to_owned(),
            module: module.split('/').map(str::to_owned).collect(),
            file: file_name,
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
            "testing/entry.rs",
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

/// The lines of a block of the map, behind this mark.
fn block(mark: &str) -> Vec<Vec<&'static str>> {
    let mark = format!("<!-- {mark}:");
    let (_, block) = MAP.split_once(&mark).unwrap_or_else(|| panic!("no `{mark}` on the map"));
    let (_, block) = block.split_once("```text\n").expect("a block behind its mark");
    let (block, _) = block.split_once("```").expect("the end of a block");
    block.lines().map(|line| line.split_whitespace().collect()).collect()
}

/// The names that a `use` brings in, each with the path that it stands for.
fn uses(code: &str) -> Vec<(String, Vec<String>)> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("use ") {
        let before = code[..at].lines().next_back().unwrap_or_default().trim_start();
        let is_item =
            before.is_empty() || before.starts_with("pub") && !before.contains(['=', ';']);
        if !is_item || code[..at].ends_with(char::is_alphanumeric) {
            continue;
        }
        let tree = code[at + 4..].split(';').next().unwrap_or_default();
        let tree: String = tree.split_whitespace().collect::<Vec<_>>().join(" ");
        branches(&tree, &[], &mut found);
    }
    found
}

/// Writes out a tree of imports.
fn branches(tree: &str, before: &[String], found: &mut Vec<(String, Vec<String>)>) {
    let (path, group) = match tree.split_once('{') {
        Some((path, rest)) => (path, Some(rest.strip_suffix('}').unwrap_or(rest))),
        None => (tree, None),
    };
    let (path, name) = path.split_once(" as ").map_or((path, None), |(p, n)| (p, Some(n.trim())));
    let mut full = before.to_vec();
    let segments = path.split("::").map(str::trim).filter(|segment| !segment.is_empty());
    full.extend(segments.map(str::to_owned));
    let Some(group) = group else {
        if full.last().is_some_and(|last| last == "self") && full.len() > 1 {
            full.pop();
        }
        let last = full.last().cloned().unwrap_or_default();
        found.push((name.map_or(last, str::to_owned), full));
        return;
    };
    let (mut depth, mut begin) = (0, 0);
    for (at, c) in group.char_indices().chain([(group.len(), ',')]) {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                let one = group[begin..at].trim();
                if !one.is_empty() {
                    branches(one, &full, found);
                }
                begin = at + 1;
            }
            _ => {}
        }
    }
}

/// All paths that are written out beside the imports, as far as they begin with a module.
fn written_out(code: &str) -> Vec<Vec<String>> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut paths = Vec::new();
    for (at, _) in code.match_indices("::") {
        let before = &code[..at];
        let start = before.rfind(|c| !is_word(c)).map_or(0, |i| i + 1);
        if before[..start].ends_with("::") {
            continue;
        }
        let mut path = vec![before[start..].to_owned()];
        let mut rest = &code[at..];
        while let Some(next) = rest.strip_prefix("::") {
            let end = next.find(|c| !is_word(c)).unwrap_or(next.len());
            if end == 0 {
                break;
            }
            path.push(next[..end].to_owned());
            rest = &next[end..];
        }
        // A group of imports, each of which is a path of its own.
        if !rest.starts_with("::{") {
            paths.push(path);
        }
    }
    paths
}

/// Without its tests.
fn tested(code: &str) -> &str {
    code.split_once("#[cfg(test)]\nmod tests {").map_or(code, |(code, _)| code)
}

/// Which files each file imports, wherever the names come through: `super::Name` is the file in
/// which the name stands, not the one that passes it on.
fn arrows(sources: &[Source]) -> BTreeMap<&str, BTreeSet<&str>> {
    let files: BTreeMap<&[String], &str> =
        sources.iter().map(|source| (&*source.module, &*source.file)).collect();
    let passed_on: BTreeMap<&[String], Vec<(String, Vec<String>)>> =
        sources.iter().map(|source| (&*source.module, uses(tested(&source.code)))).collect();
    let absolute = |of: &[String], path: &[String]| -> Option<Vec<String>> {
        let mut base = match path.first()?.as_str() {
            "crate" => Vec::new(),
            "self" => of.to_vec(),
            "super" => of[..of.len() - 1].to_vec(),
            child => {
                let mut child_module = of.to_vec();
                child_module.push(child.to_owned());
                if !files.contains_key(&*child_module) {
                    return None;
                }
                child_module
            }
        };
        for segment in &path[1..] {
            match segment.as_str() {
                "super" => drop(base.pop()),
                segment => base.push(segment.to_owned()),
            }
        }
        Some(base)
    };
    let resolve = |of: &[String], path: &[String]| -> Option<&str> {
        let mut full = absolute(of, path)?;
        for _ in 0..8 {
            let end = (1..=full.len()).rev().find(|end| files.contains_key(&full[..*end]))?;
            let module = &full[..end];
            let Some(name) = full.get(end) else { return Some(files[module]) };
            let other = passed_on[module].iter().find(|(known, _)| known == name);
            match other.and_then(|(_, path)| absolute(module, path)) {
                Some(mut next) => {
                    next.extend_from_slice(&full[end + 1..]);
                    full = next;
                }
                None => return Some(files[module]),
            }
        }
        None
    };
    let mut arrows: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for Source { module, file, code, .. } in sources {
        let code = tested(code);
        let imported = uses(code);
        let own = imported.iter().map(|(_, path)| path.clone());
        let names: BTreeMap<&str, &Vec<String>> =
            imported.iter().map(|(name, path)| (&**name, path)).collect();
        // A module that was imported is a path's first word.
        let paths = own.chain(written_out(code).into_iter().filter_map(|mut path| {
            if let Some(import) = names.get(path[0].as_str()) {
                path.splice(..1, import.iter().cloned());
            }
            Some(path).filter(|path| path.len() > 1)
        }));
        for path in paths {
            if let Some(other) = resolve(module, &path).filter(|other| other != file) {
                arrows.entry(file).or_default().insert(other);
            }
        }
    }
    arrows
}

/// Whether a file is one of tests, which look at what they test.
fn is_tests(module: &[String]) -> bool {
    module.iter().any(|name| name == "tests")
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
