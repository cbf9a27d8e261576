//! A running nats-server process.

use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use tokio::net::TcpStream;

use crate::server_binary;

const READY_WITHIN: Duration = Duration::from_secs(20);
const GONE_WITHIN: Duration = Duration::from_secs(20);
const BETWEEN_LOOKS: Duration = Duration::from_millis(2);
/// Number of lines of the log that an error shows.
const LOG_LINES: usize = 40;

/// Settings with which a server is started.
#[derive(Debug)]
pub(crate) struct Launch<'a> {
    /// Directory of its store, log and configuration.
    pub(crate) directory: &'a Path,
    /// A port that it had before; `None` lets it choose a free one.
    pub(crate) port: Option<u16>,
    /// `true` if it has JetStream.
    pub(crate) jetstream: bool,
}

/// Content of a server's ports file: the URLs it listens on.
#[derive(Debug, Deserialize)]
struct Ports {
    nats: Vec<String>,
    monitoring: Vec<String>,
}

/// A running server; dropped, it is killed.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    pub(crate) port: u16,
    pub(crate) monitor: String,
}

impl Launch<'_> {
    fn log(&self) -> PathBuf {
        self.directory.join("server.log")
    }

    fn config(&self) -> PathBuf {
        self.directory.join("server.conf")
    }

    /// Writes the configuration that the next start or reload reads.
    pub(crate) fn configure(&self, name: &str, config: &str) -> Result<()> {
        // The name stands here because a reload forgets the one of the command line.
        fs::write(self.config(), format!("server_name: {name}\n{config}\n"))
            .context("can't write the server's configuration")
    }

    /// Starts the server, and returns once it accepts connections.
    pub(crate) async fn start(&self) -> Result<Process> {
        let child = self.spawn()?;
        // The server writes this file as soon as it listens on all its ports.
        let ports_file = self.directory.join(format!("nats-server_{}.ports", child.id()));
        // From here on it is killed if the start fails or is cancelled.
        let mut process = Process { child, port: 0, monitor: String::new() };
        let deadline = Instant::now() + READY_WITHIN;
        loop {
            if let Some(status) = process.child.try_wait().context("can't watch the server")? {
                bail!("the server ended with {status}; its log:\n{}", self.end_of_log());
            }
            if let Some((port, monitor)) = read_ports(&ports_file)
                && TcpStream::connect(("127.0.0.1", port)).await.is_ok()
            {
                (process.port, process.monitor) = (port, monitor);
                return Ok(process);
            }
            if Instant::now() > deadline {
                bail!("the server is not ready; its log:\n{}", self.end_of_log());
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
    }

    fn spawn(&self) -> Result<Child> {
        let log = OpenOptions::new().create(true).append(true).open(self.log())?;
        let port = self.port.map_or_else(|| "-1".to_owned(), |port| port.to_string());
        let jetstream = self.jetstream.then_some("--jetstream");
        Command::new(server_binary())
            .args(["--addr", "127.0.0.1", "--port", &port])
            .args(jetstream)
            .args(["--http_port", "-1", "--store_dir"])
            .arg(self.directory.join("store"))
            .arg("--ports_file_dir")
            .arg(self.directory)
            .arg("--config")
            .arg(self.config())
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .context("can't start the server")
    }

    fn end_of_log(&self) -> String {
        let log = fs::read_to_string(self.log()).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(LOG_LINES)..].join("\n")
    }
}

/// Client port and monitoring address; `None` while the file is not there or not whole.
fn read_ports(file: &Path) -> Option<(u16, String)> {
    let ports: Ports = serde_json::from_reader(File::open(file).ok()?).ok()?;
    let client = ports.nats.first()?.rsplit_once(':')?.1.parse().ok()?;
    let monitor = ports.monitoring.first()?.split_once("://")?.1.to_owned();
    Some((client, monitor))
}

impl Process {
    /// Asks the server to do something: `reload`, `ldm`, `quit`.
    pub(crate) fn signal(&self, signal: &str) -> Result<()> {
        let output = Command::new(server_binary())
            .arg("--signal")
            .arg(format!("{signal}={}", self.child.id()))
            .stdin(Stdio::null())
            .output()?;
        if !output.status.success() {
            bail!("can't signal {signal}: {}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(())
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until the process has ended.
    pub(crate) async fn gone(mut self) -> Result<()> {
        let deadline = Instant::now() + GONE_WITHIN;
        while self.child.try_wait()?.is_none() {
            if Instant::now() > deadline {
                bail!("the server did not end within {GONE_WITHIN:?}");
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Neither can fail but for a process that has ended, which is what is wanted.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
