//! Reading a catalog back from its folder.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::{fs, io};

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::index::Index;
use super::lock::{Entry, FORMAT, Head, Lock, ServiceEntry, StreamEntry};
use super::parse;
use super::reference::{self, ReferenceError};
use super::{INDEX, LOCK, file, file_name, lock as locked, stream_file_name, stream_name};
use crate::{
    Catalog, CatalogError, Descriptor, Fingerprint, canonical, catalog, parallel, service,
};

/// Largest size of the files of a folder together, in bytes.
const MOST_BYTES: u64 = 256 << 20;
/// Largest number of streams that a folder may declare.
const MAX_STREAMS: usize = 10_000;

/// A folder holds no catalog that can be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// A file could not be read.
    #[error("can't read `{}`: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Cause of the failure.
        source: io::Error,
    },
    /// A file is not what it should be.
    #[error(
        "`{}` can't be understood{}: {source}",
        path.display(),
        if pointer.is_empty() { String::new() } else { format!(" at `{pointer}`") }
    )]
    Json {
        /// The file.
        path: PathBuf,
        /// JSON pointer to the value that is no such value, as far as it is known: empty for the whole file.
        pointer: String,
        /// Error of parsing.
        source: serde_json::Error,
    },
    /// The folder was written by a later version.
    #[error(
        "`{}` has the format {format}, and none beyond {FORMAT} is known here: use a later version of \
         Tidings",
        path.display()
    )]
    Format {
        /// The lock file.
        path: PathBuf,
        /// Format of the lock file.
        format: u32,
    },
    /// A message's or a stream's file and the lock file tell different things.
    #[error("`{}` is not what `{LOCK}` says of it: write the folder again", path.display())]
    Locked {
        /// The message's or the stream's file.
        path: PathBuf,
    },
    /// A schema has a reference that can't be followed.
    #[error("`{}` has the reference `{reference}` at `{pointer}`: {source}", path.display())]
    Reference {
        /// The message's file.
        path: PathBuf,
        /// JSON pointer to the schema with the reference.
        pointer: String,
        /// The reference.
        reference: String,
        /// Fault of the reference.
        source: ReferenceError,
    },
    /// A service is not described as one.
    #[error("`{}` does not have {expected} at `{pointer}`", path.display())]
    Service {
        /// The file.
        path: PathBuf,
        /// JSON pointer to the value, or to where there is none.
        pointer: String,
        /// Text that says what is expected there, such as `a version from 1`.
        expected: &'static str,
    },
    /// The messages or services do not agree with each other.
    #[error("`{}`: {source}", path.display())]
    Catalog {
        /// The file of what can't be added.
        path: PathBuf,
        /// Reason that it can't.
        source: CatalogError,
    },
}

impl Catalog {
    /// The catalog that a folder holds, for tools that do not know the types.
    ///
    /// The folder may be anybody's. Only plain files of at most 4 MiB are read (16 MiB of `catalog.json`), and
    /// at most 256 MiB of them; what is nested too deeply, or has references that lead out of their file, nowhere, round in circles or
    /// to too many schemas, is refused. Nothing is written.
    ///
    /// # Errors
    /// [`ReadError`], if the folder has no lock file, or what it locks is missing or changed.
    pub fn read_from(folder: impl AsRef<Path>) -> Result<Self, ReadError> {
        let folder = folder.as_ref();
        let path = folder.join(LOCK);
        let lock = lock(&path)?;
        let left = AtomicU64::new(MOST_BYTES);
        let messages = parallel::try_map(&lock.messages, |entry| {
            // Before its name leads anywhere, it must be one that a catalog takes.
            let named = Descriptor::event(&*entry.name, entry.version, &*entry.subject);
            catalog::check_itself(&named)
                .map_err(|source| ReadError::Catalog { path: path.clone(), source })?;
            message(entry, folder.join(file_name(&named)), &left)
        })?;
        let mut catalog = Self::new();
        for (message, path) in messages {
            catalog.add(message).map_err(|source| ReadError::Catalog { path, source })?;
        }
        for StreamEntry { name, config: fingerprint } in lock.streams {
            // As above: its name must be one that a catalog takes.
            Self::new()
                .add_stream(&*name, Value::Null)
                .map_err(|source| ReadError::Catalog { path: path.clone(), source })?;
            let path = folder.join(stream_file_name(&name));
            let config = canonical::data(parse_within(&path, file::MAX_SIZE, &left)?);
            // With its description, as an earlier version took it, or without.
            let known = [locked::of_stream(&config), Fingerprint::of(&canonical::text(&config))];
            if !known.contains(&fingerprint) {
                return Err(ReadError::Locked { path });
            }
            catalog
                .add_stream(name, config)
                .map_err(|source| ReadError::Catalog { path, source })?;
        }
        if !lock.services.is_empty() {
            services(&folder.join(INDEX), &lock.services, &left, &mut catalog)?;
        }
        Ok(catalog)
    }
}

