//! Directories in which tests keep their files: each has its own, under the target directory.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::unique;

/// Cargo's target directory: `CARGO_TARGET_DIR` where that is an absolute path, else the marked
/// directory that this test's binary lies in, else `target` in the workspace.
pub(crate) fn target() -> PathBuf {
    // A relative one is relative to where cargo was started, which a test can't know.
    let named = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    if let Some(named) = named.filter(|named| named.is_absolute()) {
        return named;
    }
    let own = std::env::current_exe().unwrap_or_default();
    let marked = own.ancestors().find(|directory| directory.join("CACHEDIR.TAG").is_file());
    marked.map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../target"), Into::into)
}

/// A directory of its own that is removed with the value.
#[derive(Debug)]
pub(crate) struct Directory {
    path: PathBuf,
}

impl Directory {
    pub(crate) fn new(name: &str) -> Result<Self> {
        Self::within(&target(), &unique(name))
    }

    /// Makes a directory below another one than cargo's, with a name that no other has.
    pub(crate) fn within(base: &Path, name: &str) -> Result<Self> {
        let path = base.join("tmp").join(name);
        // A process of the same id may have left one behind.
        drop(fs::remove_dir_all(&path));
        fs::create_dir_all(&path).with_context(|| format!("can't make {}", path.display()))?;
        Ok(Self { path })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        // Left-overs under the target directory hurt nobody.
        drop(fs::remove_dir_all(&self.path));
    }
}
