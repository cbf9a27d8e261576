//! Source files, and the modules that they are.

use std::fs;
use std::path::{Path, PathBuf};

/// A source file, and the room it belongs to.
pub(super) struct Source {
    pub(super) room: String,
    pub(super) file: String,
    /// The module that it is: `["runner", "settle", "policy"]`.
    pub(super) module: Vec<String>,
    /// The source without its comments.
    pub(super) code: String,
}

pub(super) fn sources() -> Vec<Source> {
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

pub(super) fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, files);
        } else {
            files.push(path);
        }
    }
}

/// The source without its tests.
pub(super) fn tested(code: &str) -> &str {
    code.split_once("#[cfg(test)]\nmod tests {").map_or(code, |(code, _)| code)
}

/// Returns `true` if a module is one of tests, which look at what they test.
pub(super) fn is_tests(module: &[String]) -> bool {
    module.iter().any(|name| name == "tests")
}
