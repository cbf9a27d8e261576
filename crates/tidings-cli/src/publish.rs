//! `tidings publish`.

use std::time::Duration;

use anyhow::{Context as _, bail};
use async_nats::HeaderValue;
use clap::Args;
use serde_json::{Value, json};
use std::str::FromStr as _;
use tidings::Headers;
use tidings_contract::Kind;

use crate::connect::{AskError, Client, Connection};
use crate::draft::{Draft, Ready};
use crate::exit::{Exit, Usage};
use crate::output::Output;
use crate::terminal;

/// Longest time that one confirmation may take before the event is sent again with its id, and the
/// number of times that it is sent.
const CONFIRMATION: (Duration, u32) = (Duration::from_secs(3), 3);

/// Publishes one event, checked by what its contract says that a writer writes.
///
/// The tokens of the subject are filled from the payload's fields of that name. An event that a stream
/// keeps is stored when the command ends with 0, and is sent with an id, so that a copy is a duplicate.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    tidings publish stock.low --json '{\"sku\": \"a-1\", \"left\": 2}'\n  \
    tidings publish orders.created.v1 --json - --header tenant=a --dry-run < order.json")]
pub(crate) struct Publish {
    #[command(flatten)]
    draft: Draft,
    /// The message's id, by which its stream knows it again; else a new one.
    #[arg(long)]
    id: Option<String>,
    /// Sends nothing, and shows what would be sent.
    #[arg(long)]
    dry_run: bool,
}

impl Publish {
    pub(crate) async fn run(
        self,
        connection: &Connection,
        output: &mut Output,
    ) -> anyhow::Result<Exit> {
        let mut ready = self.draft.prepare(Kind::Event)?;
        let stream = ready.message.stream.clone();
        let made = || stream.as_ref().map(|_| uuid::Uuid::now_v7().to_string());
        let id = self.id.or_else(made);
        if let Some(id) = &id {
            let value = HeaderValue::from_str(id)
                .map_err(|error| Usage(format!("the id {id:?} can't be sent: {error}")))?;
            if id.is_empty() {
                return Err(Usage("an id is not empty: leave out `--id`".to_owned()).into());
            }
            ready.headers.insert(Headers::MESSAGE_ID, value);
        }
        if let Some(stream) = &stream {
            ready.headers.insert(Headers::EXPECTED_STREAM, stream.as_str());
        }
        let mut told = json!({
            "message": ready.message.tag(),
            "subject": ready.subject,
            "id": id,
            "stream": stream,
            "dry_run": self.dry_run,
        });
        if self.dry_run {
            told["headers"] = json!(ready.header_lines());
            output.write(|| ready.text(), || told)?;
            return Ok(Exit::Done);
        }
        let mut client = connection.client().await?;
        let name = terminal::line(&ready.message.tag());
        let subject = terminal::line(&ready.subject);
        if let Some(stream) = &stream {
            let ack = store(&mut client, &ready, stream).await?;
            let (sequence, duplicate) = (ack["seq"].clone(), ack["duplicate"] == true);
            told["sequence"] = sequence.clone();
            told["duplicate"] = duplicate.into();
            let text = || {
                let known = if duplicate { ", a duplicate: it was there" } else { "" };
                let stream = terminal::line(stream);
                format!("{name} on {subject}: stored in {stream} as {sequence}{known}")
            };
            output.write(text, || told)?;
        } else {
            let Ready { subject: to, headers, payload, .. } = &ready;
            let sent = client.nats.publish_with_headers(
                to.clone(),
                headers.clone(),
                payload.clone().into(),
            );
            sent.await.context("it was not sent")?;
            client.settle().await.context("it was not published")?;
            output.write(|| format!("{name} on {subject}: published"), || told)?;
        }
        Ok(Exit::Done)
    }
}

/// Sends it until its stream confirms it.
async fn store(client: &mut Client, ready: &Ready, stream: &str) -> anyhow::Result<Value> {
    let (within, times) = CONFIRMATION;
    let mut attempt = 1;
    let answer = loop {
        let (headers, payload) = (ready.headers.clone(), ready.payload.clone().into());
        match client.ask(&ready.subject, headers, payload, within).await {
            Err(AskError::TimedOut(..)) if attempt < times => attempt += 1,
            Err(AskError::Nobody(subject)) => bail!(
                "no stream keeps {subject}: {stream} is missing or has other subjects; \
                 `tidings stream plan` says which, `tidings stream apply` mends it"
            ),
            answer => break answer.context("it is not known to be stored")?,
        }
    };
    let ack: Value = serde_json::from_slice(&answer.payload)
        .context("what answered is no stream: its confirmation is no JSON")?;
    if let Some(why) = ack["error"]["description"].as_str() {
        bail!("stream {stream} refuses it: {why}");
    }
    if ack["stream"] != *stream {
        bail!("what answered is not stream {stream}, but {}", ack["stream"]);
    }
    Ok(ack)
}
