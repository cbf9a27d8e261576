//! Imports of a source file: the names and paths that it has of other files.

use std::collections::{BTreeMap, BTreeSet};

use super::source::{Source, tested};

/// Paths behind each `crate::`.
pub(super) fn imports(code: &str) -> BTreeSet<String> {
    let word = |rest: &str| -> String {
        rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
    };
    code.split("crate::").skip(1).map(word).collect()
}

/// The names that a `use` brings in, each with the path that it stands for.
pub(super) fn uses(code: &str) -> Vec<(String, Vec<String>)> {
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
pub(super) fn branches(tree: &str, before: &[String], found: &mut Vec<(String, Vec<String>)>) {
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

/// Paths that are written out beside the imports, as far as they begin with a module.
pub(super) fn written_out(code: &str) -> Vec<Vec<String>> {
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

/// Files that each file imports, wherever the names come through: `super::Name` is the file in
/// which the name stands, not the one that passes it on.
pub(super) fn arrows(sources: &[Source]) -> BTreeMap<&str, BTreeSet<&str>> {
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
