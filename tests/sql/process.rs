//! The parts' processes: begun again as soon as they end, but for who is done.

use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context as _, Result};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

/// A part of the shop.
#[derive(Debug)]
pub(crate) struct Process {
    role: &'static str,
    arguments: [String; 3],
    child: Child,
    /// Number of lines that it and those before it wrote.
    lines: Arc<AtomicU64>,
}

impl Process {
    pub(crate) fn start(
        role: &'static str,
        database: &str,
        server: &str,
        orders: i64,
    ) -> Result<Self> {
        let arguments = [database.to_owned(), server.to_owned(), orders.to_string()];
        let lines = Arc::default();
        let child = spawn(role, &arguments, &lines)?;
        Ok(Self { role, arguments, child, lines })
    }

    /// Kills it, as `kill -9` does, and starts another in its place.
    pub(crate) async fn strike(&mut self) -> Result<()> {
        self.child.kill().await.with_context(|| format!("can't kill the {}", self.role))?;
        self.revive()
    }

    fn revive(&mut self) -> Result<()> {
        self.child = spawn(self.role, &self.arguments, &self.lines)?;
        Ok(())
    }

    /// Starts another where it failed by itself; one that is done stays so.
    pub(crate) fn look(&mut self) -> Result<()> {
        match self.child.try_wait()? {
            Some(status) if !status.success() => self.revive(),
            _ => Ok(()),
        }
    }

    pub(crate) fn lines(&self) -> u64 {
        self.lines.load(Ordering::Relaxed)
    }
}

fn spawn(role: &str, arguments: &[String; 3], lines: &Arc<AtomicU64>) -> Result<Child> {
    let mut child = Command::new(std::env::current_exe()?)
        .args(["part", role])
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("can't start the {role}"))?;
    let output = child.stdout.take().context("it has no output")?;
    let lines = Arc::clone(lines);
    tokio::spawn(async move {
        let mut said = BufReader::new(output).lines();
        while let Ok(Some(_)) = said.next_line().await {
            lines.fetch_add(1, Ordering::Relaxed);
        }
    });
    Ok(child)
}
