//! `tidings outbox relay`.

use clap::Args;
use serde_json::json;

use super::database::{DatabaseUrl, with_pool};
use crate::connect::Connection;
use crate::exit::Exit;
use crate::interrupt;
use crate::output::Output;

/// Publishes what is committed, in the order of the commits of each key, until it is ended with Ctrl-C or SIGTERM; what was
/// begun by then is finished. Several may run at once, here and in programs.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  tidings outbox relay --database postgres://shop@db.example.com/shop --server nats://127.0.0.1:4222"
)]
pub(crate) struct Relay {
    #[command(flatten)]
    database: DatabaseUrl,
    /// Keeps events that were published, and marks them, until `tidings outbox purge --sent-before` removes them.
    #[arg(long)]
    keep_sent: bool,
    /// Sends events of one key without waiting for those before them to be confirmed: faster where many events have few keys,
    /// and where one is lost on its way, one behind it may be stored first.
    #[arg(long)]
    relaxed_order: bool,
    /// Sends an event only once those of its key before it are confirmed, which is the default.
    #[arg(long, hide = true, conflicts_with = "relaxed_order")]
    strict_order: bool,
}

impl Relay {
    pub(super) async fn run(
        self,
        connection: &Connection,
        output: &mut Output,
    ) -> anyhow::Result<Exit> {
        let ended = interrupt::interrupted()?;
        let bus = connection.open().await?;
        let pool = self.database.open().await?;
        let status = with_pool!(&pool, pool => {
            let mut relay = tidings_sql::Outbox::open(&bus, pool).await?.relay();
            if self.keep_sent {
                relay = relay.keep_sent();
            }
            if self.relaxed_order && !self.strict_order {
                relay = relay.relaxed_order();
            }
            relay.run_until(ended).await
        });
        output.write(
            || format!("{} published, {} parked", status.published, status.parked),
            || json!({ "published": status.published, "parked": status.parked }),
        )?;
        Ok(Exit::Done)
    }
}
