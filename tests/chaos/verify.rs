//! Verification of what is stored in the end against what was promised.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use async_nats::jetstream::consumer::PullConsumer;
use async_nats::jetstream::{self, ErrorCode, consumer, stream};
use futures_util::StreamExt as _;
use serde::Deserialize;
use tidings::prelude::EventStream as _;
use tokio::time::timeout;

use crate::event::{CONSUMER, DEAD_LETTERS, Fate, Results, Works};
use crate::option::Options;
use crate::publisher::Published;

/// Longest time that one stored message may take to come.
const SOON: Duration = Duration::from_secs(20);

/// Reports of the workers on each event: the attempts, one after the other.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    pub(crate) of: BTreeMap<u32, Vec<(u64, String)>>,
}

impl Heard {
    /// Enters a worker's line. Returns `true` if the event is heard of for the first time.
    pub(crate) fn hear(&mut self, line: &str) -> Result<bool> {
        let words: Vec<&str> = line.split(' ').collect();
        let [number, attempt, outcome] = words[..] else { bail!("a worker says {line:?}") };
        let lines = self.of.entry(number.parse()?).or_default();
        lines.push((attempt.parse()?, outcome.to_owned()));
        Ok(lines.len() == 1)
    }

    fn count(&self, one: impl Fn(&(u64, String)) -> bool) -> usize {
        self.of.values().flatten().filter(|line| one(line)).count()
    }
}

/// Contents of the streams: by number, how often or why.
#[derive(Debug)]
pub(crate) struct Stored {
    begun: BTreeMap<u32, usize>,
    finished: BTreeMap<u32, usize>,
    dead: BTreeMap<u32, Vec<String>>,
}

/// Field that all payloads have.
#[derive(Deserialize)]
struct Numbered {
    number: u32,
}

/// Fails while messages are not accounted for yet; as text, since whoever waits wants to say so.
pub(crate) async fn left(jetstream: &jetstream::Context) -> Result<(), String> {
    let said = |error: &dyn std::fmt::Display| error.to_string();
    let works = jetstream.get_stream(Works::NAME).await.map_err(|error| said(&error))?;
    let begun = works.cached_info().state.messages;
    let finished = count(jetstream, Results::NAME).await.map_err(|error| said(&error))?;
    let dead = count(jetstream, DEAD_LETTERS).await.map_err(|error| said(&error))?;
    let workers: PullConsumer = works.get_consumer(CONSUMER).await.map_err(|error| said(&error))?;
    let info = workers.cached_info();
    if finished + dead >= begun && info.num_pending == 0 && info.num_ack_pending == 0 {
        return Ok(());
    }
    Err(format!(
        "{begun} begun, {finished} finished, {dead} dead letters; {} pending, {} unsettled",
        info.num_pending, info.num_ack_pending
    ))
}

async fn count(jetstream: &jetstream::Context, name: &str) -> Result<u64> {
    Ok(find(jetstream, name).await?.map_or(0, |stream| stream.cached_info().state.messages))
}

async fn find(jetstream: &jetstream::Context, name: &str) -> Result<Option<stream::Stream>> {
    match jetstream.get_stream(name).await {
        Ok(stream) => Ok(Some(stream)),
        Err(error) => match error.kind() {
            jetstream::context::GetStreamErrorKind::JetStream(error)
                if error.error_code() == ErrorCode::STREAM_NOT_FOUND =>
            {
                Ok(None)
            }
            _ => Err(error).with_context(|| format!("stream {name}")),
        },
    }
}

impl Stored {
    pub(crate) async fn read(jetstream: &jetstream::Context) -> Result<Self> {
        let mut stored =
            Self { begun: BTreeMap::new(), finished: BTreeMap::new(), dead: BTreeMap::new() };
        each(jetstream, Works::NAME, |number, _| *stored.begun.entry(number).or_default() += 1)
            .await?;
        each(jetstream, Results::NAME, |number, _| {
            *stored.finished.entry(number).or_default() += 1;
        })
        .await?;
        each(jetstream, DEAD_LETTERS, |number, why| {
            stored.dead.entry(number).or_default().push(why);
        })
        .await?;
        Ok(stored)
    }

