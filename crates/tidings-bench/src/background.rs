//! Work on a thread of its own, which no side is measured by.

use std::thread::{self, JoinHandle};

use anyhow::{Context as _, Result, bail};

/// A thread that floods the server, or takes what it has. Its name is one that nobody counts.
#[derive(Debug)]
pub(crate) struct BackgroundThread {
    thread: JoinHandle<Result<()>>,
}

impl BackgroundThread {
    pub(crate) fn start(work: impl FnOnce() -> Result<()> + Send + 'static) -> Result<Self> {
        let thread = thread::Builder::new().name("flood".to_owned()).spawn(work)?;
        Ok(Self { thread })
    }

    /// Waits until it is done.
    pub(crate) async fn done(self) -> Result<()> {
        match tokio::task::spawn_blocking(|| self.thread.join()).await? {
            Ok(done) => done.context("what is done beside the measured work"),
            Err(_) => bail!("the thread beside the measured work has panicked"),
        }
    }
}
