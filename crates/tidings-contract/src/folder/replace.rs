//! Replacing several files, all of them or none.
//!
//! A file system replaces one file at a time. So everything that can fail for want of room or of
//! permission is done before the first file is replaced, and what was replaced is put back where a
//! later one fails. A process that is killed between two files leaves a folder whose lock file, which
//! is replaced last, does not say what the files do: nobody reads it as a catalog, and the next write
//! mends it.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{fs, io};

use super::WriteError;
use super::write::attempt;

/// Time that a staged file may be left by a process that was killed, before another one removes it.
const ABANDONED: Duration = Duration::from_secs(60);

/// Files that are written and do not stand in their places yet.
#[derive(Debug, Default)]
pub(super) struct Replacement {
    staged: Vec<Staged>,
}

#[derive(Debug)]
struct Staged {
    path: PathBuf,
    fresh: PathBuf,
}

impl Replacement {
    /// Writes a file beside the one that it will replace.
    pub(super) fn stage(&mut self, path: PathBuf, text: &str) -> Result<(), WriteError> {
        // In the same folder, because only there a rename is one step; with a name of this process's.
        let fresh = path.with_extension(format!("json.{}.new", std::process::id()));
        self.staged.push(Staged { path, fresh: fresh.clone() });
        attempt("write", &fresh, |fresh| fs::write(fresh, text))
    }

    /// Puts every file into its place, in the order in which they were staged.
    pub(super) fn commit(mut self) -> Result<(), WriteError> {
        let mut replaced = Vec::new();
        for Staged { path, fresh } in &self.staged {
            let previous = attempt("read", path, previous);
            let moved = previous.and_then(|previous| {
                attempt("replace", path, |path| fs::rename(fresh, path)).map(|()| previous)
            });
            match moved {
                Ok(previous) => replaced.push((path, fresh, previous)),
                Err(error) => {
                    for (path, fresh, previous) in replaced.into_iter().rev() {
                        // The first error is the one to tell.
                        drop(put_back(path, fresh, previous));
                    }
                    return Err(error);
                }
            }
        }
        self.staged.clear();
        Ok(())
    }
}

impl Drop for Replacement {
    fn drop(&mut self) {
        for Staged { fresh, .. } in &self.staged {
            drop(fs::remove_file(fresh));
        }
    }
}

fn previous(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        read => read.map(Some),
    }
}

fn put_back(path: &Path, fresh: &Path, previous: Option<Vec<u8>>) -> io::Result<()> {
    match previous {
        Some(bytes) => {
            fs::write(fresh, bytes)?;
            fs::rename(fresh, path)
        }
        None => fs::remove_file(path),
    }
}

/// Removes what processes staged here that were killed.
pub(super) fn remove_abandoned(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let is_old = || {
            let modified = fs::symlink_metadata(&path).and_then(|found| found.modified());
            modified.is_ok_and(|at| at.elapsed().is_ok_and(|age| age > ABANDONED))
        };
        if path.file_name().and_then(OsStr::to_str).is_some_and(is_staged) && is_old() {
            // Somebody else may have been quicker.
            drop(fs::remove_file(&path));
        }
    }
    Ok(())
}

/// Returns `true` for the name of a staged file, such as `orders.created.v1.json.4711.new`.
fn is_staged(name: &str) -> bool {
    let process = name.strip_suffix(".new").and_then(|name| name.rsplit_once(".json."));
    process.is_some_and(|(_, id)| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit()))
}