    /// Prints the counts, and fails if an event has not exactly one end.
    pub(crate) fn settle(
        &self,
        options: &Options,
        published: &Published,
        heard: &Heard,
    ) -> Result<()> {
        println!(
            "published: {} acked ({} of them after a repetition), {} unconfirmed ({} stored), {} refused; {} stored",
            published.acked.len(),
            published.repeated,
            published.unconfirmed.len(),
            published.unconfirmed.iter().filter(|number| self.begun.contains_key(number)).count(),
            published.unsent.len(),
            self.begun.len(),
        );
        let mut refusals: BTreeMap<&str, usize> = BTreeMap::new();
        for why in published.unsent.values() {
            *refusals.entry(why).or_default() += 1;
        }
        for (why, count) in refusals {
            println!("  {count} times: {why}");
        }
        let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
        for why in self.dead.values().flatten() {
            *reasons.entry(why).or_default() += 1;
        }
        println!(
            "ends: {} follow-ups, {} dead letters {reasons:?}",
            self.finished.values().sum::<usize>(),
            self.dead.values().map(Vec::len).sum::<usize>(),
        );
        let done = |(_, outcome): &(u64, String)| outcome == "finished" || outcome == "repeated";
        let twice = heard.of.values().filter(|lines| lines.iter().filter(|l| done(l)).count() > 1);
        println!(
            "handlers: {} runs, {} of a redelivery, {} events handled twice, {} follow-ups that were stored already",
            heard.count(|_| true),
            heard.count(|(attempt, _)| *attempt > 1),
            twice.count(),
            heard.count(|(_, outcome)| outcome == "repeated"),
        );
        let wrong = self.wrong(options.seed, published);
        ensure!(
            wrong.is_empty(),
            "{} of {} events have no right end:\n{}",
            wrong.len(),
            options.events,
            wrong
                .iter()
                .take(20)
                .map(|(number, why)| format!("  {number}: {why}; {:?}", heard.of.get(number)))
                .collect::<Vec<_>>()
                .join("\n"),
        );
        Ok(())
    }

    /// Events that are not as they should be, and what is wrong with each.
    fn wrong(&self, seed: u64, published: &Published) -> Vec<(u32, String)> {
        let mut wrong = Vec::new();
        let mut all: BTreeSet<u32> = published.acked.clone();
        all.extend(published.unsent.keys().chain(&published.unconfirmed));
        all.extend(self.begun.keys().chain(self.finished.keys()).chain(self.dead.keys()));
        for number in all {
            let fate = Fate::of(seed, number);
            let begun = self.begun.get(&number).copied().unwrap_or(0);
            let finished = self.finished.get(&number).copied().unwrap_or(0);
            let dead = self.dead.get(&number).map_or(&[][..], Vec::as_slice);
            let lost = published.acked.contains(&number) && begun == 0;
            let refused = published.unsent.get(&number).filter(|_| begun > 0);
            let ends = finished + dead.len();
            let other = finished > 0 && !fate.is_mended();
            if lost || refused.is_some() || begun > 1 || ends != begun || other {
                wrong.push((
                    number,
                    format!(
                        "{fate:?}, stored {begun} times, {finished} follow-ups, dead letters {dead:?}{}",
                        refused.map(|why| format!(", though {why}")).unwrap_or_default()
                    ),
                ));
            }
        }
        wrong
    }
}

/// Messages of a stream, by their numbers; and why each is here, where it is a dead letter.
async fn each(
    jetstream: &jetstream::Context,
    name: &str,
    mut see: impl FnMut(u32, String),
) -> Result<()> {
    let Some(stream) = find(jetstream, name).await? else { return Ok(()) };
    let mut left = stream.cached_info().state.messages;
    if left == 0 {
        return Ok(());
    }
    let config = consumer::pull::OrderedConfig::default();
    let mut messages = stream.create_consumer(config).await?.messages().await?;
    while left > 0 {
        let message = timeout(SOON, messages.next()).await;
        let message = message.with_context(|| format!("{name}: {left} messages don't come"))?;
        let message = message.with_context(|| format!("{name} ends, {left} before its end"))??;
        left = message.info().map_err(|error| anyhow::anyhow!("{error}"))?.pending;
        // What is no message of ours, such as an advisory that waits to be read.
        let Ok(Numbered { number }) = serde_json::from_slice(&message.payload) else { continue };
        let why = message.headers.as_ref().and_then(|headers| headers.get("Tidings-Dl-Reason"));
        see(number, why.map(ToString::to_string).unwrap_or_default());
    }
    Ok(())
}
