//! Tests of the embedded broker, one file for each part of it.

mod connection;
mod consumer;
mod core;
mod expectation;
mod limit;
mod load;
mod manage;
mod redelivery;
mod replay;
mod retention;
mod schedule;
mod stream;

use std::fmt::Debug;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use tokio::time::{Instant, timeout};

use super::{Memory, MemoryPull};
use crate::header::Headers;
use crate::publish_ack::PublishAck;
use crate::stream::StreamConfig;
use crate::subject::Subject;
use crate::transport::{
    ApiError, ConsumerConfig, DeliverFrom, Fault, Incoming, Outgoing, Receipt, Settlement,
};

const SECOND: Duration = Duration::from_secs(1);

#[expect(clippy::needless_pass_by_value, reason = "numbers and texts, as they come")]
fn message(subject: &str, payload: impl ToString) -> Outgoing {
    Outgoing {
        subject: subject.to_owned().into(),
        headers: Headers::new(),
        payload: Bytes::from(payload.to_string()),
    }
}

fn with(mut message: Outgoing, headers: &[(&'static str, &str)]) -> Outgoing {
    for (name, value) in headers {
        message.headers.push(*name, (*value).to_owned());
    }
    message
}

fn filters(filters: &[&str]) -> Vec<Subject> {
    filters.iter().map(|filter| Subject::from((*filter).to_owned())).collect()
}

fn text(message: &Incoming) -> &str {
    std::str::from_utf8(&message.payload).unwrap()
}

fn receipt(message: &Incoming) -> &Receipt {
    message.receipt.as_ref().unwrap()
}

impl Memory {
    async fn tell(&self, subject: &str, payload: impl ToString) {
        self.publish(&message(subject, payload), None).await.unwrap();
    }

    /// Stores a message as JetStream's publish does.
    async fn keep(&self, message: Outgoing) -> Result<PublishAck, Fault> {
        match timeout(SECOND, self.store(&message).await?).await {
            Ok(stored) => stored,
            Err(_) => Err(Fault::Timeout),
        }
    }

    /// Stores messages whose payloads are these numbers.
    async fn keep_all(&self, subject: &str, numbers: std::ops::RangeInclusive<u64>) {
        for number in numbers {
            self.keep(message(subject, number)).await.unwrap();
        }
    }

    async fn with_stream(config: StreamConfig) -> Self {
        let memory = Self::new();
        memory.create_stream(&config).await.unwrap();
        memory
    }

    /// A durable consumer of the stream `S`, and a pull from it.
    async fn consume(&self, config: ConsumerConfig) -> MemoryPull {
        self.create_consumer("S", &config).await.unwrap();
        self.pull("S", &config.name, 1).unwrap()
    }
}

/// A stream `S` of all subjects below `s`.
fn stream() -> StreamConfig {
    StreamConfig::new("S", ["s.>"])
}

fn durable(name: &str) -> ConsumerConfig {
    ConsumerConfig::new(name)
}

/// Waits for what comes next, less than two seconds.
async fn next<S: Stream + Unpin>(stream: &mut S) -> S::Item {
    let start = Instant::now();
    let next = timeout(SECOND * 2, stream.next()).await;
    // A timeout looks a last time when it is over, and finds what nobody was woken for.
    assert!(start.elapsed() < SECOND * 2, "whoever waits is woken");
    next.expect("something arrives").expect("it has not ended")
}

/// The next message of a pull.
async fn take(pull: &mut MemoryPull) -> Incoming {
    next(pull).await.expect("no fault")
}

/// Says that nothing arrives in this time.
async fn silent<S: Stream<Item: Debug> + Unpin>(stream: &mut S, time: Duration) {
    if let Ok(item) = timeout(time, stream.next()).await {
        panic!("nothing was to arrive, not {item:?}");
    }
}

async fn settle(message: &Incoming, settlement: Settlement) {
    message.settle.as_ref().unwrap().send(settlement).await.unwrap();
}

async fn ack(message: &Incoming) {
    settle(message, Settlement::Ack).await;
}

/// The code of an API error.
fn code<T: Debug>(result: Result<T, Fault>) -> u32 {
    match result {
        Err(Fault::Api(error)) => error.code,
        other => panic!("an API error was expected, not {other:?}"),
    }
}

fn description<T: Debug>(result: Result<T, Fault>) -> String {
    match result {
        Err(Fault::Api(error)) => error.description,
        other => panic!("an API error was expected, not {other:?}"),
    }
}
