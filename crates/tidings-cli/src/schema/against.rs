//! The contracts of before: a folder's, or those of a git revision.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, bail};
use tidings_contract::Catalog;

use crate::exit::Usage;

/// How many files a folder of schemas may have in a revision.
const MOST_FILES: usize = 100_000;

/// Reads the catalog of a folder, or the one that `schemas` held in a git revision.
pub(super) fn read(against: &str, schemas: &Path) -> anyhow::Result<Catalog> {
    if Path::new(against).is_dir() {
        return Ok(Catalog::read_from(against)?);
    }
    let revision = revision(against, schemas)?;
    let list = git(schemas, ["ls-tree", "-z", "--name-only", &revision])?;
    let names: Vec<&str> = std::str::from_utf8(&list)
        .context("git names a file that is no text")?
        .split('\0')
        .filter(|name| is_json(name))
        .collect();
    let shown = schemas.display();
    if names.is_empty() {
        bail!("{shown} holds no schemas in {against}");
    }
    if names.len() > MOST_FILES {
        bail!("{shown} holds more than {MOST_FILES} files in {against}");
    }
    let folder = tempfile::tempdir().context("no folder for the schemas of before")?;
    for name in names {
        let text = git(schemas, ["show", &format!("{revision}:./{name}")])?;
        fs::write(folder.path().join(name), text).with_context(|| format!("can't copy {name}"))?;
    }
    Catalog::read_from(folder.path())
        .with_context(|| format!("the schemas of {against} can't be read"))
}

/// A file of the folder itself, whose name leads nowhere else.
fn is_json(name: &str) -> bool {
    Path::new(name).extension() == Some(OsStr::new("json")) && !name.contains(['/', '\\'])
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
