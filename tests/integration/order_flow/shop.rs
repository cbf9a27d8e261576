//! The processes of the shop, and what they say.

use std::path::PathBuf;
use std::process::Stdio;

use tidings_tests::{Server, example_path, signal};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::sync::mpsc;

use crate::soon;

/// Line that one process wrote; `None` once it has ended.
pub(super) type Said = (usize, Option<String>);

/// Processes of the shop, known by the order in which they were started.
pub(super) struct Shop {
    program: PathBuf,
    url: String,
    processes: Vec<Child>,
    voice: mpsc::UnboundedSender<Said>,
    said: mpsc::UnboundedReceiver<Said>,
}

impl Shop {
    pub(super) fn new(server: &Server) -> Self {
        let (voice, said) = mpsc::unbounded_channel();
        let (program, url) = (example_path("order_flow"), server.url());
        Self { program, url, processes: Vec::new(), voice, said }
    }

    pub(super) fn start(&mut self, role: &str, options: &[&str]) -> usize {
        let mut command = Command::new(&self.program);
        for variable in ["NATS_USER", "NATS_PASSWORD", "NATS_TOKEN", "NATS_NKEY", "NATS_CREDS"] {
            command.env_remove(variable);
        }
        let child = command
            .args(["--role", role])
            .args(options)
            .env("NATS_URL", &self.url)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn();
        let mut child = child.expect("the example starts");
        let lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let number = self.processes.len();
        tokio::spawn(listen(number, lines, self.voice.clone()));
        self.processes.push(child);
        number
    }

    /// The next thing that any of them says.
    pub(super) async fn said(&mut self) -> Said {
        self.said.recv().await.expect("a voice is kept here")
    }

    /// Kills the process, as `kill -9` does.
    pub(super) fn kill(&mut self, process: usize) {
        self.processes[process].start_kill().expect("it runs");
    }

    /// Interrupts a process, which must then end in good order.
    pub(super) async fn interrupt(&mut self, process: usize) {
        let process = &mut self.processes[process];
        signal("INT", process.id().expect("it runs"));
        let status = soon(process.wait()).await.unwrap();
        assert!(status.success(), "{status}");
    }
}

async fn listen(
    process: usize,
    mut lines: Lines<BufReader<ChildStdout>>,
    voice: mpsc::UnboundedSender<Said>,
) {
    while let Ok(Some(line)) = lines.next_line().await {
        let _ = voice.send((process, Some(line)));
    }
    let _ = voice.send((process, None));
}
