//! Selection of dead letters: the arguments that the commands share.

use std::convert::Infallible;
use std::time::SystemTime;

use clap::Args;
use tidings::{Bus, DeadLetterFilter, DeadLetterReason, DeadLetters};

use crate::moment;

/// Owner of the letters: a registry or a stream.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(super) struct Whose {
    /// The registry whose handlers failed.
    #[arg(long, value_name = "NAME")]
    registry: Option<String>,
    /// A dead-letter stream, such as one that registries share.
    #[arg(long = "in", value_name = "STREAM")]
    letters: Option<String>,
}

impl Whose {
    pub(super) fn letters(&self, bus: &Bus) -> DeadLetters {
        match (&self.registry, &self.letters) {
            (_, Some(stream)) => bus.dead_letters_in(stream),
            (registry, None) => bus.dead_letters(registry.as_deref().unwrap_or_default()),
        }
    }
}

/// Selection of letters. All that is asked for must hold; nothing asked for is all.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Which letters")]
pub(super) struct Choice {
    /// Letters of messages of this stream.
    #[arg(long)]
    stream: Option<String>,
    /// Letters of what this consumer could not handle.
    #[arg(long)]
    consumer: Option<String>,
    /// Letters of messages whose subject this filter matches, such as `orders.*.created`.
    #[arg(long)]
    subject: Option<String>,
    /// Letters with this reason: rejected, undecodable, attempts, elapsed, deliveries or unreadable.
    #[arg(long, value_parser = reason)]
    reason: Option<DeadLetterReason>,
    /// Letters of the message with this id.
    #[arg(long, value_name = "ID")]
    message_id: Option<String>,
    /// Put aside then or later: a time (RFC 3339), or how long ago (90s, 30m, 2h, 7d).
    #[arg(long, value_name = "TIME", value_parser = moment::read)]
    since: Option<SystemTime>,
    /// Put aside before then.
    #[arg(long, value_name = "TIME", value_parser = moment::read)]
    until: Option<SystemTime>,
    /// Maximum number of letters, the oldest first.
    #[arg(long, value_name = "NUMBER")]
    limit: Option<u64>,
}

fn reason(word: &str) -> Result<DeadLetterReason, Infallible> {
    word.parse()
}

impl Choice {
    pub(super) fn filter(self) -> DeadLetterFilter {
        self.narrow(DeadLetterFilter::all())
    }

    /// The letters for which all that is asked for holds.
    fn narrow(self, mut filter: DeadLetterFilter) -> DeadLetterFilter {
        let Self { stream, consumer, subject, reason, message_id, since, until, limit } = self;
        if let Some(stream) = stream {
            filter = filter.stream(stream);
        }
        if let Some(consumer) = consumer {
            filter = filter.consumer(consumer);
        }
        if let Some(subject) = subject {
            filter = filter.subject(subject);
        }
        if let Some(reason) = reason {
            filter = filter.reason(reason);
        }
        if let Some(id) = message_id {
            filter = filter.message_id(id);
        }
        if let Some(since) = since {
            filter = filter.since(since);
        }
        if let Some(until) = until {
            filter = filter.until(until);
        }
        if let Some(limit) = limit {
            filter = filter.limit(limit);
        }
        filter
    }
}

/// Letters by their sequences, by what is asked of them, or by both.
#[derive(Debug, Args)]
pub(super) struct Chosen {
    /// Letters by their sequences, as far as all else that is asked for holds of them; without any,
    /// all of which that holds.
    #[arg(value_name = "SEQUENCE")]
    sequences: Vec<u64>,
    #[command(flatten)]
    choice: Choice,
}

impl Chosen {
    /// A filter for each, to be done one after the other, and how many letters may be dealt with in
    /// all.
    pub(super) fn filters(self) -> (Vec<DeadLetterFilter>, u64) {
        let Self { mut sequences, choice } = self;
        let most = choice.limit.unwrap_or(u64::MAX);
        if sequences.is_empty() {
            return (vec![choice.filter()], most);
        }
        if choice.limit.is_some() {
            // The oldest first.
            sequences.sort_unstable();
        }
        let one = |sequence| choice.clone().narrow(DeadLetterFilter::from(sequence));
        (sequences.into_iter().map(one).collect(), most)
    }
}

/// Returns `true` if the filters ask for nothing: all letters are meant.
pub(super) fn is_all(filters: &[DeadLetterFilter]) -> bool {
    filters == [DeadLetterFilter::all()]
}
