//! Running the work under callgrind, and reading what it has counted.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

use anyhow::{Context as _, bail};

use crate::section::NAME;

/// Functions that allocate memory: one call is one allocation.
const ALLOCATORS: [&str; 6] =
    ["malloc", "calloc", "realloc", "posix_memalign", "aligned_alloc", "memalign"];

/// Cost of one part of a case, for so many messages.
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
        bail!(
            "valgrind is not there, which counts: `apt-get install valgrind`, or your system's own way"
        );
    }
    fs::create_dir_all(directory)?;
    let profile = directory.join("callgrind.out");
    let done = Command::new("valgrind")
        .args(["--tool=callgrind", "--quiet", "--collect-atstart=no"])
        .args(["--dump-instr=yes", "--dump-line=yes", "--compress-pos=no"])
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
///
/// An allocation is an execution of an allocator's first instruction: what callgrind says of calls
/// counts those outside of what is counted, too.
fn read(text: &str) -> Option<(u64, u64)> {
    let mut instructions = None;
    let mut executed: HashMap<&str, BTreeMap<u64, u64>> = HashMap::new();
    let mut names = HashMap::new();
    let mut function = "";
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(total) = line.strip_prefix("summary: ").or(line.strip_prefix("totals: ")) {
            instructions = total.split(' ').next()?.parse().ok();
        } else if let Some(begun) = line.strip_prefix("fn=") {
            function = name(begun, &mut names);
        } else if let Some(called) = line.strip_prefix("cfn=") {
            name(called, &mut names);
        } else if line.starts_with("calls=") {
            // What the called one costs.
            lines.next();
        } else if let Some(address) = line.strip_prefix("0x")
            && ALLOCATORS.contains(&function)
        {
            // The address, its line in the source, and how often it was executed.
            let mut words = address.split(' ');
            let address = u64::from_str_radix(words.next()?, 16).ok()?;
            let times: u64 = words.nth(1)?.parse().ok()?;
            *executed.entry(function).or_default().entry(address).or_default() += times;
        }
    }
    let first = executed.values().filter_map(|addresses| addresses.values().next());
    Some((instructions?, first.sum()))
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
    fn allocations_are_counted() {
        let text = "\
events: Ir
fn=(1) count::section::counted
0x40 10 20
cfn=(2) malloc
calls=3 0x80 1
0x44 11 90
cfn=(3) free
calls=3 0xa0 1
0x48 11 30
fn=(2)
0x84 2 60
0x80 1 3
fn=(4) realloc
0x90 5 1
fn=(2)
0x80 1 2
0x90 7 9
totals: 290
";
        assert_eq!(read(text), Some((290, 6)));
        assert_eq!(read("events: Ir"), None);
    }
}
