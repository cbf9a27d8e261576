//! A nats-server of a test's own.

use std::fmt::Display;
use std::fs;
use std::net::Ipv4Addr;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use async_nats::{Client, ConnectOptions};
use serde_json::Value;
use tokio::net::TcpSocket;

use crate::directory::Directory;
use crate::monitor;
use crate::process::{Launch, Process};
use crate::{await_stop, eventually, signal, unique};

/// Configuration that makes a server a hub that leaf nodes can connect to.
///
/// A leaf reaches its JetStream only by a domain's subjects: without a domain the hub refuses them.
pub const HUB: &str = "jetstream { domain: hub }\nleafnodes { listen: \"127.0.0.1:-1\" }";

/// Longest time that a leaf may take to have its link.
const LINKED_WITHIN: Duration = Duration::from_secs(10);
/// Longest time that a restart waits for somebody else to give its port back.
const PORT_WITHIN: Duration = Duration::from_secs(10);

/// A real nats-server on a port and a store of its own, with JetStream, on loopback only.
///
/// Dropped, it is killed and its store removed; if the test panics its log is printed first.
#[derive(Debug)]
pub struct Server {
    name: String,
    /// `None` while it is stopped.
    process: Option<Process>,
    port: u16,
    /// Its port while it is stopped, bound so that nobody else is given it: whoever connects is refused.
    reserved: Option<TcpSocket>,
    jetstream: bool,
    // Removed after the process that writes there is gone.
    directory: Directory,
}

impl Server {
    /// A server with the defaults.
    ///
    /// # Panics
    /// Panics if there is no server to start or it does not start; so does every method below
    /// that can't do what it is there for.
    pub async fn start() -> Self {
        Self::with_config("").await
    }

    /// A server with `config`, in the server's own configuration language, for what accounts,
    /// TLS or limits need.
    ///
    /// Address, ports, name and store stay the harness's.
    pub async fn with_config(config: &str) -> Self {
        Self::try_start(unique("server"), config).await.unwrap_or_else(|error| panic!("{error:#}"))
    }

    /// A server that keeps nothing.
    pub async fn without_jetstream() -> Self {
        let started = Self::launched(unique("server"), "", false).await;
        started.unwrap_or_else(|error| panic!("{error:#}"))
    }

    /// A leaf node without JetStream, whose only link to others leads to this address of a server
    /// that has a `leafnodes` block: the hub's [`leaf_address`](Self::leaf_address), or a proxy's.
    /// The hub's JetStream can be asked through it when this returns.
    pub async fn leaf(hub: impl Display) -> Self {
        let config = format!(
            "accounts {{ LEAF {{ users: [ {{ user: leaf, password: leaf }} ], \
             mappings: {{ \"$JS.API.>\": \"$JS.hub.API.>\" }} }} }}\n\
             no_auth_user: leaf\n\
             leafnodes {{ reconnect: 1, remotes: [ {{ url: \"nats-leaf://{hub}\", account: LEAF }} ] }}"
        );
        let started = Self::launched(unique("leaf"), &config, false).await;
        let leaf = started.unwrap_or_else(|error| panic!("{error:#}"));
        let client = leaf.client().await;
        let ask = || client.request("$JS.API.INFO", "".into());
        eventually(LINKED_WITHIN, "JetStream of the hub answers through the leaf", ask).await;
        leaf
    }

    /// Address that leaf nodes connect to, `127.0.0.1:<port>`; the server needs [`HUB`] in its
    /// configuration.
    pub async fn leaf_address(&self) -> String {
        let said = self.monitor("/varz").await;
        let port = said["leaf"]["port"].as_u64().filter(|port| *port > 0);
        format!("127.0.0.1:{}", port.unwrap_or_else(|| panic!("{} is no hub: {said}", self.name)))
    }

    /// Address of its websocket listener, `<scheme>://127.0.0.1:<port>`; it needs a `websocket` block
    /// in its configuration.
    pub async fn websocket_url(&self, scheme: &str) -> String {
        let said = self.monitor("/varz").await;
        let port = said["websocket"]["port"].as_u64().filter(|port| *port > 0);
        let port = port.unwrap_or_else(|| panic!("{} has no websockets: {said}", self.name));
        format!("{scheme}://127.0.0.1:{port}")
    }

    pub(crate) async fn try_start(name: String, config: &str) -> Result<Self> {
        Self::launched(name, config, true).await
    }

    async fn launched(name: String, config: &str, jetstream: bool) -> Result<Self> {
        let directory = Directory::new(&name)?;
        let launch = Launch { directory: directory.path(), port: None, jetstream };
        launch.configure(&name, config)?;
        let process = launch.start().await?;
        let (port, process) = (process.port, Some(process));
        Ok(Self { name, port, reserved: None, jetstream, process, directory })
    }

