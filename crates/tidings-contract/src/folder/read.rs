//! Reading a catalog back from its folder.

use std::path::{Path, PathBuf};
use std::{fs, io};

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::lock::{Entry, FORMAT, Head, Lock, StreamEntry};
use super::{LOCK, file_name, stream_file_name};
use crate::{Catalog, CatalogError, Descriptor, Fingerprint, canonical};

/// A folder holds no catalog that can be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// A file could not be read.
    #[error("can't read `{}`: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// A file is not what it should be.
    #[error("`{}` can't be understood: {source}", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// The folder was written by a later version.
    #[error("`{}` has the format {format}, and only {FORMAT} is known here", path.display())]
    Format {
        /// The lock file.
        path: PathBuf,
        /// Its format.
        format: u32,
    },
    /// A message's or a stream's file and the lock file tell different things.
    #[error("`{}` is not what `{LOCK}` says of it: write the folder again", path.display())]
    Locked {
        /// The message's or the stream's file.
        path: PathBuf,
    },
    /// The messages do not agree with each other.
    #[error("`{}`: {source}", path.display())]
    Catalog {
        /// The file of the message that can't be added.
        path: PathBuf,
        /// Why it can't.
        source: CatalogError,
    },
}

impl Catalog {
    /// The catalog that a folder holds, for tools that do not know the types.
    ///
    /// # Errors
    /// [`ReadError`], if the folder has no lock file, or what it locks is missing or changed.
    pub fn read_from(folder: impl AsRef<Path>) -> Result<Self, ReadError> {
        let folder = folder.as_ref();
        let path = folder.join(LOCK);
        let Head { format } = parse(&path)?;
        if format != FORMAT {
            return Err(ReadError::Format { path, format });
        }
        let lock: Lock = parse(&path)?;
        let mut catalog = Self::new();
        for entry in lock.messages {
            // Before its name leads anywhere, it must be one that a catalog takes.
            let named = Descriptor::event(&*entry.name, entry.version, &*entry.subject);
            Self::of([named.clone()])
                .map_err(|source| ReadError::Catalog { path: path.clone(), source })?;
            let path = folder.join(file_name(&named));
            let message = parse::<Descriptor>(&path)?.canonical();
            if Entry::of(&message) != entry {
                return Err(ReadError::Locked { path });
            }
            catalog.add(message).map_err(|source| ReadError::Catalog { path, source })?;
        }
        for StreamEntry { name, config: fingerprint } in lock.streams {
            // As above: its name must be one that a catalog takes.
            Self::new()
                .add_stream(&*name, Value::Null)
                .map_err(|source| ReadError::Catalog { path: path.clone(), source })?;
            let path = folder.join(stream_file_name(&name));
            let config = canonical::data(parse(&path)?);
            if Fingerprint::of(&canonical::text(&config)) != fingerprint {
                return Err(ReadError::Locked { path });
            }
            catalog
                .add_stream(name, config)
                .map_err(|source| ReadError::Catalog { path, source })?;
        }
        Ok(catalog)
    }
}

fn parse<T: DeserializeOwned>(path: &Path) -> Result<T, ReadError> {
    let text = fs::read_to_string(path)
        .map_err(|source| ReadError::Io { path: path.to_owned(), source })?;
    serde_json::from_str(&text).map_err(|source| ReadError::Json { path: path.to_owned(), source })
}
