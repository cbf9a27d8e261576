//! Events that a test's bus published for later, and for which a durable consumer here waits.

use std::collections::HashSet;
use std::time::{Duration, SystemTime};

use super::operation::{Ending, Schedule};
use super::recorder::State;
use super::unfinished::Unfinished;
use crate::header;
use crate::message::versions;
use crate::publish_ack::PublishAck;
use crate::timestamp;
use crate::transport::{Fault, StoredHeaders, StoredMessage, Transport, Which};

/// Time that a server has to deliver a delayed message once it is due.
const DELIVERED_WITHIN: Duration = Duration::from_secs(5);

/// An event that was published for later and is not here.
pub(super) struct Delayed {
    message: String,
    subject: String,
    stream: String,
    schedule: Schedule,
}

impl Delayed {
    /// Time for which it still waits; `None` if it does not: it came, or was cancelled.
    async fn remaining(&self, transport: &Transport) -> Result<Option<Duration>, Fault> {
        let now = transport.now();
        let which = Which::Last { filter: self.schedule.subject.as_str() };
        let waits = transport.stored(&self.stream, which).await?;
        if let Some(at) = waits.and_then(|waits| time_of(&waits)) {
            // It may have been moved.
            return Ok(Some(at.duration_since(now).unwrap_or_default()));
        }
        let is_on_its_way = match transport {
            Transport::Nats(_) => {
                now >= self.schedule.at && now <= self.schedule.at + DELIVERED_WITHIN
            }
            // What is due is delivered before anything is asked.
            Transport::Memory(_) => false,
        };
        Ok(is_on_its_way.then_some(Duration::ZERO))
    }
}

fn time_of(message: &StoredMessage) -> Option<SystemTime> {
    let StoredHeaders::Read(headers) = &message.headers else { return None };
    timestamp::read(headers.get(header::SCHEDULE)?.strip_prefix("@at ")?)
}

/// Lists what is left of what was published for later.
pub(super) async fn left(
    transport: &Transport,
    delayed: Vec<Delayed>,
) -> Result<Vec<Unfinished>, Fault> {
    let mut left = Vec::new();
    for one in delayed {
        if let Some(remaining) = one.remaining(transport).await? {
            let Delayed { message, subject, .. } = one;
            left.push(Unfinished::Delayed { message, subject, remaining });
        }
    }
    Ok(left)
}

impl State {
    /// Lists what was published with a delay, is not here, and a durable consumer here waits for.
    pub(super) fn delayed(&self) -> Vec<Delayed> {
        let durable = || self.listeners.values().filter(|listener| listener.durable.is_some());
        let waited_for = |subject: &str| {
            let mut routes = durable().flat_map(|listener| versions(listener.declarations));
            routes.any(|d| tidings_subject::matches(d.filter, subject))
        };
        let is_here = |schedule: &Schedule| {
            let scheduler = Some(schedule.subject.as_str());
            self.entries.iter().any(|entry| entry.headers.get(header::SCHEDULER) == scheduler)
        };
        // The last one of each is the one that waits.
        let mut seen = HashSet::new();
        let delayed = self.entries.iter().rev().filter_map(|entry| {
            let Ending::Published(Some(PublishAck { duplicate: false, stream, .. })) = &entry.end
            else {
                return None;
            };
            let schedule = entry.schedule.as_ref()?;
            if is_here(schedule)
                || !waited_for(entry.subject.as_str())
                || !seen.insert(schedule.subject.as_str())
            {
                return None;
            }
            Some(Delayed {
                message: entry.name(),
                subject: entry.subject.to_string(),
                stream: stream.clone(),
                schedule: schedule.clone(),
            })
        });
        let mut delayed: Vec<_> = delayed.collect();
        delayed.reverse();
        delayed
    }
}
