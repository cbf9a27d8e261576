//! Several nats-servers that are one cluster.

use std::net::TcpListener;
use std::time::Duration;

use anyhow::{Context, Result};
use async_nats::Client;

use crate::{Server, eventually, unique};

const TOGETHER_WITHIN: Duration = Duration::from_secs(30);
/// Number of times that a cluster is tried: the route ports are free when chosen, not reserved.
const ATTEMPTS: usize = 3;

/// Cluster of servers with routes to each other and clustered JetStream, on loopback only.
#[derive(Debug)]
pub struct Cluster {
    servers: Vec<Server>,
}

impl Cluster {
    /// A cluster of `size` servers whose JetStream has a leader that all of them know.
    ///
    /// # Panics
    /// Panics if it does not come about; so does every method below that can't do what it is
    /// there for.
    pub async fn start(size: usize) -> Self {
        let mut attempt = 1;
        let servers = loop {
            match start_servers(size).await {
                Ok(servers) => break servers,
                Err(error) if attempt == ATTEMPTS => panic!("no cluster of {size}: {error:#}"),
                Err(_) => attempt += 1,
            }
        };
        let cluster = Self { servers };
        for server in &cluster.servers {
            healthy(server).await;
        }
        cluster
    }

    /// The servers' URLs, separated by commas.
    pub fn url(&self) -> String {
        self.servers.iter().map(Server::url).collect::<Vec<_>>().join(",")
    }

    /// A client that knows all of the servers.
    pub async fn client(&self) -> Client {
        let urls: Vec<String> = self.servers.iter().map(Server::url).collect();
        async_nats::connect(urls)
            .await
            .unwrap_or_else(|error| panic!("can't connect to {}: {error}", self.url()))
    }

    /// The server at `index`, from 0.
    pub fn server(&self, index: usize) -> &Server {
        &self.servers[index]
    }

    /// The server at `index`, from 0, to be stopped or reloaded.
    pub fn server_mut(&mut self, index: usize) -> &mut Server {
        &mut self.servers[index]
    }

    /// The index of the server that leads JetStream's meta group.
    pub async fn meta_leader(&self) -> usize {
        eventually(TOGETHER_WITHIN, "a meta leader", || async {
            for server in &self.servers {
                if let Ok(status) = server.try_monitor("/jsz").await {
                    let leader = status["meta_cluster"]["leader"].as_str().unwrap_or_default();
                    let index = self.servers.iter().position(|server| server.name() == leader);
                    if index.is_some() {
                        return index;
                    }
                }
            }
            None
        })
        .await
    }

    /// Kills a server at once, as with `kill -9`.
    pub fn kill(&mut self, index: usize) {
        self.servers[index].kill();
    }

    /// Starts a server again on the same ports and store, and returns once it is part of the
    /// cluster again and has caught up.
    pub async fn restart(&mut self, index: usize) {
        self.servers[index].restart().await;
        healthy(&self.servers[index]).await;
    }
}

/// A server is healthy once it knows the meta leader and has caught up with it.
async fn healthy(server: &Server) {
    eventually(TOGETHER_WITHIN, format_args!("{} is healthy", server.name()), || {
        server.try_monitor("/healthz")
    })
    .await;
}

async fn start_servers(size: usize) -> Result<Vec<Server>> {
    let ports = free_ports(size)?;
    let routes: Vec<String> = ports.iter().map(|port| format!("nats://127.0.0.1:{port}")).collect();
    let routes = routes.join(", ");
    let cluster = unique("cluster");
    let mut servers = Vec::with_capacity(size);
    for port in ports {
        let config = format!(
            "cluster {{ name: {cluster}, listen: \"127.0.0.1:{port}\", routes: [{routes}] }}"
        );
        servers.push(Server::try_start(unique("server"), &config).await?);
    }
    Ok(servers)
}

fn free_ports(count: usize) -> Result<Vec<u16>> {
    // All are held until all are known, so that none is given twice.
    let listeners: Vec<TcpListener> = (0..count)
        .map(|_| TcpListener::bind("127.0.0.1:0"))
        .collect::<Result<_, _>>()
        .context("no free port")?;
    listeners
        .iter()
        .map(|listener| Ok(listener.local_addr().context("no free port")?.port()))
        .collect()
}
