//! Bytes of an object that is to be stored: a file or the standard input, up to the end or until somebody ends the
//! program.

use std::io;
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll};

use anyhow::Context as _;
use tokio::fs::File;
use tokio::io::{AsyncRead, ReadBuf};

use crate::interrupt;

/// Bytes that are to be stored.
pub(super) struct Source {
    reader: Pin<Box<dyn AsyncRead + Send>>,
    interrupted: Pin<Box<dyn Future<Output = ()> + Send>>,
    /// Number of bytes, where that is known before.
    len: Option<u64>,
}

impl Source {
    /// Opens a file; `-` is the standard input.
    pub(super) async fn open(path: &Path) -> anyhow::Result<Self> {
        let interrupted = Box::pin(interrupt::interrupted()?);
        if path == Path::new("-") {
            return Ok(Self { reader: Box::pin(tokio::io::stdin()), interrupted, len: None });
        }
        let unread = || format!("can't read {}", path.display());
        let file = File::open(path).await.with_context(unread)?;
        let metadata = file.metadata().await.with_context(unread)?;
        let len = metadata.is_file().then_some(metadata.len());
        Ok(Self { reader: Box::pin(file), interrupted, len })
    }

    pub(super) fn len(&self) -> Option<u64> {
        self.len
    }
}

/// An interrupted source fails, so that nothing is left of the put.
impl AsyncRead for Source {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.interrupted.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Err(io::Error::other("it was interrupted")));
        }
        self.reader.as_mut().poll_read(cx, buffer)
    }
}
