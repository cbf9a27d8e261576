//! Messages whose headers break a connection: found by reading what was delivered and did not come.
//!
//! The client's parser gives the whole connection up over a header block that it can't read. The
//! message comes again after its ack wait, and breaks the next one, without end. So whoever has lost
//! its connection while it waited for messages looks through those that were delivered and not
//! settled; they are read as JSON, which harms nobody.

use std::sync::Arc;

use serde::Deserialize;
use tidings_subject::matches;

use super::settle::Deliverer;
use super::{Nats, NatsSettle};
use crate::subject::Subject;
use crate::transport::{
    ConsumerConfig, Fault, Receipt, Settle, StoredHeaders, StoredMessage, Unreadable, Which,
};

/// How many messages are read at a time.
const MOST: usize = 1000;

/// What was found among some messages.
#[derive(Debug)]
pub(super) struct Look {
    pub(super) found: Vec<Unreadable>,
    /// The last message that was looked at. All up to here that were not found can be read: stored
    /// messages never change.
    pub(super) looked: u64,
    /// Whether there are more.
    pub(super) more: bool,
}

#[derive(Deserialize)]
struct Info {
    delivered: Position,
    ack_floor: Position,
    num_ack_pending: u64,
}

#[derive(Deserialize)]
struct Position {
    stream_seq: u64,
}

impl Nats {
    /// Looks through what a durable consumer has delivered and nobody has settled, behind the
    /// message `looked`.
    pub(super) async fn look_through(
        &self,
        stream: &str,
        deliverer: &Arc<Deliverer>,
        looked: u64,
    ) -> Result<Look, Fault> {
        let ConsumerConfig { name: consumer, filters, .. } = &deliverer.config;
        let info: Info = self.ask(format!("CONSUMER.INFO.{stream}.{consumer}")).await?;
        let last = info.delivered.stream_seq;
        let mut look = Look { found: Vec::new(), looked, more: false };
        if info.num_ack_pending == 0 {
            look.looked = last;
            return Ok(look);
        }
        look.looked = looked.max(info.ack_floor.stream_seq);
        for _ in 0..MOST {
            let Some(message) = self.stored_after(stream, filters, look.looked, last).await? else {
                look.looked = last;
                return Ok(look);
            };
            look.looked = message.sequence;
            if matches!(message.headers, StoredHeaders::Unreadable(_)) {
                look.found.push(unreadable(stream, deliverer, message));
            }
        }
        look.more = true;
        Ok(look)
    }

    /// The first message behind `after` that no client can read, among as many as are looked
    /// through at a time, and the sequence of the one before it.
    pub(super) async fn first_unreadable(
        &self,
        stream: &str,
        filters: &[Subject],
        after: u64,
    ) -> Result<Option<(StoredMessage, u64)>, Fault> {
        let mut after = after;
        for _ in 0..MOST {
            let Some(message) = self.stored_after(stream, filters, after, u64::MAX).await? else {
                return Ok(None);
            };
            if matches!(message.headers, StoredHeaders::Unreadable(_)) {
                return Ok(Some((message, after)));
            }
            after = message.sequence;
        }
        Ok(None)
    }

    /// The next message behind `after`, and not behind `last`, that a filter matches; without
    /// filters all do.
    async fn stored_after(
        &self,
        stream: &str,
        filters: &[Subject],
        after: u64,
        last: u64,
    ) -> Result<Option<StoredMessage>, Fault> {
        let filter = match filters {
            [one] => one.as_str(),
            _ => ">",
        };
        let mut after = after;
        while after < last {
            let next = Which::Next { from: after + 1, filter };
            let Some(message) = self.stored(stream, next).await? else { return Ok(None) };
            let subject = message.subject.as_str();
            if filters.is_empty() || filters.iter().any(|filter| matches(filter.as_str(), subject))
            {
                return Ok(Some(message).filter(|message| message.sequence <= last));
            }
            after = message.sequence;
        }
        Ok(None)
    }
}

fn unreadable(stream: &str, deliverer: &Arc<Deliverer>, message: StoredMessage) -> Unreadable {
    let consumer = deliverer.config.name.as_str();
    let receipt = Receipt {
        stream: stream.into(),
        consumer: consumer.into(),
        sequence: message.sequence,
        attempt: 1,
        pending: 0,
        stored_at: message.stored_at,
    };
    let ack = super::settle::ack_of(stream, consumer, message.sequence);
    let settle = NatsSettle::new(deliverer, ack.into(), 1, 0);
    Unreadable { message, receipt, settle: Some(Settle::Nats(settle)) }
}
