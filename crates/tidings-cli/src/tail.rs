//! `tidings tail`.

mod history;
mod record;

use std::time::SystemTime;

use anyhow::{Context as _, bail};
use async_nats::{Event, Subscriber};
use clap::Args;
use futures_util::StreamExt as _;
use tidings_subject::check_filter;

use crate::connect::{Client, Connection, denial};
use crate::contract::{Contracts, Schemas};
use crate::exit::{Exit, Usage};
use crate::output::Output;
use crate::terminal;
use history::{From, History};
use record::Record;

/// Shows messages as they come, each with what its contract says of it.
///
/// Without `--stream` it listens from now on, and what comes faster than it is written is dropped and
/// counted. With `--stream` it reads what the stream keeps and goes on with what is added: message by
/// message by request, so no consumer is left behind, and none is made. Nothing is acknowledged or changed.
/// What is added is shown within a second.
///
/// A line says when, on which subject, which message by the contracts, and the payload. Below it stands,
/// after `!`, why a contract refuses it, that no contract knows it, or that it is no JSON.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  tidings tail 'orders.>'\n  \
    tidings tail 'orders.*.created' --stream ORDERS --from 2h --count 10 --format json")]
pub(crate) struct Tail {
    /// The subjects, such as `orders.*.created` or `orders.>`.
    filter: String,
    /// The stream whose messages are shown, first what it has.
    #[arg(long, value_name = "NAME")]
    stream: Option<String>,
    /// Begins here in the stream: `beginning`, a sequence, a time (RFC 3339), or how long ago (90s, 2h).
    #[arg(long, value_name = "WHERE", requires = "stream", default_value = "beginning")]
    from: From,
    #[command(flatten)]
    schemas: Schemas,
    /// Shows headers too.
    #[arg(long)]
    headers: bool,
    /// Ends after so many messages.
    #[arg(long, value_name = "NUMBER")]
    count: Option<u64>,
}

impl Tail {
    pub(crate) async fn run(
        self,
        connection: &Connection,
        output: &mut Output,
    ) -> anyhow::Result<Exit> {
        let filter = self.filter.as_str();
        check_filter(filter).map_err(|error| Usage(format!("{filter:?} is no filter: {error}")))?;
        let catalog = self.schemas.read_if_there()?;
        let contracts = Contracts::new(catalog.as_ref());
        let mut client = connection.client().await?;
        let mut source = if let Some(stream) = &self.stream {
            Source::Stream(History::open(&mut client, stream, filter, &self.from).await?)
        } else {
            let subscriber = client.nats.subscribe(filter.to_owned()).await?;
            let settled = client.settle().await;
            let barrier = settled.with_context(|| format!("can't listen to {filter}"))?;
            Source::Live { subscriber, barrier }
        };
        terminal::note(&format!("following {filter}; Ctrl-C ends it"));
        let end = tokio::signal::ctrl_c();
        tokio::pin!(end);
        let (mut shown, mut lost) = (0, Lost::default());
        while self.count.is_none_or(|count| shown < count) {
            let record = tokio::select! {
                _ = &mut end => break,
                record = source.next(&mut client, &mut lost) => record?,
            };
            let reading = contracts.read(&record.subject, &record.headers, &record.payload);
            output.write_as(
                reading.verdict.level(),
                || record.text(&reading, self.headers),
                || record.json(&reading, self.headers),
            )?;
            output.flush()?;
            shown += 1;
        }
        terminal::note(&format!("{shown} shown{lost}"));
        Ok(Exit::Done)
    }
}

/// Messages that were not shown.
#[derive(Debug, Default)]
struct Lost {
    dropped: u64,
    interruptions: u64,
}

impl std::fmt::Display for Lost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.dropped > 0 {
            write!(f, ", at least {} dropped because they came too fast", self.dropped)?;
        }
        if self.interruptions > 0 {
            let times = self.interruptions;
            write!(f, ", and what came while the connection was lost ({times} times)")?;
        }
        Ok(())
    }
}

enum Source {
    Live {
        subscriber: Subscriber,
        /// The subject by which was found that the server knows of it.
        barrier: String,
    },
    Stream(History),
}

impl Source {
    async fn next(&mut self, client: &mut Client, lost: &mut Lost) -> anyhow::Result<Record> {
        let (subscriber, barrier) = match self {
            Self::Live { subscriber, barrier } => (subscriber, barrier),
            Self::Stream(history) => return history.next(client).await,
        };
        loop {
            tokio::select! {
                message = subscriber.next() => {
                    let message = message.context("the connection was closed")?;
                    if message.subject.as_str() == barrier.as_str() {
                        continue;
                    }
                    return Ok(Record::live(message, SystemTime::now()));
                }
                Some(event) = client.events.recv() => {
                    if let Some(text) = denial(&event) {
                        bail!("the server does not allow it: {text}");
                    }
                    match event {
                        Event::SlowConsumer(_) => {
                            if lost.dropped == 0 {
                                terminal::note("messages come faster than they are written: some are dropped");
                            }
                            lost.dropped += 1;
                        }
                        Event::Disconnected => {
                            lost.interruptions += 1;
                            terminal::note("the connection is lost: what comes meanwhile is not shown");
                        }
                        _ => {}
                    }
                }
            }
        }
    }
}
