//! Comparing the folder with the catalog.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{ASYNCAPI, INDEX, LOCK, UPDATE_SCHEMAS, accept, content, orphans, stream_name};
use crate::{Catalog, difference, edit};

/// A folder does not say what the catalog does, or could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckError {
    /// The folder says something else.
    #[error(transparent)]
    Drift(#[from] Drift),
    /// The folder could not be read.
    #[error("can't read `{}`: {source}", path.display())]
    Read {
        /// The file or the folder.
        path: PathBuf,
        /// Cause of the failure.
        source: io::Error,
    },
}

/// Drift of a folder from the catalog.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub struct Drift {
    /// The folder.
    pub folder: PathBuf,
    /// Files that differ, ordered by name.
    pub files: Vec<FileDrift>,
}

/// Drift of a file from what the catalog says.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FileDrift {
    /// The file's name in the folder.
    pub name: String,
    /// Kind of the drift.
    pub kind: DriftKind,
}

/// Kind of a file's drift.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DriftKind {
    /// The catalog has the message or the stream, the folder has no file of it.
    Missing,
    /// The file says something else.
    Stale {
        /// The lines that differ: `-` of the file, `+` of the catalog.
        difference: String,
        /// JSON pointers to what differs in a message's or a stream's file; into the catalog's, or into the
        /// folder's where nothing is left.
        pointers: Vec<String>,
    },
    /// The folder has a file of a message or a stream that the catalog does not have.
    Orphaned,
}

impl Catalog {
    /// Checks that a folder says what the catalog does, and nothing else.
    ///
    /// # Errors
    /// [`CheckError`], with every file that is missing, stale or orphaned.
    pub fn check(&self, folder: impl AsRef<Path>) -> Result<(), CheckError> {
        let folder = folder.as_ref();
        // A lock file that can't be understood differs anyway.
        let files = self.files(&accept::kept(folder).unwrap_or_default());
        let mut drifts = Vec::new();
        for (name, text) in &files {
            let path = folder.join(name);
            let kind = match content(&path, text) {
                Ok(Some(present)) if present == *text => continue,
                Ok(Some(present)) => DriftKind::Stale {
                    difference: difference::excerpt(&present, text),
                    pointers: pointers(name, &present, text),
                },
                Ok(None) => DriftKind::Missing,
                Err(source) => return Err(CheckError::Read { path, source }),
            };
            drifts.push(FileDrift { name: name.clone(), kind });
        }
        let orphans = orphans(folder, &files)
            .map_err(|source| CheckError::Read { path: folder.to_owned(), source })?;
        drifts
            .extend(orphans.into_iter().map(|name| FileDrift { name, kind: DriftKind::Orphaned }));
        drifts.sort_by(|one, other| one.name.cmp(&other.name));
        if drifts.is_empty() {
            return Ok(());
        }
        Err(Drift { folder: folder.to_owned(), files: drifts }.into())
    }
}

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "`{}` does not say what the messages say:\n", self.folder.display())?;
        for FileDrift { name, kind } in &self.files {
            match kind {
                DriftKind::Missing => writeln!(f, "missing: {name}")?,
                DriftKind::Orphaned => {
                    writeln!(f, "orphaned: {name} (there is no such {})", what(name))?;
                }
                DriftKind::Stale { difference, pointers } => {
                    writeln!(f, "stale: {name} (- the file, + the {})", what(name))?;
                    for pointer in pointers.iter().take(MOST_POINTERS) {
                        writeln!(f, "    at {pointer}")?;
                    }
                    if let Some(more @ 1..) = pointers.len().checked_sub(MOST_POINTERS) {
                        writeln!(f, "    at {more} places more")?;
                    }
                    for line in difference.lines() {
                        writeln!(f, "    {line}")?;
                    }
                }
            }
        }
        write!(
            f,
            "\nIf the change is meant, run the test with `{UPDATE_SCHEMAS}=1` and commit what it \
             writes."
        )
    }
}

/// Largest number of places in a file that are told.
const MOST_POINTERS: usize = 8;

/// The places in which two contents of a message's or a stream's file differ.
fn pointers(name: &str, present: &str, text: &str) -> Vec<String> {
    let parse = |text: &str| serde_json::from_str::<Value>(text).ok();
    let is_all = [ASYNCAPI, INDEX, LOCK].contains(&name);
    let both = (!is_all).then(|| parse(present).zip(parse(text))).flatten();
    both.map(|(present, now)| edit::pointers(&present, &now)).unwrap_or_default()
}

fn what(file: &str) -> &'static str {
    if stream_name(file).is_some() { "stream" } else { "message" }
}
