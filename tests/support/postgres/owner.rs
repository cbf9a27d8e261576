//! The user as whom PostgreSQL runs: it refuses to be run by root, as containers do with all.

use std::env::temp_dir;
use std::fs::{create_dir_all, metadata, read_to_string};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::directory::target;

/// Users that root hands over to, the first that there is.
const USERS: [&str; 2] = ["postgres", "nobody"];

/// A user of the system other than root.
#[derive(Debug, Clone, Copy)]
pub(super) struct Owner {
    user: u32,
    group: u32,
}

impl Owner {
    /// The user to whom root hands over; `None` for anybody else, who is the owner already.
    pub(super) fn of_server() -> Result<Option<Self>> {
        // A process's own directory is the process's.
        let own = metadata("/proc/self").or_else(|_| metadata(target())).context("who is this?")?;
        if own.uid() != 0 {
            return Ok(None);
        }
        // initdb looks its user up, so that one needs an entry.
        let entries = read_to_string("/etc/passwd").context("can't read /etc/passwd")?;
        match USERS.iter().find_map(|user| Self::parse(&entries, user)) {
            Some(owner) => Ok(Some(owner)),
            None => bail!(
                "PostgreSQL does not run as root, and there is no user {}",
                USERS.join(" or ")
            ),
        }
    }

    fn parse(entries: &str, name: &str) -> Option<Self> {
        let entry = entries.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut fields = entry.split(':').skip(2);
        let mut number = || fields.next()?.parse().ok();
        Some(Self { user: number()?, group: number()? })
    }
}

/// Makes a directory the server's.
pub(super) fn hand_over(directory: &Path) -> Result<()> {
    if let Some(owner) = Owner::of_server()? {
        chown(directory, Some(owner.user), Some(owner.group))
            .with_context(|| format!("can't give {} away", directory.display()))?;
    }
    Ok(())
}

/// Has a command run as the server's user, where this is root.
pub(super) fn run_as(command: &mut Command) -> Result<&mut Command> {
    if let Some(owner) = Owner::of_server()? {
        command.uid(owner.user).gid(owner.group);
    }
    Ok(command)
}

/// A directory that the server's user can get to: the target directory, else one beside the system's
/// temporary files, as where the target directory is within root's home.
pub(super) fn reachable() -> Result<PathBuf> {
    let target = target();
    let is_open = |directory: &Path| {
        metadata(directory).is_ok_and(|about| about.permissions().mode() & 0o001 != 0)
    };
    let absolute = target.canonicalize().unwrap_or_else(|_| target.clone());
    if Owner::of_server()?.is_none() || absolute.ancestors().all(is_open) {
        return Ok(target);
    }
    let other = temp_dir().join("tidings-tests");
    create_dir_all(&other).with_context(|| format!("can't make {}", other.display()))?;
    if metadata(&other).is_ok_and(|about| about.uid() != 0) {
        bail!("{} is not root's", other.display());
    }
    Ok(other)
}

#[cfg(test)]
mod tests {
    use super::Owner;

    #[test]
    fn the_users_numbers_are_read() {
        let entries = "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65533:nobody:/:/bin/false\n";
        let nobody = Owner::parse(entries, "nobody").unwrap();
        assert_eq!((nobody.user, nobody.group), (65534, 65533));
        assert!(Owner::parse(entries, "postgres").is_none());
    }
}
