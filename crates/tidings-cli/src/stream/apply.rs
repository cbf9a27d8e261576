//! `tidings stream apply`.

use clap::Args;
use serde_json::{Value, json};
use tidings::PlanAction;

use super::finding::text;
use super::folder::Folder;
use crate::connect::Connection;
use crate::exit::Exit;
use crate::finding::{Finding, Level};
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
        let bus = connection.open_for(folder.replicas).await?;
        let mut exit = Exit::Done;
        for config in configs {
            let mut plan = bus.plan_stream(&config).await?;
            if allow_data_loss {
                plan = plan.allow_data_loss();
            }
            let (told, mut value) = (text(&plan), json!(plan));
            let (stream, action) = (plan.stream.clone(), plan.action);
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
            let failed =
                error.as_ref().map(|error| format!("\n  failed: {}", terminal::line(error)));
            let text = format!("{told}{}", failed.unwrap_or_default());
            let level = match (action, &error) {
                (PlanAction::Refuse, _) | (_, Some(_)) => Level::Failure,
                (PlanAction::Nothing, None) => Level::Pass,
                _ => Level::Note,
            };
            let finding = Finding::new(level, format!("stream {stream}"), "apply", &text);
            output.find(finding, || text, || value)?;
        }
        Ok(exit)
    }
}
