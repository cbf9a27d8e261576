//! Acceptances in the lock file: kept there by hand or by a program, whatever the types say.

use std::io;
use std::path::Path;

use super::replace::Replacement;
use super::{LOCK, ReadError, WriteError, lock, read};
use crate::{Acceptance, Catalog};

/// An acceptance could not be kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AcceptError {
    /// The folder holds no catalog that can be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The lock file could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// The breaks that are accepted by a folder's lock file, each with its reason.
///
/// # Errors
/// [`ReadError`], if the folder has no lock file, or one that can't be understood.
pub fn acceptances(folder: impl AsRef<Path>) -> Result<Vec<Acceptance>, ReadError> {
    Ok(read::lock(&folder.as_ref().join(LOCK))?.accepted)
}

/// Adds acceptances to a folder's lock file. One of a change that is accepted already takes the place
/// of the one that is there.
///
/// # Errors
/// [`AcceptError`], if the folder's catalog can't be read, or its lock file can't be written.
pub fn accept(
    folder: impl AsRef<Path>,
    added: impl IntoIterator<Item = Acceptance>,
) -> Result<(), AcceptError> {
    let folder = folder.as_ref();
    let catalog = Catalog::read_from(folder)?;
    let mut accepted = acceptances(folder)?;
    for acceptance in added {
        let reason = acceptance.reason.clone();
        let is_same = |one: &Acceptance| {
            *one == Acceptance { reason: one.reason.clone(), ..acceptance.clone() }
        };
        match accepted.iter_mut().find(|one| is_same(one)) {
            Some(present) => present.reason = reason,
            None => accepted.push(acceptance),
        }
    }
    let mut replacement = Replacement::default();
    replacement.stage(folder.join(LOCK), &lock::text(&catalog, &accepted))?;
    Ok(replacement.commit()?)
}

/// Changes that the lock file of a folder accepts; none if there is no such file.
pub(super) fn kept(folder: &Path) -> Result<Vec<Acceptance>, ReadError> {
    match acceptances(folder) {
        Err(ReadError::Io { source, .. }) if is_absent(&source) => Ok(Vec::new()),
        kept => kept,
    }
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound)
}
