//! Choice of the PostgreSQL that the tests run.

use std::env::{split_paths, var_os};
use std::fs::read_dir;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use anyhow::{Context, Result, anyhow, bail};

use super::debian;

/// The oldest server that knows the snapshots that relays go by.
const OLDEST: u32 = 13;
/// Programs that have to be there.
const PROGRAMS: [&str; 3] = ["postgres", "initdb", "psql"];
/// Directory in which Debian puts each version, apart from `PATH`.
const DEBIANS: &str = "/usr/lib/postgresql";

/// The directory of the programs: the one that `POSTGRES_BIN` names, else the one on `PATH`, else the newest of
/// Debian's, else one that is unpacked from Debian's packages under the target directory.
pub(super) fn directory() -> Result<&'static Path> {
    static DIRECTORY: OnceLock<Result<PathBuf>> = OnceLock::new();
    DIRECTORY.get_or_init(find).as_deref().map_err(|error| {
        anyhow!(
            "no PostgreSQL: {error:#}\n\n\
             There are three ways to one:\n  \
             - set POSTGRES_BIN to the directory of a PostgreSQL {OLDEST} or newer ({}),\n  \
             - install one: apt-get install postgresql, or put its directory on PATH,\n  \
             - have apt-get and dpkg-deb, so that the tests unpack one once.\n",
            PROGRAMS.join(", "),
        )
    })
}

/// Variables that the programs need to find their libraries.
pub(super) fn libraries() -> Option<(&'static str, PathBuf)> {
    debian::libraries(directory().ok()?).map(|path| ("LD_LIBRARY_PATH", path))
}

fn find() -> Result<PathBuf> {
    if let Some(named) = var_os("POSTGRES_BIN").filter(|named| !named.is_empty()) {
        let named = PathBuf::from(named);
        let major = version_of(&named).context("what POSTGRES_BIN names")?;
        if major < OLDEST {
            bail!("POSTGRES_BIN names {}, which is only {major}", named.display());
        }
        return Ok(named);
    }
    let is_useful = |directory: &PathBuf| version_of(directory).is_ok_and(|major| major >= OLDEST);
    let path = var_os("PATH").unwrap_or_default();
    // A link into the installation's own directory, which has the other programs too.
    let real = |directory: PathBuf| {
        let server = directory.join("postgres").canonicalize().ok()?;
        server.parent().map(Path::to_owned)
    };
    if let Some(found) = split_paths(&path).filter_map(real).find(is_useful) {
        return Ok(found);
    }
    let versions = read_dir(DEBIANS).into_iter().flatten().flatten();
    let found = versions.map(|version| version.path().join("bin")).filter(is_useful);
    if let Some(newest) = found.max_by_key(|directory| version_of(directory).unwrap_or_default()) {
        return Ok(newest);
    }
    debian::unpacked()
}

/// Major version, from what `--version` prints: `postgres (PostgreSQL) 15.13 (Debian 15.13-0+deb12u1)`.
fn version_of(directory: &Path) -> Result<u32> {
    let missing = PROGRAMS.iter().find(|program| !directory.join(program).is_file());
    if let Some(program) = missing {
        bail!("{} has no {program}", directory.display());
    }
    let program = directory.join("postgres");
    let output = Command::new(&program)
        .arg("--version")
        .envs(debian::libraries(directory).map(|path| ("LD_LIBRARY_PATH", path)))
        .output()
        .with_context(|| format!("can't run {}", program.display()))?;
    let text = String::from_utf8_lossy(&output.stdout);
    parse_version(&text)
        .with_context(|| format!("{} --version says {:?}", program.display(), text.trim()))
}

fn parse_version(text: &str) -> Option<u32> {
    let (_, version) = text.split_once(") ")?;
    let digits = version.split(|sign: char| !sign.is_ascii_digit()).next()?;
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::parse_version;

    #[test]
    fn the_version_is_read_from_what_postgres_prints() {
        let debian = "postgres (PostgreSQL) 15.13 (Debian 15.13-0+deb12u1)\n";
        assert_eq!(parse_version(debian), Some(15));
        assert_eq!(parse_version("postgres (PostgreSQL) 18beta1"), Some(18));
        assert_eq!(parse_version("something else"), None);
    }
}
