//! `tidings stream apply`.

use clap::Args;
use serde_json::{Value, json};
use tidings::PlanAction;

use super::folder::Folder;
use crate::connect::Connection;
use crate::exit::Exit;
use crate::output::Output;
use crate::terminal;

/// Makes streams what is declared, as far as nothing is lost. A stream that is refused keeps none
/// of the others from being made.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  tidings stream apply --schemas schemas --dry-run")]
pub(crate) struct Apply {
    #[command(flatten)]
    folder: Folder,
    /// Makes changes too by which messages are lost.
    #[arg(long)]
    allow_data_loss: bool,
    /// Changes nothing, and says what would be done.
    #[arg(long)]
    dry_run: bool,
}

impl Apply {
    pub(super) async fn run(
        self,
        connection: &Connection,
        output: &mut Output,
    ) -> anyhow::Result<Exit> {
        let Self { folder, allow_data_loss, dry_run } = self;
        let configs = folder.read()?;
        let bus = connection.open().await?;
        let mut exit = Exit::Done;
        for config in configs {
            let mut plan = bus.plan_stream(&config).await?;
            if allow_data_loss {
                plan = plan.allow_data_loss();
            }
            let (text, mut value) = (plan.to_string(), json!(plan));
            let error = match plan.action {
                PlanAction::Refuse => {
                    exit = Exit::Failed;
                    None
                }
                PlanAction::Nothing => None,
                _ if dry_run => None,
                _ => bus.apply(plan).await.err().map(|error| error.to_string()),
            };
            if error.is_some() {
                exit = Exit::Failed;
            }
            value["error"] = error.clone().map_or(Value::Null, Value::from);
            value["dry_run"] = dry_run.into();
            let text = error.map_or(text.clone(), |error| {
                format!("{text}\n  failed: {}", terminal::line(&error))
            });
            output.write(|| text, || value)?;
        }
        Ok(exit)
    }
}
