//! Streams that may hold a large event: its own, dead letters, and the copies of both.

use std::collections::BTreeSet;
use std::future::poll_fn;
use std::time::{Duration, SystemTime};

use tokio::time::timeout;

use super::sweep_error::SweepLargeError;
use crate::header::Headers;
use crate::stream::{Source, StreamConfig};
use crate::subject::{LETTERS, Subject};
use crate::transport::{ConsumerKind, DeliverFrom, Extent, Fault, Incoming, Ordered, Transport};

/// Number of messages that may be on the way: they are headers alone.
const ROOM: usize = 1000;
/// Time after which it is asked whether there is anything to come.
const STALL: Duration = Duration::from_millis(250);

/// A stream that may hold large events, as far as it was read.
pub(super) struct Holder {
    transport: Transport,
    stream: String,
    ordered: Ordered,
}

/// Opens all streams that may hold an event of this stream, from a time on: dead letters before the events
/// that they become again.
pub(super) async fn holders(
    transport: &Transport,
    stream: &str,
    since: SystemTime,
) -> Result<Vec<Holder>, SweepLargeError> {
    let all = transport
        .streams()
        .await
        .map_err(|fault| SweepLargeError::Stream { stream: String::new(), source: fault.into() })?;
    let configs: Vec<&StreamConfig> = all.iter().map(|info| &info.config).collect();
    if !configs.iter().any(|config| config.name == stream) {
        return Err(SweepLargeError::NoStream { stream: stream.to_owned() });
    }
    let mut holders = Vec::new();
    for name in names(&configs, stream) {
        holders.push(Holder::open(transport, name, DeliverFrom::Time(since)).await?);
    }
    Ok(holders)
}

/// The names of streams that may hold an event of this one: those of dead letters, the stream itself, and
/// whatever is filled from any of them.
fn names(all: &[&StreamConfig], stream: &str) -> Vec<String> {
    let is_of_letters = |config: &&&StreamConfig| {
        let root = |subject: &String| subject.split('.').next() == Some(LETTERS);
        config.subjects.iter().any(root)
    };
    let letters = all.iter().filter(is_of_letters).map(|config| config.name.clone());
    let mut names: Vec<String> = letters.collect();
    names.push(stream.to_owned());
    let mut known: BTreeSet<String> = names.iter().cloned().collect();
    loop {
        let is_filled = |source: &Source| known.contains(&source.name);
        let filled: Vec<String> = all
            .iter()
            .filter(|config| config.mirror.iter().chain(&config.sources).any(is_filled))
            .map(|config| config.name.clone())
            .filter(|name| !known.contains(name))
            .collect();
        if filled.is_empty() {
            return names;
        }
        known.extend(filled.iter().cloned());
        names.extend(filled);
    }
}

impl Holder {
    async fn open(
        transport: &Transport,
        stream: String,
        from: DeliverFrom,
    ) -> Result<Self, SweepLargeError> {
        let opened = open(transport, &stream, from).await;
        let ordered = opened.map_err(|fault| failed(&stream, fault))?;
        Ok(Self { transport: transport.clone(), stream, ordered })
    }

    /// Reads the headers of all messages up to the last that there is.
    pub(super) async fn read_on(
        &mut self,
        mut see: impl FnMut(&Headers),
    ) -> Result<(), SweepLargeError> {
        loop {
            let mut incoming = Incoming::default();
            let next = poll_fn(|cx| self.ordered.poll_into(cx, &mut incoming));
            match timeout(STALL, next).await {
                Ok(Some(Ok(()))) => {
                    see(&incoming.headers);
                    if incoming.receipt.is_some_and(|receipt| receipt.pending == 0) {
                        return Ok(());
                    }
                }
                // An event of ours is readable, and so this message is none.
                Ok(Some(Err(Fault::Unreadable(unreadable)))) => {
                    let behind = DeliverFrom::Sequence(unreadable.message.sequence + 1);
                    let opened = open(&self.transport, &self.stream, behind).await;
                    self.ordered = opened.map_err(|fault| failed(&self.stream, fault))?;
                }
                Ok(Some(Err(fault))) => return Err(failed(&self.stream, fault)),
                Ok(None) => return Err(failed(&self.stream, Fault::Closed)),
                Err(_) => {
                    let sent = self.ordered.sent().await;
                    let sent = sent.map_err(|fault| failed(&self.stream, fault))?;
                    // What is here and not read may be all that holds an object.
                    if self.ordered.has_come(&sent) {
                        return Ok(());
                    }
                }
            }
        }
    }
}

async fn open(transport: &Transport, stream: &str, from: DeliverFrom) -> Result<Ordered, Fault> {
    let all = Subject::from_static(">");
    let mut ordered =
        transport.ordered(stream, all, from, Extent::Headers, ConsumerKind::Pull).await?;
    ordered.set_room(ROOM);
    Ok(ordered)
}

fn failed(stream: &str, fault: Fault) -> SweepLargeError {
    SweepLargeError::Stream { stream: stream.to_owned(), source: fault.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_come_before_events_and_copies_behind_both() {
        let stream = |name: &str, subjects: &[&str], sources: &[&str]| {
            let mut config = StreamConfig::new(name, subjects.iter().copied());
            config.sources = sources.iter().map(|name| Source::new(*name)).collect();
            config
        };
        let mut mirror = stream("COPY", &[], &[]);
        mirror.mirror = Some(Source::new("ORDERS"));
        let all = [
            stream("ALL", &["all.>"], &["COPY", "OTHER"]),
            mirror,
            stream("ORDERS", &["orders.>"], &[]),
            stream("OTHER", &["other.>"], &[]),
            stream("shop-dead-letters", &["_dead_letters.shop-dead-letters.>"], &[]),
        ];
        let all: Vec<_> = all.iter().collect();
        assert_eq!(names(&all, "ORDERS"), ["shop-dead-letters", "ORDERS", "COPY", "ALL"]);
    }
}