/// Reads the file of a message, which is to be what the lock file says of it.
fn message(
    entry: &Entry,
    path: PathBuf,
    left: &AtomicU64,
) -> Result<(Descriptor, PathBuf), ReadError> {
    let message = parse_within::<Descriptor>(&path, file::MAX_SIZE, left)?;
    references(&message, &path)?;
    let message = message.canonical();
    if !entry.is_of(&message) && !entry.is_of_file(&message, parse_file(&path)?) {
        return Err(ReadError::Locked { path });
    }
    Ok((message, path))
}

/// Adds the services that `catalog.json` has and the lock file names.
fn services(
    path: &Path,
    locked: &[ServiceEntry],
    left: &AtomicU64,
    catalog: &mut Catalog,
) -> Result<(), ReadError> {
    let index: Index = parse_within(path, file::MAX_INDEX_SIZE, left)?;
    let services = service::read(&index.services, "/services").map_err(|unexpected| {
        let service::Unexpected { pointer, expected } = unexpected;
        ReadError::Service { path: path.to_owned(), pointer, expected }
    })?;
    for service in services {
        catalog
            .add_service(service)
            .map_err(|source| ReadError::Catalog { path: path.to_owned(), source })?;
    }
    if !catalog.services().map(ServiceEntry::of).eq(locked.iter().cloned()) {
        return Err(ReadError::Locked { path: path.to_owned() });
    }
    Ok(())
}

/// Reads a lock file of this format or of one before it.
pub(super) fn lock(path: &Path) -> Result<Lock, ReadError> {
    let text = text(path, file::MAX_SIZE)?;
    let (format, lock) = match parse_text::<Lock>(&text, path) {
        Ok(lock) => (lock.format, Ok(lock)),
        // A later format may look otherwise.
        Err(error) => (parse_text::<Head>(&text, path)?.format, Err(error)),
    };
    if !(1..=FORMAT).contains(&format) {
        return Err(ReadError::Format { path: path.to_owned(), format });
    }
    lock
}

/// A stream's file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StreamFile {
    /// Path of the file.
    pub path: PathBuf,
    /// The stream's name, as the file is called.
    pub name: String,
    /// Content of the file.
    pub json: String,
}

/// The streams that a folder declares, by name, whatever its lock file says: for tools that compare
/// them with a server.
///
/// Only plain files of at most 4 MiB are read, and at most 10,000 of them.
///
/// # Errors
/// [`ReadError::Io`] if the folder or one of these files can't be read, or is no plain file.
pub fn stream_files(folder: impl AsRef<Path>) -> Result<Vec<StreamFile>, ReadError> {
    let folder = folder.as_ref();
    let io = |path: &Path, source| ReadError::Io { path: path.to_owned(), source };
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(|source| io(folder, source))? {
        let path = entry.map_err(|source| io(folder, source))?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()).and_then(stream_name)
        else {
            continue;
        };
        if files.len() == MAX_STREAMS {
            let text = format!("it holds more than {MAX_STREAMS} streams");
            return Err(io(folder, io::Error::new(io::ErrorKind::InvalidInput, text)));
        }
        let (name, json) = (
            name.to_owned(),
            file::read(&path, file::MAX_SIZE).map_err(|source| io(&path, source))?,
        );
        files.push(StreamFile { path, name, json });
    }
    files.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(files)
}

fn references(message: &Descriptor, path: &Path) -> Result<(), ReadError> {
    for (part, contract) in message.contracts() {
        for (side, schema) in contract.schemas() {
            reference::check(schema).map_err(|refused| ReadError::Reference {
                path: path.to_owned(),
                pointer: format!("/{part}/{side}{}", refused.pointer),
                reference: refused.reference,
                source: refused.source,
            })?;
        }
    }
    Ok(())
}

fn parse_file<T: DeserializeOwned>(path: &Path) -> Result<T, ReadError> {
    parse_text(&text(path, file::MAX_SIZE)?, path)
}

/// Reads a file of at most so many bytes, of a folder of which so many may still be read.
fn parse_within<T: DeserializeOwned>(
    path: &Path,
    most: u64,
    left: &AtomicU64,
) -> Result<T, ReadError> {
    let text = text(path, most)?;
    let take = |left: u64| left.checked_sub(text.len() as u64);
    left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).map_err(|_| {
        let why = format!("with it the folder has more than {MOST_BYTES} bytes");
        let source = io::Error::new(io::ErrorKind::InvalidInput, why);
        ReadError::Io { path: path.to_owned(), source }
    })?;
    parse_text(&text, path)
}

fn text(path: &Path, most: u64) -> Result<String, ReadError> {
    file::read(path, most).map_err(|source| ReadError::Io { path: path.to_owned(), source })
}

fn parse_text<T: DeserializeOwned>(text: &str, path: &Path) -> Result<T, ReadError> {
    parse::parse(text).map_err(|fault| ReadError::Json {
        path: path.to_owned(),
        pointer: fault.pointer,
        source: fault.source,
    })
}
