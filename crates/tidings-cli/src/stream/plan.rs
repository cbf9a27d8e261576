//! `tidings stream plan`.

use clap::Args;
use serde_json::json;
use tidings::PlanAction;

use super::finding::{finding, text};
use super::folder::Folder;
use crate::connect::Connection;
use crate::exit::Exit;
use crate::output::Output;

/// Says what is to be done so that streams are as declared, and changes nothing.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  tidings stream plan --schemas schemas ORDERS\n  tidings stream plan --replicas 1"
)]
pub(crate) struct Plan {
    #[command(flatten)]
    folder: Folder,
}

impl Plan {
    pub(super) async fn run(
        self,
        connection: &Connection,
        output: &mut Output,
    ) -> anyhow::Result<Exit> {
        let configs = self.folder.read()?;
        let bus = connection.open_for(self.folder.replicas).await?;
        let mut exit = Exit::Done;
        for config in configs {
            let plan = bus.plan_stream(&config).await?;
            if plan.action != PlanAction::Nothing {
                exit = Exit::Differs;
            }
            output.find(finding(&plan), || text(&plan), || json!(plan))?;
        }
        Ok(exit)
    }
}
