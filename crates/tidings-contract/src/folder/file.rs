//! Reading files of a folder that may come from elsewhere.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;

/// The largest file that is read: far more than any schema or stream needs.
pub(super) const MAX_SIZE: u64 = 4 << 20;
/// The largest `catalog.json` that is read, which has something of every message.
pub(super) const MAX_INDEX_SIZE: u64 = 16 << 20;

/// The text of a plain file of at most so many bytes.
///
/// A folder that somebody else made may hold links that lead out of it, pipes that never end and
/// devices: none of them is opened.
pub(super) fn read(path: &Path, most: u64) -> io::Result<String> {
    // A link is not followed, and a pipe is not opened, which would wait for its writer.
    let found = fs::symlink_metadata(path)?;
    let invalid = |what: &str| io::Error::new(io::ErrorKind::InvalidInput, what.to_owned());
    if !found.is_file() {
        return Err(invalid("it is no plain file: links, pipes and devices are not read"));
    }
    let file = File::open(path)?;
    if !file.metadata()?.is_file() {
        return Err(invalid("it is no plain file any more"));
    }
    let mut text = String::with_capacity(usize::try_from(found.len().min(most)).unwrap_or(0) + 1);
    // One byte more shows that there is more, however large the file says that it is.
    file.take(most.saturating_add(1)).read_to_string(&mut text)?;
    if text.len() as u64 > most {
        return Err(invalid(&format!("it is larger than {} MiB", most >> 20)));
    }
    Ok(text)
}
