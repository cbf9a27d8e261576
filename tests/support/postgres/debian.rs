//! PostgreSQL from Debian's packages, unpacked once and installed nowhere.

use std::fs::{self, File, create_dir_all, read_dir, rename};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use super::owner;

/// The package that needs the newest version of the distribution.
const PACKAGE: &str = "postgresql";

/// The directory of the unpacked programs; fetches them if they are not there yet.
///
/// Safe to call from several processes at once: one unpacks while the others wait for its lock, and what
/// is in place is always whole, because it is renamed there.
pub(super) fn unpacked() -> Result<PathBuf> {
    let shelf = owner::reachable()?.join("postgres");
    let home = shelf.join("debian");
    if let Some(directory) = programs(&home) {
        return Ok(directory);
    }
    create_dir_all(&shelf).with_context(|| format!("can't make {}", shelf.display()))?;
    let lock = File::create(shelf.join("debian.lock")).context("can't make the lock")?;
    lock.lock().context("can't take the lock")?;
    if let Some(directory) = programs(&home) {
        return Ok(directory);
    }
    let fresh = shelf.join("unpacking");
    drop(fs::remove_dir_all(&fresh));
    fetch(&fresh)?;
    drop(fs::remove_dir_all(&home));
    rename(fresh.join("root"), &home).context("can't move what was unpacked into place")?;
    drop(fs::remove_dir_all(&fresh));
    programs(&home).with_context(|| format!("{PACKAGE} holds no programs: {}", home.display()))
}

/// Directory of the libraries of what was unpacked, for programs of a directory that was.
pub(super) fn libraries(directory: &Path) -> Option<PathBuf> {
    let root = directory.ancestors().nth(5).filter(|root| root.ends_with("postgres/debian"))?;
    let architectures = read_dir(root.join("usr/lib")).ok()?.flatten();
    architectures.map(|entry| entry.path()).find(|path| path.join("libpq.so.5").exists())
}

fn programs(home: &Path) -> Option<PathBuf> {
    let versions = read_dir(home.join("usr/lib/postgresql")).ok()?.flatten();
    versions.map(|version| version.path().join("bin")).find(|bin| bin.join("postgres").is_file())
}

/// Has apt fetch the package with all that it needs and the machine lacks, with lists and a cache of its own, which
/// needs no rights.
fn fetch(directory: &Path) -> Result<()> {
    let (lists, cache) = (directory.join("lists"), directory.join("cache"));
    for needed in [lists.join("partial"), cache.join("archives/partial"), directory.join("root")] {
        create_dir_all(&needed).with_context(|| format!("can't make {}", needed.display()))?;
    }
    let apt = |arguments: &[&str]| {
        let mut apt = Command::new("apt-get");
        apt.args(["-qq", "-y", "-o", "Debug::NoLocking=1", "-o", "APT::Sandbox::User="]);
        apt.arg("-o").arg(format!("Dir::State::lists={}", lists.display()));
        apt.arg("-o").arg(format!("Dir::Cache={}", cache.display())).args(arguments);
        run(&mut apt)
    };
    apt(&["update"])?;
    apt(&["install", "--download-only", "--no-install-recommends", PACKAGE])?;
    let packages = read_dir(cache.join("archives")).context("can't read what was fetched")?;
    for package in packages.flatten().map(|entry| entry.path()) {
        if package.extension().is_some_and(|extension| extension == "deb") {
            let mut unpack = Command::new("dpkg-deb");
            run(unpack.arg("--extract").arg(&package).arg(directory.join("root")))?;
        }
    }
    Ok(())
}

fn run(command: &mut Command) -> Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.env("DEBIAN_FRONTEND", "noninteractive").stdin(Stdio::null()).output();
    let output = output.with_context(|| format!("can't run {program}"))?;
    if !output.status.success() {
        bail!("{program} fails: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}
