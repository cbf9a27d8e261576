//! The servers that everything stands on, and how they are killed.

use std::time::Duration;

use anyhow::{Context as _, Result};
use async_nats::jetstream;
use tidings::prelude::EventStream as _;
use tidings_tests::{Cluster, Server, eventually};
use tokio::time::sleep;

use crate::event::{Results, Works};

const SOON: Duration = Duration::from_secs(30);

/// Environment of one server, or of three.
#[derive(Debug)]
pub(crate) enum Environment {
    Server(Server),
    Cluster(Cluster),
}

impl Environment {
    pub(crate) async fn server() -> Self {
        Self::Server(Server::start().await)
    }

    pub(crate) async fn cluster() -> Self {
        Self::Cluster(Cluster::start(3).await)
    }

    pub(crate) fn replicas(&self) -> u8 {
        match self {
            Self::Server(_) => 1,
            Self::Cluster(_) => 3,
        }
    }

    pub(crate) fn url(&self) -> String {
        match self {
            Self::Server(server) => server.url(),
            Self::Cluster(cluster) => cluster.url(),
        }
    }

    pub(crate) async fn client(&self) -> async_nats::Client {
        match self {
            Self::Server(server) => server.client().await,
            Self::Cluster(cluster) => cluster.client().await,
        }
    }

    /// Kills the server, or the one that leads a stream, as with `kill -9`; starts it again after
    /// `outage`, and returns once it is there again.
    pub(crate) async fn strike(&mut self, outage: Duration, results: bool) -> Result<()> {
        match self {
            Self::Server(server) => {
                server.kill();
                sleep(outage).await;
                server.restart().await;
            }
            Self::Cluster(cluster) => {
                let stream = if results { Results::NAME } else { Works::NAME };
                let leader = leader_of(cluster, stream).await?;
                cluster.kill(leader);
                sleep(outage).await;
                cluster.restart(leader).await;
            }
        }
        Ok(())
    }
}

/// The index of the server that leads the stream.
async fn leader_of(cluster: &Cluster, stream: &str) -> Result<usize> {
    let jetstream = jetstream::new(cluster.client().await);
    let name = eventually(SOON, format_args!("{stream} has a leader"), || async {
        let stream = jetstream.get_stream(stream).await.map_err(|error| error.to_string())?;
        let cluster = stream.cached_info().cluster.as_ref();
        cluster.and_then(|cluster| cluster.leader.clone()).ok_or_else(|| "none".to_owned())
    })
    .await;
    (0..3)
        .find(|index| cluster.server(*index).name() == name)
        .with_context(|| format!("{name} leads and is unknown"))
}
