//! The processes of one running PostgreSQL.

use std::fs::{OpenOptions, read_dir, read_to_string, write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::yield_now;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::{binary, owner};
use crate::{await_stop, signal};

const READY_WITHIN: Duration = Duration::from_secs(60);
const GONE_WITHIN: Duration = Duration::from_secs(20);
const BETWEEN_LOOKS: Duration = Duration::from_millis(5);
/// Number of bytes of the log that an error shows.
const LOG_BYTES: usize = 4_000;

/// Settings of every server: small, on loopback only. `fsync` would keep what a machine loses, and none is killed here;
/// what a process is killed over stays the same without, as a commit is written before it is confirmed.
const SETTINGS: &str = "listen_addresses = '127.0.0.1'\n\
    unix_socket_directories = ''\n\
    fsync = off\n\
    synchronous_commit = on\n\
    shared_buffers = 32MB\n\
    max_connections = 100\n\
    dynamic_shared_memory_type = mmap\n\
    timezone = 'GMT'\n\
    log_timezone = 'GMT'\n";

/// A port that is free now.
pub(super) fn free_port() -> Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").context("no free port")?;
    Ok(listener.local_addr().context("no free port")?.port())
}

/// The server's log.
pub(super) fn log(directory: &Path) -> PathBuf {
    directory.join("server.log")
}

/// Settings with which a server is started.
#[derive(Debug)]
pub(super) struct Launch<'a> {
    pub(super) directory: &'a Path,
    pub(super) port: u16,
    pub(super) config: &'a str,
}

/// A running server; dropped, it is ended without a checkpoint.
#[derive(Debug)]
pub(super) struct Running {
    child: Child,
}

impl Launch<'_> {
    /// Starts the server, and returns once it can be asked.
    pub(super) async fn start(&self) -> Result<Running> {
        let data = self.directory.join("data");
        let settings = format!("{SETTINGS}port = {}\n{}\n", self.port, self.config);
        // What is told last counts, and initdb's own settings stay as they are.
        write(data.join("postgresql.auto.conf"), settings).context("can't write the settings")?;
        let log = log(self.directory);
        let said = OpenOptions::new().create(true).append(true).open(&log)?;
        let before = said.metadata()?.len();
        let mut server = Command::new(binary::directory()?.join("postgres"));
        server.arg("-D").arg(&data).envs(binary::libraries()).current_dir(&data);
        server.stdin(Stdio::null()).stdout(said.try_clone()?).stderr(said);
        let child = owner::run_as(&mut server)?.spawn().context("can't start PostgreSQL")?;
        // From here on it is ended if the start fails or is cancelled.
        let mut running = Running { child };
        let deadline = Instant::now() + READY_WITHIN;
        loop {
            if let Some(status) = running.child.try_wait().context("can't watch PostgreSQL")? {
                bail!("PostgreSQL ended with {status}; its log:\n{}", end_of(&log, before));
            }
            if running.is_ready(&data) {
                return Ok(running);
            }
            if Instant::now() > deadline {
                bail!("PostgreSQL is not ready; its log:\n{}", end_of(&log, before));
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
    }
}

/// The end of a log, from that byte on.
fn end_of(log: &Path, from: u64) -> String {
    let text = read_to_string(log).unwrap_or_default();
    let from = usize::try_from(from).unwrap_or_default().max(text.len().saturating_sub(LOG_BYTES));
    text.get(from..).unwrap_or(&text).to_owned()
}

impl Running {
    /// `true` once the server says so in the file that says which process it is: its last line.
    fn is_ready(&self, data: &Path) -> bool {
        let said = read_to_string(data.join("postmaster.pid")).unwrap_or_default();
        let mut lines = said.lines();
        let is_own = lines.next() == Some(self.child.id().to_string().as_str());
        is_own && lines.last().is_some_and(|status| status.trim() == "ready")
    }

    /// Kills the server and all processes of it, and returns once they are gone.
    pub(super) fn kill(mut self) -> Result<()> {
        let server = self.child.id();
        // It starts processes for others until it stands still.
        signal("STOP", server);
        await_stop(server);
        let mut killed = children(server);
        killed.push(server);
        for process in &killed {
            // One that has ended meanwhile is gone, too.
            drop(Command::new("kill").arg("-KILL").arg(process.to_string()).output());
        }
        self.child.wait().context("can't wait for PostgreSQL")?;
        let deadline = Instant::now() + GONE_WITHIN;
        while killed.iter().any(|process| is_there(*process)) {
            if Instant::now() > deadline {
                bail!("processes of PostgreSQL don't end within {GONE_WITHIN:?}");
            }
            yield_now();
        }
        Ok(())
    }
}

/// The processes that a process started.
fn children(parent: u32) -> Vec<u32> {
    let processes = read_dir("/proc").into_iter().flatten().flatten();
    let number = |name: std::ffi::OsString| name.to_str()?.parse::<u32>().ok();
    let numbers = processes.filter_map(|entry| number(entry.file_name()));
    numbers.filter(|process| stat(*process).is_some_and(|(_, of)| of == parent)).collect()
}

/// Returns `true` if a process is there and has not ended: who started it may look later.
fn is_there(process: u32) -> bool {
    stat(process).is_some_and(|(state, _)| !matches!(state, 'Z' | 'X'))
}

/// State of a process, and who started it: `<id> (<name>) <state> <parent> …`.
fn stat(process: u32) -> Option<(char, u32)> {
    let stat = read_to_string(format!("/proc/{process}/stat")).ok()?;
    let mut fields = stat.rsplit_once(") ")?.1.split(' ');
    Some((fields.next()?.chars().next()?, fields.next()?.parse().ok()?))
}

impl Drop for Running {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            // Ended at once, but with what it shares with its processes given back.
            let id = self.child.id().to_string();
            drop(Command::new("kill").args(["-QUIT", &id]).output());
            drop(self.child.wait());
        }
        // Neither can fail but for a process that has ended, which is what is wanted.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
