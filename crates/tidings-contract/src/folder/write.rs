//! Writing the folder.

use std::path::{Path, PathBuf};
use std::{fs, io};

use super::replace::{Replacement, remove_abandoned};
use super::{LOCK, accept, content, orphans};
use crate::Catalog;

/// A folder could not be written.
#[derive(Debug, thiserror::Error)]
#[error("can't {action} `{}`: {source}", path.display())]
#[non_exhaustive]
pub struct WriteError {
    /// The operation that failed.
    pub action: &'static str,
    /// The file or folder.
    pub path: PathBuf,
    /// Cause of the failure.
    pub source: io::Error,
}

impl Catalog {
    /// Makes a folder say what the catalog does: writes the files that differ and removes the
    /// files of messages that it does not have.
    ///
    /// The folder is made if there is none. Each file is replaced as a whole, so that whoever
    /// reads at the same time sees the old one or the new one; nothing is replaced before all of it is
    /// written, the lock file comes last, and where one can't be replaced the others are put back. A
    /// process that is killed meanwhile leaves the catalog of before, the new one, or a folder that
    /// [`read_from`](Self::read_from) and [`check`](Self::check) refuse and the next write mends.
    ///
    /// Breaks that the folder's lock file accepts stay accepted.
    ///
    /// # Errors
    /// [`WriteError`], at the first file that can't be read, written or removed, and if there is a
    /// lock file that can't be understood: what it accepts would be lost.
    pub fn write_to(&self, folder: impl AsRef<Path>) -> Result<(), WriteError> {
        let folder = folder.as_ref();
        attempt("make", folder, |folder| fs::create_dir_all(folder))?;
        let lock = folder.join(LOCK);
        let accepted = attempt("keep what is accepted by", &lock, |_| {
            accept::kept(folder).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
        })?;
        let mut files = self.files(&accepted);
        let mut replacement = Replacement::default();
        let last = files.remove_entry(LOCK);
        for (name, text) in files.iter().chain(last.iter().map(|(name, text)| (name, text))) {
            let path = folder.join(name);
            if attempt("read", &path, |path| content(path, text))?.as_ref() != Some(text) {
                replacement.stage(path, text)?;
            }
        }
        replacement.commit()?;
        files.extend(last);
        for name in attempt("read", folder, |folder| orphans(folder, &files))? {
            attempt("remove", &folder.join(name), |path| fs::remove_file(path))?;
        }
        attempt("read", folder, remove_abandoned)
    }
}

pub(super) fn attempt<T>(
    action: &'static str,
    path: &Path,
    attempt: impl FnOnce(&Path) -> io::Result<T>,
) -> Result<T, WriteError> {
    attempt(path).map_err(|source| WriteError { action, path: path.to_owned(), source })
}
