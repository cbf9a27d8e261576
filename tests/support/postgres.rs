//! A PostgreSQL server of a test's own.

mod binary;
mod debian;
mod launch;
mod owner;
mod template;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::directory::Directory;
use crate::unique;
use launch::{Launch, Running};

/// Number of times that a port is chosen: it is free when chosen, not reserved.
const ATTEMPTS: usize = 3;
/// Longest time that a restart waits for somebody else to give its port back.
const PORT_WITHIN: Duration = Duration::from_secs(10);

/// A real PostgreSQL on a port and with data of its own, on loopback only.
///
/// Who asks it to is `postgres`, who may do everything and needs no password. A commit is in the system's hands before it is confirmed,
/// and not on the disk (`fsync = off`): killed processes lose nothing by that, only a machine does.
///
/// Dropped, it is ended and its data removed; if the test panics its log is printed first.
#[derive(Debug)]
pub struct Postgres {
    name: String,
    /// `None` while it is stopped.
    running: Option<Running>,
    port: u16,
    config: String,
    // Removed after the processes that write there are gone.
    directory: Directory,
}

impl Postgres {
    /// A server with the defaults.
    ///
    /// # Panics
    /// Panics if there is no server to start or it does not start; so does every method below
    /// that can't do what it is there for.
    pub async fn start() -> Self {
        Self::with_config("").await
    }

    /// A server with these lines at the end of its `postgresql.conf`, such as `max_connections = 200`.
    pub async fn with_config(config: &str) -> Self {
        Self::try_start(config).await.unwrap_or_else(|error| panic!("{error:#}"))
    }

    async fn try_start(config: &str) -> Result<Self> {
        let name = unique("postgres");
        let directory = Directory::within(&owner::reachable()?, &name)?;
        template::copy_to(&directory.path().join("data"))?;
        let mut attempt = 1;
        loop {
            let launch = Launch { directory: directory.path(), port: launch::free_port()?, config };
            match launch.start().await {
                Ok(running) => {
                    let (port, config) = (launch.port, config.to_owned());
                    return Ok(Self { name, running: Some(running), port, config, directory });
                }
                Err(error) if attempt == ATTEMPTS || !is_port_taken(&error) => return Err(error),
                Err(_) => attempt += 1,
            }
        }
    }

    /// URL of its database `postgres`, which is there from the start; the same after a restart.
    pub fn url(&self) -> String {
        self.url_of("postgres")
    }

    /// URL of one of its databases.
    pub fn url_of(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    /// URL of a new and empty database of it.
    pub fn new_database(&self) -> String {
        let name = unique("database").replace('-', "_");
        self.psql(&format!("CREATE DATABASE {name}"));
        self.url_of(&name)
    }

    /// Runs SQL in its database `postgres` with psql, and returns the rows' bare text: a line for each,
    /// columns with `|` between them.
    pub fn psql(&self, sql: &str) -> String {
        self.try_psql(sql).unwrap_or_else(|error| panic!("{error:#}"))
    }

    /// Does the same as [`psql`](Self::psql), and tells what is wrong.
    ///
    /// # Errors
    /// What psql says, where the server is not there or refuses.
    pub fn try_psql(&self, sql: &str) -> Result<String> {
        let output = Command::new(binary::directory()?.join("psql"))
            .args(["--no-psqlrc", "--quiet", "--no-align", "--tuples-only"])
            .args(["--set", "ON_ERROR_STOP=1", "--command", sql, &self.url()])
            .envs(binary::libraries())
            .stdin(Stdio::null())
            .output()
            .context("can't run psql")?;
        if !output.status.success() {
            bail!("psql: {}", String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// Kills all its processes at once, as with `kill -9`.
    ///
    /// Does nothing to a stopped one.
    pub fn kill(&mut self) {
        if let Some(running) = self.running.take() {
            let killed = running.kill();
            killed.unwrap_or_else(|error| panic!("can't kill {}: {error:#}", self.name));
        }
    }

    /// Starts it again on the same port and the same data; kills it first if it still runs.
    ///
    /// Returns once it has recovered and can be asked.
    pub async fn restart(&mut self) {
        self.kill();
        let directory = self.directory.path();
        let launch = Launch { directory, port: self.port, config: &self.config };
        let deadline = Instant::now() + PORT_WITHIN;
        let running = loop {
            match launch.start().await {
                Ok(running) => break running,
                Err(error) if is_port_taken(&error) && Instant::now() < deadline => {}
                Err(error) => panic!("can't restart {}: {error:#}", self.name),
            }
        };
        self.running = Some(running);
    }

    fn log(&self) -> PathBuf {
        launch::log(self.directory.path())
    }
}

fn is_port_taken(error: &anyhow::Error) -> bool {
    error.to_string().contains("Address already in use")
}

impl Drop for Postgres {
    #[expect(clippy::print_stderr, reason = "the test's own output, where its panic stands too")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = fs::read_to_string(self.log());
            eprintln!("---- log of {} ----\n{}", self.name, log.unwrap_or_default());
        }
        self.running = None;
    }
}

/// The directory of PostgreSQL's programs that the tests run.
///
/// # Panics
/// Panics if there is none, saying how to get one.
pub fn postgres_directory() -> &'static Path {
    binary::directory().unwrap_or_else(|error| panic!("{error:#}"))
}
