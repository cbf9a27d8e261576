//! Names on the map: files of its tables, and functions of its ways through.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::map::MAP;
use super::source::walk;

/// Texts between backticks.
fn quoted(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.split('`').skip(1).step_by(2)
}

/// The section of the map below this heading.
fn section(heading: &str) -> &'static str {
    let (_, rest) = MAP.split_once(&format!("\n{heading}\n")).expect("the heading");
    rest.split_once("\n#").map_or(rest, |(section, _)| section)
}

#[test]
fn files_of_a_table_are_there_and_none_is_left_out() {
    let headings = MAP.lines().filter_map(|line| line.strip_prefix("### Inside `"));
    let rooms: Vec<&str> = headings.filter_map(|rest| rest.strip_suffix('`')).collect();
    assert!(rooms.len() > 8, "rooms have tables: {rooms:?}");
    for room in &rooms {
        // A crate of its own stands beside this one, and a room in it.
        let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crates");
        let folder = match room.strip_prefix("tidings-") {
            Some(_) => crates.join(room).join("src"),
            None => crates.join("tidings/src").join(room),
        };
        let table = section(&format!("### Inside `{room}`"));
        let last = |name: &'static str| {
            let name = name.strip_suffix(".rs").unwrap_or(name);
            name.rsplit('/').next().expect("a last part")
        };
        // `connection/state.rs` names the room, too.
        let parts = quoted(table).flat_map(|name| name.split('/'));
        let named: BTreeSet<&str> = parts.map(last).collect();
        let mut files = Vec::new();
        walk(&folder, &mut files);
        let stems: BTreeSet<String> =
            files.iter().filter_map(|file| Some(file.file_stem()?.to_str()?.to_owned())).collect();
        for row in table.lines().filter(|line| line.starts_with("| `")) {
            for name in quoted(row.split('|').nth(1).expect("a first cell")) {
                assert!(
                    stems.contains(last(name)),
                    "the map of `{room}` names `{name}`, which is no file"
                );
            }
        }
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let is_source = path.extension().is_some_and(|extension| extension == "rs");
            let stem = path.file_stem().unwrap().to_str().unwrap();
            let is_plain = ["lib", "main", "tests"].contains(&stem) || stem.ends_with("error");
            let has_own = rooms.contains(&format!("{room}/{stem}").as_str());
            assert!(
                !is_source || is_plain || has_own || named.contains(stem),
                "the map of `{room}` leaves out `{stem}`"
            );
        }
    }
}

#[test]
fn functions_of_the_ways_through_are_there() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crates");
    let mut files = Vec::new();
    walk(&crates.join("tidings/src"), &mut files);
    walk(&crates.join("tidings-sql/src"), &mut files);
    files.retain(|file| file.extension().is_some_and(|extension| extension == "rs"));
    let texts: Vec<(String, String)> = files
        .iter()
        .map(|file| (file.display().to_string(), fs::read_to_string(file).unwrap()))
        .collect();
    let is_there = |owner: &str, function: &str| {
        texts.iter().any(|(file, text)| {
            let is_owner = if owner.starts_with(char::is_uppercase) {
                text.lines().any(|line| declares(line, owner))
            } else {
                file.contains(&format!("/{owner}.rs")) || file.contains(&format!("/{owner}/"))
            };
            let is_its_own = || {
                let opened = ["(", "<"].map(|opens| format!("fn {function}{opens}"));
                opened.iter().any(|opened| text.contains(opened))
                    || text.contains(&format!("mod {function};"))
                    // A variant.
                    || text.lines().any(|line| line.trim().trim_end_matches(',') == function)
            };
            is_owner && is_its_own()
        })
    };
    let ways = section("## The ways through");
    let words = ways.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'));
    let paths: BTreeSet<&str> = words.filter(|word| word.contains("::")).collect();
    assert!(paths.len() > 40, "the ways name functions: {paths:?}");
    for path in paths {
        let parts: Vec<&str> = path.trim_end_matches(':').split("::").collect();
        let (owner, function) = (parts[parts.len() - 2], parts[parts.len() - 1]);
        assert!(is_there(owner, function), "a way goes through `{path}`, which is not there");
    }
}

/// Returns `true` if a line says what a type is, or what it can do.
fn declares(line: &str, name: &str) -> bool {
    let mut words = line.split(|c: char| !(c.is_alphanumeric() || c == '_'));
    let is_one = ["struct ", "enum ", "trait ", "impl"].iter().any(|word| line.contains(word));
    is_one && words.any(|word| word == name)
}
