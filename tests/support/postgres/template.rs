//! An empty database, made once and copied for each server: that is quick, and making one is not.

use std::fs::{self, File, create_dir_all, rename};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use super::{binary, owner};

/// Makes the data of a new server.
pub(super) fn copy_to(data: &Path) -> Result<()> {
    let template = template()?;
    // With owners and modes, of which PostgreSQL is particular.
    let copied = Command::new("cp").arg("-a").arg(&template).arg(data).output();
    let copied = copied.context("can't run cp")?;
    if !copied.status.success() {
        bail!("can't copy the data: {}", String::from_utf8_lossy(&copied.stderr).trim());
    }
    Ok(())
}

fn template() -> Result<PathBuf> {
    let programs = binary::directory()?;
    let shelf = owner::reachable()?.join("postgres");
    // Data of one version are read by no other.
    let version: String = programs.display().to_string().replace(['/', '\\'], "-");
    let home = shelf.join(format!("data{version}"));
    if home.is_dir() {
        return Ok(home);
    }
    create_dir_all(&shelf).with_context(|| format!("can't make {}", shelf.display()))?;
    let lock = File::create(shelf.join("data.lock")).context("can't make the lock")?;
    lock.lock().context("can't take the lock")?;
    if home.is_dir() {
        return Ok(home);
    }
    let fresh = shelf.join("initializing");
    drop(fs::remove_dir_all(&fresh));
    create_dir_all(&fresh).with_context(|| format!("can't make {}", fresh.display()))?;
    owner::hand_over(&fresh)?;
    initialize(programs, &fresh)?;
    rename(&fresh, &home).context("can't move the data into place")?;
    Ok(home)
}

fn initialize(programs: &Path, data: &Path) -> Result<()> {
    let mut initdb = Command::new(programs.join("initdb"));
    initdb
        .args(["--username", "postgres", "--auth", "trust", "--encoding", "UTF8"])
        .args(["--locale", "C", "--wal-segsize", "4", "--no-sync", "--pgdata"])
        .arg(data)
        .envs(binary::libraries())
        .current_dir(data)
        .stdin(Stdio::null());
    let output = owner::run_as(&mut initdb)?.output().context("can't run initdb")?;
    if !output.status.success() {
        bail!("initdb fails: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}
