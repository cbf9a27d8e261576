//! Messages that break a connection: found by reading what was delivered and did not come.
//!
//! The client's parser gives the whole connection up over a header block that it can't read, and over
//! a subject that a server lets through and that the parser can't tell from what follows it. The
//! message comes again after its ack wait, and breaks the next one, without end. So whoever has lost
//! its connection while it waited for messages looks through those that were delivered and not
//! settled; they are read as JSON, which harms nobody.

use std::sync::Arc;

use serde::Deserialize;

use crate::subject::Subject;
use crate::transport::nats::connection::nats::Nats;
use crate::transport::nats::consumer::settle::Deliverer;
use crate::transport::nats::consumer::settle::NatsSettle;
use crate::transport::{ConsumerConfig, Fault, Receipt, Settle, StoredMessage, Unreadable, Which};

/// Number of messages that are read at a time, where there is one filter.
const MOST: usize = 1000;

/// Result of a look through some messages.
#[derive(Debug)]
pub(crate) struct ScanResult {
    pub(crate) found: Vec<Unreadable>,
    /// The last message that was looked at. All up to here that were not found can be read: stored
    /// messages never change.
    pub(crate) looked: u64,
    /// `true` if there are more.
    pub(crate) more: bool,
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
    pub(crate) async fn scan_unsettled(
        &self,
        stream: &str,
        deliverer: &Arc<Deliverer>,
        looked: u64,
    ) -> Result<ScanResult, Fault> {
        let ConsumerConfig { name: consumer, filters, .. } = &deliverer.config;
        let info: Info = self.ask(format!("CONSUMER.INFO.{stream}.{consumer}")).await?;
        let last = info.delivered.stream_seq;
        let mut look = ScanResult { found: Vec::new(), looked, more: false };
        if info.num_ack_pending == 0 {
            look.looked = last;
            return Ok(look);
        }
        look.looked = looked.max(info.ack_floor.stream_seq);
        for _ in 0..most(filters) {
            let Some(message) = self.stored_after(stream, filters, look.looked, last).await? else {
                look.looked = last;
                return Ok(look);
            };
            look.looked = message.sequence;
            if !self.is_readable(stream, &message).await? {
                look.found.push(unreadable(stream, deliverer, message));
            }
        }
        look.more = true;
        Ok(look)
    }

    /// The first message behind `after` that no client can read, among as many as are looked
    /// through at a time, and the sequence of the one before it.
    pub(crate) async fn first_unreadable(
        &self,
        stream: &str,
        filters: &[Subject],
        after: u64,
    ) -> Result<Option<(StoredMessage, u64)>, Fault> {
        let mut after = after;
        for _ in 0..most(filters) {
            let Some(message) = self.stored_after(stream, filters, after, u64::MAX).await? else {
                return Ok(None);
            };
            if !self.is_readable(stream, &message).await? {
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
        let mut first: Option<StoredMessage> = None;
        let all = [Subject::from_static(">")];
        let filters = if filters.is_empty() { all.as_slice() } else { filters };
        for filter in filters {
            let next = Which::Next { from: after.saturating_add(1), filter: filter.as_str() };
            let found = self.stored(stream, next).await?;
            let is_first = |found: &StoredMessage| {
                first.as_ref().is_none_or(|first| found.sequence < first.sequence)
            };
            if let Some(found) = found.filter(is_first) {
                first = Some(found);
            }
        }
        Ok(first.filter(|message| message.sequence <= last))
    }

    /// Returns `true` if the client's parser can read a message.
    async fn is_readable(&self, stream: &str, message: &StoredMessage) -> Result<bool, Fault> {
        if !message.is_readable() {
            return Ok(false);
        }
        let (sequence, subject) = (message.sequence, message.subject.as_str());
        if !subject.contains(char::REPLACEMENT_CHARACTER) {
            return Ok(true);
        }
        // JSON has it in place of what is not UTF-8, which no subject of text is equal to.
        let same = self.stored(stream, Which::Next { from: sequence, filter: subject }).await?;
        Ok(same.is_some_and(|same| same.sequence == sequence))
    }
}

/// Number of messages that are read at a time: each takes a request for each filter.
fn most(filters: &[Subject]) -> usize {
    (MOST / filters.len().max(1)).max(1)
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
    let ack =
        crate::transport::nats::codec::ack_subject::ack_subject(stream, consumer, message.sequence);
    let settle = NatsSettle::new(deliverer, ack.into(), 1, 0);
    Unreadable { message, receipt, settle: Some(Settle::Nats(settle)) }
}
