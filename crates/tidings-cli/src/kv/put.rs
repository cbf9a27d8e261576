//! `tidings kv put`.

use std::io::{self, Read as _};
use std::time::Duration;

use clap::Args;
use humantime::parse_duration;
use serde_json::{Value, json};

use super::error::of_put;
use crate::connect::Connection;
use crate::exit::{Exit, Usage};
use crate::output::Output;
use crate::terminal;

/// The largest value that is read, in bytes: more than a NATS server takes.
const LARGEST: u64 = 64 << 20;

/// Stores a value, whatever was there.
///
/// `--create` stores it only if the key has none, `--revision` only in place of the value with that revision;
/// else nothing is stored, and the exit code is 1.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tidings kv put limits api.requests 100\n  \
    tidings kv put sessions acme.7 '{\"cart\": []}' --revision 12 --ttl 30m")]
pub(crate) struct Put {
    /// The bucket.
    bucket: String,
    /// The key, such as `acme.7`.
    #[arg(id = "bucket_key", value_name = "KEY")]
    key: String,
    /// The value; `-` is the standard input.
    #[arg(value_name = "JSON", allow_hyphen_values = true)]
    value: String,
    /// Stores it only if the key has no value.
    #[arg(long, conflicts_with = "revision")]
    create: bool,
    /// Stores it only in place of the value with this revision.
    #[arg(long, value_name = "NUMBER")]
    revision: Option<u64>,
    /// Lets it expire after this time: whole seconds, in a bucket that has `limit_markers`.
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    ttl: Option<Duration>,
}

impl Put {
    pub(super) async fn run(
        self,
        connection: &Connection,
        output: &mut Output,
    ) -> anyhow::Result<Exit> {
        let Self { bucket, key, create, revision, ttl, .. } = &self;
        let value = self.value()?;
        let (_bus, values) = super::open(connection, bucket).await?;
        let mut write = match revision {
            _ if *create => values.create(key, &value),
            Some(revision) => values.update(key, &value, *revision),
            None => values.put(key, &value),
        };
        if let Some(ttl) = *ttl {
            write = write.ttl(ttl);
        }
        let revision = write.await.map_err(of_put)?;
        output.write(
            || {
                format!(
                    "{} of {}: revision {revision}",
                    terminal::line(key),
                    terminal::line(bucket)
                )
            },
            || json!({ "bucket": bucket, "key": key, "revision": revision }),
        )?;
        Ok(Exit::Done)
    }

    fn value(&self) -> anyhow::Result<Value> {
        let mut text = self.value.clone();
        if text == "-" {
            text.clear();
            io::stdin().take(LARGEST + 1).read_to_string(&mut text)?;
            if text.len() as u64 > LARGEST {
                return Err(Usage("the value is larger than 64 MiB".to_owned()).into());
            }
        }
        serde_json::from_str(&text).map_err(|error| {
            let why = format!("the value is no JSON: {error}; a text has quotes: '\"a text\"'");
            Usage(why).into()
        })
    }
}
