//! The rows: what is compared, with how many messages, and which ratio is wanted.

use std::pin::Pin;
use std::sync::Arc;

use anyhow::{Result, bail};

use super::{
    core_publish, core_receive, memory_handle, request, stream_consume, stream_publish,
    stream_replay,
};
use crate::environment::Environment;
use crate::lap::Lap;

/// Prepares one lap of so many messages.
pub(crate) type Side =
    fn(Arc<Environment>, usize) -> Pin<Box<dyn Future<Output = Result<Lap>> + Send>>;

/// A thing that is compared.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) what: &'static str,
    /// The least ratio that is wanted; `None` where the row is for reference.
    pub(crate) target: Option<f64>,
    /// Number of messages of each side in a round.
    pub(crate) messages: usize,
    /// Number of laps in which it does them, raw and ours in turns. Who waits for each answer
    /// depends on which thread wakes which, and that changes from lap to lap.
    pub(crate) turns: usize,
    pub(crate) figure: Figure,
    /// Runtime threads that the row runs on.
    pub(crate) threads: Threads,
    pub(crate) raw: Side,
    /// `None` where there is nothing to compare with. In a row whose name begins with `ceiling_` it
    /// is a client that costs nothing, and its ratio what there is to be had.
    pub(crate) ours: Option<Side>,
}

/// Kind of figure that a row shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Figure {
    /// Messages in a second.
    Rate,
    /// Time that each message takes: the median and the 99th percentile.
    Latency,
}

/// Runtime threads of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Threads {
    /// A worker for each core.
    All,
    /// A single thread: what counts is the work, and not how well it is spread.
    One,
}

/// A side, from the async function that prepares its laps.
macro_rules! side {
    ($prepare:path) => {
        |environment, messages| Box::pin($prepare(environment, messages))
    };
}

/// A row of rates, with both sides, on all threads.
macro_rules! row {
    ($name:literal, $what:literal, $target:expr, $messages:literal, $raw:path, $ours:path) => {
        Row {
            name: $name,
            what: $what,
            target: $target,
            messages: $messages,
            turns: 1,
            figure: Figure::Rate,
            threads: Threads::All,
            raw: side!($raw),
            ours: Some(side!($ours)),
        }
    };
}

#[cfg(feature = "optional")]
mod optional;

