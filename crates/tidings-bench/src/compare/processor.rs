//! Processor time for a message, at the server and here.

use std::collections::HashMap;
use std::fs;
use std::ops::AddAssign;
use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use super::sample::{Sample, Spread};

/// Threads of this process that neither side is measured by.
const BESIDE: [&str; 2] = ["flood", "responder"];

/// Processor times at the start of a lap, of the server and of this process. `None` where there is
/// no `/proc`.
#[derive(Debug)]
pub(crate) struct Clock {
    server: u32,
    begun: Option<(Threads, Threads)>,
}

/// The time that each thread of a process has worked, in nanoseconds.
type Threads = HashMap<String, u64>;

/// Processor time of a lap, at the server and here.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
pub(crate) struct Work {
    pub(crate) server: Duration,
    pub(crate) client: Duration,
}

impl AddAssign for Work {
    fn add_assign(&mut self, other: Self) {
        self.server += other.server;
        self.client += other.client;
    }
}

/// Processor time for a message of a row, in seconds, for raw and ours.
#[derive(Debug, Default, Clone, Copy, Serialize)]
pub struct Processor {
    /// Written by hand.
    pub raw: Option<Share>,
    /// Tidings.
    pub ours: Option<Share>,
}

/// Processor time for a message by who works for it, in seconds of one processor: medians of the
/// rounds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Share {
    /// The server.
    pub server: f64,
    /// The process that publishes or handles.
    pub client: f64,
}

impl Share {
    pub(crate) fn of<'a>(samples: impl Iterator<Item = &'a Sample>) -> Option<Self> {
        #[expect(clippy::cast_precision_loss, reason = "a number of messages")]
        let share = |sample: &Sample| {
            let (messages, work) = (sample.messages as f64, sample.work?);
            Some((work.server.as_secs_f64() / messages, work.client.as_secs_f64() / messages))
        };
        let (server, client): (Vec<_>, Vec<_>) = samples.filter_map(share).unzip();
        Some(Self { server: Spread::of(server)?.median, client: Spread::of(client)?.median })
    }
}

impl Clock {
    pub(crate) fn start(server: u32) -> Self {
        Self { server, begun: both(server) }
    }

    /// Processor time since the clock was started.
    pub(crate) fn stop(self) -> Option<Work> {
        let (begun, ended) = (self.begun?, both(self.server)?);
        Some(Work { server: since(&begun.0, &ended.0), client: since(&begun.1, &ended.1) })
    }
}

fn both(server: u32) -> Option<(Threads, Threads)> {
    Some((threads(&server.to_string())?, threads("self")?))
}

fn since(begun: &Threads, ended: &Threads) -> Duration {
    let worked = |(thread, now): (&String, &u64)| now - begun.get(thread).unwrap_or(&0).min(now);
    Duration::from_nanos(ended.iter().map(worked).sum())
}

fn threads(process: &str) -> Option<Threads> {
    let threads = fs::read_dir(format!("/proc/{process}/task")).ok()?;
    let thread = |path: &Path| {
        let name = fs::read_to_string(path.join("comm")).ok()?;
        let worked = fs::read_to_string(path.join("schedstat")).ok()?;
        let worked = worked.split_whitespace().next()?.parse().ok()?;
        let is_beside = BESIDE.contains(&name.trim());
        (!is_beside).then(|| Some((path.file_name()?.to_str()?.to_owned(), worked)))?
    };
    Some(threads.filter_map(|entry| thread(&entry.ok()?.path())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_done_is_the_difference_of_each_thread() {
        let threads = |all: &[(&str, u64)]| -> Threads {
            all.iter().map(|(thread, worked)| ((*thread).to_owned(), *worked)).collect()
        };
        let begun = threads(&[("1", 100), ("2", 50), ("gone", 70)]);
        let ended = threads(&[("1", 130), ("2", 50), ("new", 9)]);
        assert_eq!(since(&begun, &ended), Duration::from_nanos(39));
    }

    #[test]
    fn a_share_is_that_of_one_message() {
        let sample = |server, client| {
            let (server, client) = (Duration::from_secs(server), Duration::from_secs(client));
            Sample { messages: 10, work: Some(Work { server, client }), ..Sample::default() }
        };
        let samples = [sample(10, 20), sample(30, 90), sample(20, 30)];
        let share = Share { server: 2.0, client: 3.0 };
        assert_eq!(Share::of(samples.iter()), Some(share));
        assert_eq!(Share::of([Sample::default()].iter()), None);
    }
}
