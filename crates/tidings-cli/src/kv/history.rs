//! `tidings kv history`.

use anyhow::bail;
use clap::Args;
use tidings::{WatchError, WatchEvent};

use super::error::of_get;
use super::view::State;
use crate::connect::Connection;
use crate::exit::{Exit, Usage};
use crate::output::Output;

/// Shows all that the bucket keeps of a key, oldest first, removals too.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  tidings kv history sessions acme.7")]
pub(crate) struct History {
    /// The bucket.
    bucket: String,
    /// The key, such as `acme.7`.
    #[arg(id = "bucket_key", value_name = "KEY")]
    key: String,
}

impl History {
    pub(super) async fn run(
        self,
        connection: &Connection,
        output: &mut Output,
    ) -> anyhow::Result<Exit> {
        let Self { bucket, key } = self;
        if key.contains(['*', '>']) {
            let why = format!("{key:?} is many keys: `tidings kv watch --history` shows those");
            return Err(Usage(why).into());
        }
        let (_bus, values) = super::open(connection, &bucket).await?;
        let mut changes = values.watch_of(key.as_str()).with_history().await.map_err(of_get)?;
        let mut states = Vec::new();
        loop {
            match changes.next().await {
                None => bail!("the connection was closed"),
                Some(Ok(WatchEvent::Current)) => break,
                Some(Ok(WatchEvent::Resynchronised)) => states.clear(),
                Some(Ok(event)) => states.extend(State::told(event)),
                Some(Err(WatchError::Entry(error))) => states.extend(State::unreadable(&error)),
                Some(Err(error)) => return Err(error.into()),
            }
        }
        if states.is_empty() {
            bail!("bucket `{bucket}` keeps nothing of `{key}`");
        }
        for state in states {
            output.write(|| state.text(), || state.json())?;
        }
        Ok(Exit::Done)
    }
}
