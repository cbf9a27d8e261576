//! Running the work under callgrind, and reading what it has counted.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

use anyhow::{Context as _, bail};

use crate::section::NAME;

/// What takes memory: one call is one allocation.
const ALLOCATORS: [&str; 6] =
    ["malloc", "calloc", "realloc", "posix_memalign", "aligned_alloc", "memalign"];

/// What one part of a case has cost, for so many messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) case: String,
    pub(crate) part: String,
    pub(crate) messages: u64,
    pub(crate) instructions: u64,
    pub(crate) allocations: u64,
    /// Callgrind's own file, for `callgrind_annotate`.
    pub(crate) profile: PathBuf,
}

/// Does the work under callgrind, which leaves its files in `directory`.
pub(crate) fn run(directory: &Path) -> anyhow::Result<Vec<Count>> {
    if Command::new("valgrind").arg("--version").stdout(Stdio::null()).status().is_err() {
        bail!("valgrind is not there, which counts: `apt-get install valgrind`, or your system's own way");
    }
    fs::create_dir_all(directory)?;
    let profile = directory.join("callgrind.out");
    let done = Command::new("valgrind")
        .args(["--tool=callgrind", "--collect-atstart=no", "--dump-line=yes", "--quiet"])
        .arg(format!("--toggle-collect={NAME}"))
        .arg(format!("--dump-after={NAME}"))
        .arg(format!("--callgrind-out-file={}", profile.display()))
        .arg(env::current_exe()?)
        .arg("work")
        .stderr(Stdio::inherit())
        .output()
        .context("valgrind can't be run")?;
    if !done.status.success() {
        bail!("the work ended with {}", done.status);
    }
    let sections = String::from_utf8(done.stdout)?;
    sections
        .lines()
        .enumerate()
        .map(|(number, section)| {
            let words: Vec<&str> = section.split(' ').collect();
            let [case, part, messages] = words[..] else { bail!("what is counted? {section}") };
            let profile = PathBuf::from(format!("{}.{}", profile.display(), number + 1));
            let text = fs::read_to_string(&profile)
                .with_context(|| format!("callgrind has not counted `{section}`"))?;
            let (instructions, allocations) = read(&text).context("no count of callgrind's")?;
            Ok(Count {
                case: case.to_owned(),
                part: part.to_owned(),
                messages: messages.parse()?,
                instructions,
                allocations,
                profile,
            })
        })
        .collect()
}

/// The instructions and the allocations of one of callgrind's files.
fn read(text: &str) -> Option<(u64, u64)> {
    let mut instructions = None;
    let mut allocations = 0;
    let mut names = HashMap::new();
    let mut called = "";
    for line in text.lines() {
        if let Some(total) = line.strip_prefix("summary: ").or(line.strip_prefix("totals: ")) {
            instructions = total.split(' ').next()?.parse().ok();
        } else if let Some(function) = line.strip_prefix("fn=") {
            name(function, &mut names);
        } else if let Some(function) = line.strip_prefix("cfn=") {
            called = name(function, &mut names);
        } else if let Some(calls) = line.strip_prefix("calls=")
            && ALLOCATORS.contains(&called)
        {
            allocations += calls.split(' ').next()?.parse::<u64>().ok()?;
        }
    }
    Some((instructions?, allocations))
}

/// `(12) name` the first time, and then `(12)`.
fn name<'a>(function: &'a str, names: &mut HashMap<&'a str, &'a str>) -> &'a str {
    match function.split_once(' ') {
        Some((number, name)) => {
            names.insert(number, name);
            name
        }
        None => names.get(function).copied().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn calls_of_allocators_are_counted() {
        let text = "\
events: Ir
fn=(1) count::section::counted
10 20
cfn=(2) malloc
calls=3 0
11 90
cfn=(3) free
calls=3 0
11 30
fn=(2)
0 90
fn=(4) other
cfn=(2)
calls=2 0
7 60
totals: 290
";
        assert_eq!(read(text), Some((290, 5)));
        assert_eq!(read("events: Ir"), None);
    }
}
