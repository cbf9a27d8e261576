//! A file that is there as a whole, in place of the one before, or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// A file that is being written. Dropped before it is [finished](Self::finish), it leaves what was there.
#[derive(Debug)]
pub(crate) enum WholeFile {
    /// Beside the place where it will be.
    Fresh { fresh: NamedTempFile, path: PathBuf },
    /// No file, such as a pipe or a terminal: what is written is gone.
    Device(File),
}

impl WholeFile {
    /// Begins a file, with the permissions of the one that is there, or of a new one.
    pub(crate) fn begin(path: &Path) -> io::Result<Self> {
        let metadata = match fs::metadata(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            found => Some(found?),
        };
        let is_device = metadata.as_ref().is_some_and(|found| !found.is_file() && !found.is_dir());
        if is_device {
            return Ok(Self::Device(OpenOptions::new().write(true).open(path)?));
        }
        if metadata.as_ref().is_some_and(fs::Metadata::is_dir) {
            return Err(io::Error::new(ErrorKind::IsADirectory, "it is a folder"));
        }
        // What a link leads to is replaced, and not the link.
        let path = if metadata.is_some() { path.canonicalize()? } else { path.to_owned() };
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        // A temporary file is its owner's alone, and this one is for all who may read the one before it.
        let permissions = match &metadata {
            Some(found) => found.permissions(),
            None => of_new(folder)?,
        };
        if permissions.readonly() {
            return Err(io::Error::new(ErrorKind::PermissionDenied, "it is read-only"));
        }
        let fresh = NamedTempFile::new_in(folder)?;
        fs::set_permissions(fresh.path(), permissions)?;
        Ok(Self::Fresh { fresh, path })
    }

    /// The file to write.
    pub(crate) fn file(&self) -> &File {
        match self {
            Self::Fresh { fresh, .. } => fresh.as_file(),
            Self::Device(file) => file,
        }
    }

    /// Puts it in place, all of it at once.
    pub(crate) fn finish(self) -> io::Result<()> {
        if let Self::Fresh { fresh, path } = self {
            fresh.as_file().sync_all()?;
            fresh.persist(path).map_err(|error| error.error)?;
        }
        Ok(())
    }
}

/// The permissions that a new file in a folder has.
fn of_new(folder: &Path) -> io::Result<fs::Permissions> {
    let probe = tempfile::Builder::new().make_in(folder, |path| File::create_new(path))?;
    Ok(probe.as_file().metadata()?.permissions())
}
