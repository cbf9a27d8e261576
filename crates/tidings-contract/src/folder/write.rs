//! Writing the folder.

use std::path::{Path, PathBuf};
use std::{fs, io};

use super::{content, orphans};
use crate::Catalog;

/// A folder could not be written.
#[derive(Debug, thiserror::Error)]
#[error("can't {action} `{}`: {source}", path.display())]
#[non_exhaustive]
pub struct WriteError {
    /// The operation that failed.
    pub action: &'static str,
    /// With which file or folder.
    pub path: PathBuf,
    /// Why it failed.
    pub source: io::Error,
}

impl Catalog {
    /// Makes a folder say what the catalog does: writes the files that differ and removes the
    /// files of messages that it does not have.
    ///
    /// The folder is made if there is none. Each file is replaced as a whole, so that whoever
    /// reads at the same time sees the old one or the new one.
    ///
    /// # Errors
    /// [`WriteError`], at the first file that can't be read, written or removed.
    pub fn write_to(&self, folder: impl AsRef<Path>) -> Result<(), WriteError> {
        let folder = folder.as_ref();
        let files = self.files();
        attempt("make", folder, |folder| fs::create_dir_all(folder))?;
        for (name, text) in &files {
            let path = folder.join(name);
            if attempt("read", &path, content)?.as_ref() != Some(text) {
                replace(&path, text)?;
            }
        }
        for name in attempt("read", folder, |folder| orphans(folder, &files))? {
            attempt("remove", &folder.join(name), |path| fs::remove_file(path))?;
        }
        Ok(())
    }
}

fn replace(path: &Path, text: &str) -> Result<(), WriteError> {
    // In the same folder, because only there a rename is one step; with a name of this process's.
    let fresh = path.with_extension(format!("json.{}.new", std::process::id()));
    let written = attempt("write", &fresh, |fresh| fs::write(fresh, text))
        .and_then(|()| attempt("replace", path, |path| fs::rename(&fresh, path)));
    if written.is_err() {
        // The first error is the one to tell.
        drop(fs::remove_file(&fresh));
    }
    written
}

fn attempt<T>(
    action: &'static str,
    path: &Path,
    attempt: impl FnOnce(&Path) -> io::Result<T>,
) -> Result<T, WriteError> {
    attempt(path).map_err(|source| WriteError { action, path: path.to_owned(), source })
}
