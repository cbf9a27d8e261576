//! `tidings kv get`.

use anyhow::bail;
use clap::Args;
use tidings::{Change, GetError};

use super::error::of_get;
use super::view::State;
use crate::connect::Connection;
use crate::exit::Exit;
use crate::output::Output;

/// Shows the value of a key.
///
/// As text it is the value alone; as JSON also its revision and its time. A value that is no JSON is shown as
/// the bytes that it is.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tidings kv get sessions acme.7\n  \
    tidings kv get sessions acme.7 --format json")]
pub(crate) struct Get {
    /// The bucket.
    bucket: String,
    /// The key, such as `acme.7`.
    #[arg(id = "bucket_key", value_name = "KEY")]
    key: String,
}

impl Get {
    pub(super) async fn run(
        self,
        connection: &Connection,
        output: &mut Output,
    ) -> anyhow::Result<Exit> {
        let Self { bucket, key } = self;
        let (_bus, values) = super::open(connection, &bucket).await?;
        let state = match values.last(key.as_str()).await {
            Ok(Some(Change::Put(entry))) => State::entry(entry),
            Ok(Some(change)) => {
                let state = State::change(change);
                bail!("`{key}` in bucket `{bucket}` has no value {}", state.value());
            }
            Ok(None) => bail!("`{key}` in bucket `{bucket}` has no value"),
            Err(GetError::Entry(error)) => match State::unreadable(&error) {
                Some(state) => state,
                None => return Err(error.into()),
            },
            Err(error) => return Err(of_get(error)),
        };
        output.write(|| state.value(), || state.json())?;
        Ok(Exit::Done)
    }
}
