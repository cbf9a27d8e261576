//! The worker processes, and their output.

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use tidings_tests::signal;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::sync::mpsc;
use tokio::time::sleep;

use crate::event::REPLICAS;

/// Wait of whoever runs them, where one can't start.
const BEFORE_ANOTHER_TRY: Duration = Duration::from_millis(100);

/// Line that one process wrote; `None` once it has ended.
pub(crate) type Said = (usize, Option<String>);

/// Processes that do the same; whoever ends is replaced at the same place.
#[derive(Debug)]
pub(crate) struct WorkerPool {
    url: String,
    replicas: String,
    places: Vec<Child>,
    voice: mpsc::UnboundedSender<Said>,
    said: mpsc::UnboundedReceiver<Said>,
}

impl WorkerPool {
    /// Starts `size` of them.
    pub(crate) fn start(url: String, replicas: u8, size: usize) -> Result<Self> {
        let (voice, said) = mpsc::unbounded_channel();
        let mut workers =
            Self { url, replicas: replicas.to_string(), places: Vec::new(), voice, said };
        for place in 0..size {
            let child = workers.spawn(place)?;
            workers.places.push(child);
        }
        Ok(workers)
    }

    fn spawn(&self, place: usize) -> Result<Child> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["worker", &self.url])
            .env(REPLICAS, &self.replicas)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("can't start a worker")?;
        let output = child.stdout.take().context("a worker has no output")?;
        tokio::spawn(listen(place, BufReader::new(output).lines(), self.voice.clone()));
        Ok(child)
    }

    /// The next thing that any of them says.
    pub(crate) async fn said(&mut self) -> Result<Said> {
        self.said.recv().await.context("nobody says anything any more")
    }

    /// Kills the process, as `kill -9` does.
    pub(crate) fn kill(&mut self, place: usize) -> Result<()> {
        self.places[place].start_kill().context("can't kill a worker")
    }

    /// Starts another in the place of one that has ended; says whether that one was killed.
    pub(crate) async fn replace(&mut self, place: usize) -> Result<bool> {
        let killed = self.places[place].wait().await?.code().is_none();
        if !killed {
            sleep(BEFORE_ANOTHER_TRY).await;
        }
        self.places[place] = self.spawn(place)?;
        Ok(killed)
    }

    /// Asks all to end in good order.
    pub(crate) fn interrupt(&self) {
        for process in self.places.iter().filter_map(Child::id) {
            signal("INT", process);
        }
    }

    /// Waits until all have ended, in good order.
    pub(crate) async fn gone(&mut self) -> Result<()> {
        for child in &mut self.places {
            let status = child.wait().await?;
            ensure!(status.success(), "a worker ends with {status}");
        }
        Ok(())
    }

    pub(crate) fn size(&self) -> usize {
        self.places.len()
    }
}

async fn listen(
    place: usize,
    mut lines: Lines<BufReader<ChildStdout>>,
    voice: mpsc::UnboundedSender<Said>,
) {
    while let Ok(Some(line)) = lines.next_line().await {
        let _ = voice.send((place, Some(line)));
    }
    let _ = voice.send((place, None));
}