    /// Name of the server, `server-<process>-<count>`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// URL of the server, `nats://127.0.0.1:<port>`; the same after a restart.
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// A directory of its own, for what a configuration names; removed with the server.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// A plain client of it.
    pub async fn client(&self) -> Client {
        self.client_with(ConnectOptions::new()).await
    }

    /// A client of it, connected in this way.
    pub async fn client_with(&self, options: ConnectOptions) -> Client {
        options
            .connect(self.url())
            .await
            .unwrap_or_else(|error| panic!("can't connect to {}: {error}", self.url()))
    }

    /// JSON that its monitoring port gives under `path`, such as `/jsz?streams=1` or
    /// `/connz?subs=1`.
    pub async fn monitor(&self, path: &str) -> Value {
        self.try_monitor(path).await.unwrap_or_else(|error| panic!("{error:#}"))
    }

    pub(crate) async fn try_monitor(&self, path: &str) -> Result<Value> {
        let process = self.process.as_ref().context("the server is stopped")?;
        monitor::get(&process.monitor, path).await
    }

    /// Kills it at once, as with `kill -9`; what it has not written is lost.
    ///
    /// Does nothing to a stopped one.
    pub fn kill(&mut self) {
        self.process = None;
        self.reserve();
    }

    /// Keeps its port, as far as nobody else has it by now.
    fn reserve(&mut self) {
        if self.reserved.is_none() {
            self.reserved = reserved(self.port).ok();
        }
    }

    /// Stops it in good order, and returns once it has ended.
    ///
    /// Does nothing to a stopped one.
    pub async fn stop(&mut self) {
        if let Some(process) = self.process.take() {
            let stopped = async {
                process.signal("quit")?;
                process.gone().await
            };
            stopped.await.unwrap_or_else(|error| panic!("can't stop {}: {error:#}", self.name));
            self.reserve();
        }
    }

    /// Lets it stand still, with all its connections open, until it is [resumed](Self::resume).
    pub fn suspend(&self) {
        let process = self.running().id();
        signal("STOP", process);
        await_stop(process);
    }

    /// Lets it go on.
    pub fn resume(&self) {
        signal("CONT", self.running().id());
    }

    /// The id that the system knows its process by.
    pub fn process_id(&self) -> u32 {
        self.running().id()
    }

    fn running(&self) -> &Process {
        self.process.as_ref().unwrap_or_else(|| panic!("{} is stopped", self.name))
    }

    /// Starts it again on the same port and the same store; kills it first if it still runs.
    pub async fn restart(&mut self) {
        self.kill();
        self.reserved = None;
        let launch = self.launch();
        let deadline = Instant::now() + PORT_WITHIN;
        let process = loop {
            match launch.start().await {
                Ok(process) => break process,
                // Another process may hold the port for a moment: a connection of its own that
                // was given this port number.
                Err(error)
                    if error.to_string().contains("address already in use")
                        && Instant::now() < deadline => {}
                Err(error) => panic!("can't restart {}: {error:#}", self.name),
            }
        };
        self.process = Some(process);
    }

    /// Replaces the configuration that it was started with, and has it read the new one.
    ///
    /// Returns once the server has been told; await what the change brings.
    pub fn reload(&self, config: &str) {
        let reloaded = || -> Result<()> {
            self.launch().configure(&self.name, config)?;
            self.process.as_ref().context("the server is stopped")?.signal("reload")
        };
        reloaded().unwrap_or_else(|error| panic!("can't reload {}: {error:#}", self.name));
    }

    /// Settings with which it is started again.
    fn launch(&self) -> Launch<'_> {
        Launch {
            directory: self.directory.path(),
            port: Some(self.port),
            jetstream: self.jetstream,
        }
    }

    /// Puts it into lame-duck mode: it tells its clients to leave, and ends.
    pub fn lame_duck(&self) {
        let told = self
            .process
            .as_ref()
            .context("the server is stopped")
            .and_then(|process| process.signal("ldm"));
        told.unwrap_or_else(|error| panic!("can't make {} a lame duck: {error:#}", self.name));
    }
}

/// A port of loopback that is bound and not listened to.
fn reserved(port: u16) -> std::io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    // Connections of the server before may still linger on it.
    socket.set_reuseaddr(true)?;
    socket.bind((Ipv4Addr::LOCALHOST, port).into())?;
    Ok(socket)
}

impl Drop for Server {
    #[expect(clippy::print_stderr, reason = "the test's own output, where its panic stands too")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = fs::read_to_string(self.directory().join("server.log"));
            eprintln!("---- log of {} ----\n{}", self.name, log.unwrap_or_default());
        }
        self.process = None;
    }
}
