//! The rows of the table, and the arguments of a peer.

use clap::{Parser, ValueEnum};

/// One row of the table: what is done, and measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum Row {
    /// Publishes to one subject that no stream keeps.
    CorePublish,
    /// Publishes to a subject that two fields decide.
    CorePublishTokens,
    /// Reads typed events from a subscription.
    CoreSubscribe,
    /// Handles events as a member of a queue group.
    CoreHandle,
    /// Publishes to a stream, and waits for each ack.
    StreamPublish,
    /// 256 tasks publish to a stream, each waiting for its acks.
    StreamPublishConcurrent,
    /// Publishes many to a stream, and waits until all are acked.
    StreamPublishAll,
    /// Handles a durable consumer's messages, one at a time.
    #[value(name = "stream_consume_1")]
    StreamConsume1,
    /// Handles a durable consumer's messages, 64 at a time.
    #[value(name = "stream_consume_64")]
    StreamConsume64,
    /// Reads a stream's history, in order.
    StreamReplay,
    /// Asks, waits for the reply, and asks again.
    Request,
    /// 256 tasks ask, each waiting for its replies.
    RequestConcurrent,
}

/// A peer: measures one row, and prints one line of JSON.
#[derive(Debug, Parser)]
pub struct Peer {
    /// URL of the server.
    #[arg(long)]
    pub url: String,
    /// The work to do.
    #[arg(long, value_enum)]
    pub row: Row,
    /// Number of messages to measure. A fifth more come first, before the clock runs.
    #[arg(long)]
    pub count: u64,
}

impl Peer {
    /// Number of messages that come before the clock runs.
    #[must_use]
    pub fn warm(&self) -> u64 {
        self.count / 5
    }

    /// Number of messages in all, with those before the clock runs.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.warm() + self.count
    }

    /// Number of handlers that run at a time, in the rows that consume.
    #[must_use]
    pub fn concurrency(&self) -> usize {
        if self.row == Row::StreamConsume64 { 64 } else { 1 }
    }

    /// Numbers of the messages that the given task publishes, or asks with.
    pub fn share(
        &self,
        task: u64,
        messages: std::ops::Range<u64>,
    ) -> impl Iterator<Item = u64> + use<> {
        let step = usize::try_from(crate::TASKS).unwrap_or(usize::MAX);
        messages.skip(usize::try_from(task).unwrap_or(usize::MAX)).step_by(step)
    }
}