/// The rows that each build has, in the order of the table.
static ROWS: &[Row] = &[
    row!(
        "core_publish",
        "`bus.publish` of a core event, static subject",
        Some(0.98),
        300_000,
        core_publish::raw,
        core_publish::ours
    ),
    row!(
        "core_publish_tokens",
        "the same, with two tokens of the subject from fields",
        Some(1.0),
        300_000,
        core_publish::raw_tokens,
        core_publish::ours_tokens
    ),
    row!(
        "core_subscribe",
        "typed subscription, decoded",
        Some(0.98),
        200_000,
        core_receive::raw_subscribe,
        core_receive::ours_subscribe
    ),
    row!(
        "core_handle",
        "registry, queue group, one handler",
        Some(0.95),
        200_000,
        core_receive::raw_handle,
        core_receive::ours_handle
    ),
    Row {
        name: "stream_publish",
        what: "each ack awaited before the next, with Msg-Id",
        target: Some(1.0),
        messages: 5_000,
        turns: 25,
        figure: Figure::Rate,
        threads: Threads::All,
        raw: side!(stream_publish::raw_serial),
        ours: Some(side!(stream_publish::ours_serial)),
    },
    row!(
        "stream_publish_concurrent",
        "256 tasks, each awaiting its ack, with Msg-Id",
        Some(1.4),
        51_200,
        stream_publish::raw_concurrent,
        stream_publish::ours_concurrent
    ),
    row!(
        "stream_publish_all",
        "`publish_all`, every message confirmed, with Msg-Id; raw: FuturesUnordered, 1000 on the way",
        Some(1.6),
        50_000,
        stream_publish::raw_all,
        stream_publish::ours_all
    ),
    row!(
        "stream_publish_ingest",
        "the same on a stream that allows fast ingest",
        Some(2.0),
        50_000,
        stream_publish::raw_ingest,
        stream_publish::ours_ingest
    ),
    row!(
        "stream_consume_1",
        "durable, decoded, each acked after its handler, one at a time",
        Some(1.15),
        100_000,
        stream_consume::raw_1,
        stream_consume::ours_1
    ),
    row!(
        "stream_consume_64",
        "the same, 64 at a time",
        Some(1.15),
        100_000,
        stream_consume::raw_64,
        stream_consume::ours_64
    ),
    row!(
        "stream_consume_cumulative",
        "one at a time, one ack for many; raw: each acked",
        Some(1.6),
        100_000,
        stream_consume::raw_1,
        stream_consume::ours_cumulative
    ),
    row!(
        "stream_replay",
        "a stream's history in order, decoded",
        Some(1.0),
        100_000,
        stream_replay::raw,
        stream_replay::ours
    ),
    Row {
        name: "request",
        what: "one request after the other",
        target: Some(1.0),
        messages: 5_000,
        turns: 25,
        figure: Figure::Latency,
        threads: Threads::All,
        raw: side!(request::raw_serial),
        ours: Some(side!(request::ours_serial)),
    },
    row!(
        "request_concurrent",
        "256 requests in flight",
        Some(1.15),
        51_200,
        request::raw_concurrent,
        request::ours_concurrent
    ),
    Row {
        name: "memory_handle",
        what: "in memory, from `publish` to the handler; raw: serde_json alone, there and back",
        target: Some(0.7),
        messages: 200_000,
        turns: 1,
        figure: Figure::Rate,
        threads: Threads::One,
        raw: side!(memory_handle::raw),
        ours: Some(side!(memory_handle::ours)),
    },
    Row {
        name: "ceiling",
        what: "published into the stream with Msg-Id and no reply, one last ack",
        target: None,
        messages: 50_000,
        turns: 1,
        figure: Figure::Rate,
        threads: Threads::All,
        raw: side!(stream_publish::ceiling),
        ours: None,
    },
    Row {
        name: "ceiling_server",
        what: "the same from bytes that are ready: what the server can store",
        target: None,
        messages: 50_000,
        turns: 1,
        figure: Figure::Rate,
        threads: Threads::All,
        raw: side!(stream_publish::ceiling_server),
        ours: None,
    },
    row!(
        "ceiling_concurrent",
        "`stream_publish_concurrent` by a client that costs nothing: bytes that are ready, 256 on the way",
        None,
        51_200,
        stream_publish::raw_concurrent,
        stream_publish::ceiling_concurrent
    ),
    row!(
        "ceiling_all",
        "`stream_publish_all` by such a client, 1000 on the way",
        None,
        50_000,
        stream_publish::raw_all,
        stream_publish::ceiling_all
    ),
    row!(
        "ceiling_ingest",
        "`stream_publish_ingest` by such a client",
        None,
        50_000,
        stream_publish::raw_ingest,
        stream_publish::ceiling_ingest
    ),
    row!(
        "ceiling_consume",
        "`stream_consume_1` by such a client: each acked, none looked at",
        None,
        100_000,
        stream_consume::raw_1,
        stream_consume::ceiling
    ),
];

/// All rows, in the order of the table.
fn all() -> impl Iterator<Item = &'static Row> {
    #[cfg(feature = "optional")]
    let optional = optional::ROWS;
    #[cfg(not(feature = "optional"))]
    let optional: &[Row] = &[];
    ROWS.iter().chain(optional)
}

/// The rows of these names, or whose names begin so; all if there are none.
pub(crate) fn picked(names: &[String]) -> Result<Vec<&'static Row>> {
    if names.is_empty() {
        return Ok(all().collect());
    }
    let mut picked: Vec<&'static Row> = Vec::new();
    for name in names {
        let exact: Vec<_> = all().filter(|row| row.name == name).collect();
        let found = if exact.is_empty() {
            all().filter(|row| row.name.starts_with(name.as_str())).collect()
        } else {
            exact
        };
        if found.is_empty() || name.is_empty() {
            let names: Vec<_> = all().map(|row| row.name).collect();
            bail!("there is no row `{name}`; there are {}", names.join(", "));
        }
        for row in found {
            if !picked.iter().any(|other| other.name == row.name) {
                picked.push(row);
            }
        }
    }
    Ok(picked)
}
