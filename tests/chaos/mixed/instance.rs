//! Instances of the service, each on a wire of its own.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use tidings::prelude::*;
use tidings::{Control, RouteState, Running};
use tidings_tests::{Proxy, Server};
use tokio::time::timeout;

use super::verify::Record;
use super::version::Version;

/// Longest time that an instance may take to end in good order.
const LEAVES_WITHIN: Duration = Duration::from_secs(45);

/// An instance that runs.
pub(super) struct Instance {
    pub(super) version: Version,
    pub(super) wire: Proxy,
    bus: Bus,
    running: Running,
    control: Control,
}

impl Instance {
    pub(super) async fn start(
        server: &Server,
        version: Version,
        record: Arc<Record>,
    ) -> Result<Self> {
        let wire = Proxy::start(server).await;
        let bus = Bus::connect(wire.url()).await?;
        let running = version.registry(record).start(&bus).await?;
        let control = running.control();
        Ok(Self { version, wire, bus, running, control })
    }

    /// Ends it in good order.
    pub(super) async fn leave(self) -> Result<()> {
        let ended = async {
            let report = self.running.shutdown().await;
            self.bus.close().await?;
            anyhow::Ok(report)
        };
        let report = timeout(LEAVES_WITHIN, ended).await.context("an instance does not end")??;
        ensure!(report.len() == 1, "one route, one report: {report:?}");
        Ok(())
    }

    /// Ends it as if its process were killed: nothing that it says is heard any more.
    pub(super) fn die(self) {
        self.wire.lose_questions();
        drop(self.running);
        drop(self.bus);
        self.wire.sever();
    }

    pub(super) fn pause(&self, paused: bool) -> Result<()> {
        self.version.pause(&self.control, paused)
    }

    /// Resolves when its route says that it runs.
    pub(super) async fn runs(&self) {
        loop {
            let changed = self.control.changed();
            if self.control.status().iter().all(|route| route.state == RouteState::Running) {
                return;
            }
            changed.await;
        }
    }

    pub(super) fn status(&self) -> Vec<tidings::RouteStatus> {
        self.control.status()
    }
}
