//! `tidings doctor`.

mod account;
mod check;
mod clock;
mod consumer;
mod right;
mod store;
mod stream;

use clap::Args;
use serde_json::json;
use tidings_contract::Catalog;

use crate::connect::{Client, Connection};
use crate::contract::Schemas;
use crate::exit::{Exit, Usage};
use crate::output::Output;
use check::{Check, Status};

/// The oldest server that the tests accept, as major and minor version.
const OLDEST: (u32, u32) = (2, 14);

/// Looks at a server as the contracts need it, and changes nothing.
///
/// Each line is `ok`, `warn` or `fail`, with what mends it: whether the server is there, its version,
/// `JetStream`, the account's limits, what the user may publish and subscribe to of what the contracts
/// name, streams, buckets, object stores and consumers against the contracts, and the clock.
///
/// A server that does not answer makes it fail within half a minute.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  tidings doctor --schemas schemas --server nats://127.0.0.1:4222"
)]
pub(crate) struct Doctor {
    #[command(flatten)]
    schemas: Schemas,
    #[command(flatten)]
    bounds: consumer::Bounds,
}

impl Doctor {
    pub(crate) async fn run(
        self,
        connection: &Connection,
        output: &mut Output,
    ) -> anyhow::Result<Exit> {
        let catalog = self.schemas.read_if_there()?;
        let catalog = catalog.unwrap_or_default();
        let mut exit = Exit::Done;
        let mut tell = |checks: Vec<Check>| -> anyhow::Result<()> {
            for check in checks {
                if check.status == Status::Fail {
                    exit = Exit::Failed;
                }
                output.find(check.finding(), || check.text(), || json!(check))?;
            }
            output.flush()
        };
        let mut client = match connection.client().await {
            Ok(client) => client,
            Err(error) if error.is::<Usage>() => return Err(error),
            Err(error) => {
                let mend =
                    "check `--server`, that it runs and is reached from here, and the credentials";
                tell(vec![Check::fail("server", format!("{error:#}"), mend)])?;
                return Ok(exit);
            }
        };
        tell(server(&client, &catalog))?;
        let has_jetstream = account::is_there(&mut client, &catalog).await;
        let is_usable = has_jetstream.iter().all(|check| check.status == Status::Ok);
        tell(has_jetstream)?;
        let user = clock::ask(&mut client).await;
        tell(right::judge(user.as_ref(), &catalog))?;
        tell(vec![clock::judge(user.as_ref())])?;
        if is_usable {
            tell(stream::judge(connection, &mut client, &catalog, &self.bounds).await)?;
        }
        Ok(exit)
    }
}

/// The server itself.
fn server(client: &Client, catalog: &Catalog) -> Vec<Check> {
    let info = client.nats.server_info();
    let mut checks = vec![Check::ok("server", format!("{} is reached", info.server_name))];
    let mut numbers = info.version.split(['.', '-']).map(|part| part.parse::<u32>().ok());
    let version = numbers.next().flatten().zip(numbers.next().flatten());
    checks.push(match version {
        Some(version) if version >= OLDEST => Check::ok("version", info.version.clone()),
        _ => {
            let (major, minor) = OLDEST;
            let text = format!("{}: {major}.{minor} is the oldest that is tried", info.version);
            Check::warn("version", text, "update the server")
        }
    });
    if info.lame_duck_mode {
        let text = "it is about to leave (lame duck mode)".to_owned();
        checks.push(Check::warn("server", text, "name another server of the cluster"));
    }
    let limit = info.max_payload as u64;
    let larger = catalog.streams().filter_map(|(name, config)| {
        let size = config["max_msg_size"].as_u64().filter(|size| *size > limit)?;
        Some(format!("{name} takes {size}"))
    });
    let larger: Vec<_> = larger.collect();
    checks.push(if larger.is_empty() {
        Check::ok("max_payload", format!("{limit} bytes"))
    } else {
        let text = format!("{limit} bytes, but {}", larger.join(", "));
        Check::warn("max_payload", text, "raise the server's max_payload, or lower max_msg_size")
    });
    checks
}
