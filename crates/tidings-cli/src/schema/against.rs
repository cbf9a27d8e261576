//! The contracts of before: a folder's, or those of a git revision.

use std::ffi::OsStr;
use std::fs;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, anyhow, bail, ensure};
use tidings_contract::Catalog;

use crate::exit::Usage;

/// Largest number of files in a folder of schemas in a revision.
const MOST_FILES: usize = 100_000;
/// Largest size of its files together, in bytes.
const MOST_BYTES: u64 = 256 << 20;

/// Reads the catalog of a folder, or the one that `schemas` held in a git revision.
pub(super) fn read(against: &str, schemas: &Path) -> anyhow::Result<Catalog> {
    if Path::new(against).is_dir() {
        return Ok(Catalog::read_from(against)?);
    }
    let revision = revision(against, schemas)?;
    let list = git(schemas, ["ls-tree", "-z", "--long", &revision])?;
    let files = files(&list)?;
    let shown = schemas.display();
    if files.is_empty() {
        bail!("{shown} holds no schemas in {against}");
    }
    if files.len() > MOST_FILES || files.iter().map(|file| file.size).sum::<u64>() > MOST_BYTES {
        bail!("{shown} holds more than {MOST_FILES} files or {MOST_BYTES} bytes in {against}");
    }
    let folder = tempfile::tempdir().context("no folder for the schemas of before")?;
    copy(&files, schemas, folder.path())
        .with_context(|| format!("the schemas of {against} can't be copied"))?;
    Catalog::read_from(folder.path())
        .with_context(|| format!("the schemas of {against} can't be read"))
}

/// File of a folder in a revision.
struct File<'a> {
    name: &'a str,
    id: &'a str,
    size: u64,
}

/// The plain JSON files of a list by `git ls-tree --long`, whose names lead nowhere else.
fn files(list: &[u8]) -> anyhow::Result<Vec<File<'_>>> {
    let list = std::str::from_utf8(list).context("git names a file that is no text")?;
    let mut files = Vec::new();
    for line in list.split('\0').filter(|line| !line.is_empty()) {
        let (about, name) = line.split_once('\t').context("git lists files in an unknown form")?;
        let [mode, "blob", id, size] = about.split_whitespace().collect::<Vec<_>>()[..] else {
            continue;
        };
        let is_json = Path::new(name).extension() == Some(OsStr::new("json"));
        // A link is a blob, too.
        if is_json && mode.starts_with("100") && !name.contains(['/', '\\']) {
            files.push(File { name, id, size: size.parse()? });
        }
    }
    Ok(files)
}

/// Writes the files out, read by one process of git.
fn copy(files: &[File<'_>], schemas: &Path, folder: &Path) -> anyhow::Result<()> {
    let mut git = Command::new("git")
        .arg("-C")
        .arg(schemas)
        .args(["cat-file", "--batch"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .context("git can't be run")?;
    let (mut ask, mut answer) = git.stdin.take().zip(git.stdout.take()).context("git is mute")?;
    let copied = std::thread::scope(|scope| {
        // Beside the reading: neither waits for the other.
        scope.spawn(move || files.iter().try_for_each(|file| writeln!(ask, "{}", file.id)));
        let mut out = Vec::new();
        answer.read_to_end(&mut out).map(|_| out)
    })?;
    ensure!(git.wait()?.success(), "git failed");
    let mut rest = &copied[..];
    for file in files {
        let unknown = || anyhow!("git has no {}", file.name);
        let end = rest.iter().position(|byte| *byte == b'\n').with_context(unknown)?;
        let head = format!("{} blob {}", file.id, file.size);
        ensure!(rest[..end] == *head.as_bytes(), unknown());
        let from = end + 1;
        let to = from + usize::try_from(file.size)?;
        let text = rest.get(from..to).with_context(unknown)?;
        fs::write(folder.join(file.name), text)
            .with_context(|| format!("can't copy {}", file.name))?;
        rest = rest.get(to + 1..).unwrap_or_default();
    }
    Ok(())
}

/// The commit that a revision stands for.
fn revision(against: &str, schemas: &Path) -> anyhow::Result<String> {
    let commit = format!("{against}^{{commit}}");
    // What begins with a hyphen is no option.
    let args = ["rev-parse", "--verify", "--quiet", "--end-of-options", &commit];
    if let Ok(id) = git(schemas, args) {
        return Ok(String::from_utf8_lossy(&id).trim().to_owned());
    }
    let shown = schemas.display();
    let why = "is neither a folder nor a git revision that";
    Err(Usage(format!("{against} {why} {shown} belongs to")).into())
}

fn git<'a>(schemas: &Path, args: impl IntoIterator<Item = &'a str>) -> anyhow::Result<Vec<u8>> {
    let output = Command::new("git")
        .arg("-C")
        .arg(schemas)
        .args(args)
        .output()
        .context("git can't be run, which a revision is read by: name a folder instead")?;
    if !output.status.success() {
        bail!("git failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(output.stdout)
}
