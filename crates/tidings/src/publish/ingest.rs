//! Fast ingest: many events for a stream that allows it, confirmed together, and acked one by one.
//!
//! A server says of a batch only that it has all of it, and the sequence of its last message. So only
//! events with an id made for them go this way, which no stream can have already, and they go in
//! chunks. Where a chunk's last sequence is as far behind one that was known before as the chunk is
//! long, nothing came between, and each event's sequence is known. Where it is farther, others
//! publish to the stream: what was stored meanwhile is read. A chunk that was not confirmed is sent
//! once more in the ordinary way; the stream knows the ids.

use std::time::Duration;

use super::PublishError;
use super::item::{Item, begin};
use super::locate::locate;
use super::unanswered_limit::UnansweredLimit;
use super::window::Window;
use crate::header;
use crate::link::Link;
use crate::publish_ack::PublishAck;
use crate::stream::StreamDeclaration;
use crate::transport::{Ingest, Ingested, Stopped};

/// Number of events that go the ordinary way first, where it is not known that there are many: so
/// few are confirmed sooner that way.
const FEW: usize = 512;
/// Number of events in the first chunk, and in the largest.
const PARTS: (usize, usize) = (2048, 8192);
/// Maximum number of bytes of payload in a chunk, besides its last event's.
const CHUNK_BYTES: usize = 4 * 1024 * 1024;
/// Number of events that go the ordinary way after a chunk that was not confirmed in one piece, at
/// first and at most.
const PAUSES: (usize, usize) = (2048, 65_536);
/// Maximum number of messages that are read for each event of a chunk, to find where it is.
const FOREIGN: usize = 16;

type Outcome = Result<Option<PublishAck>, PublishError>;

/// Decides which events of one call go which way, and brings those that go fast.
pub(super) struct Lane<'a> {
    link: &'a Link,
    /// The one stream that it is for: the first that the events have.
    stream: Option<&'static StreamDeclaration>,
    allowed: bool,
    /// Number of events that are still to go the ordinary way.
    ordinary: usize,
    pause: usize,
    chunk_len: usize,
    /// A sequence that the stream had given before: the highest that it has told us.
    stored: Option<u64>,
    /// The server's flow for the chunk before, if it was stored.
    flow: Option<u64>,
    chunk: Option<Chunk>,
}

struct Chunk {
    ingest: Ingest,
    /// The events of the chunk, with their places among those of the call; the last one is not sent yet.
    items: Vec<(usize, Item)>,
    bytes: usize,
}

impl<'a> Lane<'a> {
    /// A lane for a call with at least so many events.
    pub(super) fn new(link: &'a Link, at_least: usize) -> Self {
        Self {
            link,
            stream: None,
            allowed: false,
            // At least one goes the ordinary way: its ack says where the stream is.
            ordinary: if at_least > FEW + PARTS.0 { 1 } else { FEW },
            pause: PAUSES.0,
            chunk_len: PARTS.0,
            stored: None,
            flow: None,
            chunk: None,
        }
    }

    /// Returns `true` if the next event goes this way.
    pub(super) fn takes(&mut self, item: &Item) -> bool {
        let Some(stream) = &item.declaration.stream else { return false };
        if self.stream.is_none() {
            let config = (stream.config)();
            self.stream = Some(stream);
            self.allowed = config.allow_batch_publish && !config.no_ack;
        }
        if !self.allowed || self.stream.is_none_or(|own| own.name != stream.name) {
            return false;
        }
        if item.known_again {
            // Most likely more events with ids of their own follow.
            self.ordinary = self.ordinary.max(self.pause);
            return false;
        }
        if self.ordinary > 0 {
            self.ordinary -= 1;
            return false;
        }
        true
    }

    /// Returns `true` if nothing is on the way here: what went the ordinary way must be confirmed
    /// first.
    pub(super) fn is_idle(&self) -> bool {
        self.chunk.is_none()
    }

    /// Hears what came of an event that went the ordinary way.
    pub(super) fn record(&mut self, ack: &PublishAck) {
        if self.stream.is_some_and(|stream| stream.name == ack.stream) {
            self.stored = self.stored.max(Some(ack.sequence));
        }
    }

    /// Confirms what an event that goes the ordinary way must not overtake.
    pub(super) async fn confirm_before(&mut self, item: &Item, settle: impl FnMut(usize, Outcome)) {
        let is_own = |own: &StreamDeclaration| {
            item.declaration.stream.as_ref().is_some_and(|stream| stream.name == own.name)
        };
        if self.stream.is_some_and(is_own)
            && let Some(chunk) = self.chunk.take()
        {
            self.end_chunk(chunk, settle).await;
        }
    }

    /// Begins a chunk. Where there is no such way the lane stays idle.
    pub(super) async fn begin(&mut self) {
        let Some(stream) = self.stream else { return };
        let begun = self.link.transport.ingest(stream.name, self.flow, self.ack_timeout()).await;
        let Some(ingest) = begun.ok().flatten() else {
            self.allowed = false;
            return;
        };
        if self.stored.is_none() {
            let state = self.link.transport.stream_state(stream.name).await;
            self.stored = state.ok().map(|state| state.last_sequence);
        }
        self.chunk = Some(Chunk { ingest, items: Vec::with_capacity(self.chunk_len), bytes: 0 });
    }

    /// Adds an event to the chunk that is begun.
    pub(super) fn add(&mut self, place: usize, item: Item) {
        if let Some(chunk) = &mut self.chunk {
            chunk.bytes += item.outgoing.payload.len();
            chunk.items.push((place, item));
        }
    }

    /// Sends the event before the one just added, which may be the last; settles those whose outcome
    /// is known with it.
    pub(super) async fn advance(&mut self, settle: impl FnMut(usize, Outcome)) {
        let Some(chunk) = &mut self.chunk else { return };
        let sent = match &chunk.items[..] {
            [.., (_, before), _] => chunk.ingest.send(&before.outgoing).await,
            _ => Ok(()),
        };
        if sent.is_ok() && chunk.items.len() < self.chunk_len && chunk.bytes < CHUNK_BYTES {
            return;
        }
        let Some(chunk) = self.chunk.take() else { return };
        match sent {
            Ok(()) => self.end_chunk(chunk, settle).await,
            Err(why) => self.again(chunk.items, why, settle).await,
        }
    }

    /// Confirms what is still on the way.
    pub(super) async fn end(mut self, settle: impl FnMut(usize, Outcome)) {
        if let Some(chunk) = self.chunk.take() {
            self.end_chunk(chunk, settle).await;
        }
    }

    /// Maximum time in which nothing may be heard of a batch. Half is left for the ordinary way.
    fn ack_timeout(&self) -> Duration {
        self.link.timeouts.ack.max(self.link.timeouts.publish / 2)
    }

    async fn end_chunk(&mut self, chunk: Chunk, mut settle: impl FnMut(usize, Outcome)) {
        let Chunk { ingest, items, .. } = chunk;
        let Some((_, last)) = items.last() else { return };
        let end = match ingest.end(&last.outgoing).await {
            Ok(end) => end,
            Err(why) => return self.again(items, why, settle).await,
        };
        let Ingested { stream, last_sequence, messages, flow } = end;
        self.flow = Some(flow);
        let Some(before) = self.stored.filter(|before| before + messages == last_sequence) else {
            return self.find(items, last_sequence, settle).await;
        };
        self.stored = Some(last_sequence);
        self.chunk_len = (self.chunk_len * 2).min(PARTS.1);
        self.pause = PAUSES.0;
        for (sequence, (place, item)) in (before + 1..).zip(items) {
            let ack = PublishAck { stream: stream.clone(), sequence, duplicate: false };
            item.sending.published::<PublishError>(Ok(Some(&ack)));
            settle(place, Ok(Some(ack)));
        }
    }

    /// Looks where the events of a chunk are that is stored, though not in one piece.
    async fn find(
        &mut self,
        items: Vec<(usize, Item)>,
        last: u64,
        settle: impl FnMut(usize, Outcome),
    ) {
        self.back_off();
        let farthest = |before: u64| before + (items.len() * FOREIGN) as u64;
        let found = match (self.stream, self.stored) {
            (Some(stream), Some(before)) if last > before && last <= farthest(before) => {
                let within = self.link.timeouts.ack;
                locate(self.link, stream.name, before + 1, last, within).await
            }
            _ => None,
        };
        self.stored = self.stored.max(Some(last));
        let (mut known, mut unknown) = (Vec::with_capacity(items.len()), Vec::new());
        let (found, stream) = (found.unwrap_or_default(), self.stream.map_or("", |s| s.name));
        for (place, item) in items {
            let id = item.outgoing.headers.get(header::MESSAGE_ID).unwrap_or_default();
            match found.get(id) {
                Some(&sequence) => {
                    let stream = stream.to_owned();
                    let ack = PublishAck { stream, sequence, duplicate: false };
                    item.sending.published::<PublishError>(Ok(Some(&ack)));
                    known.push((place, Ok(Some(ack))));
                }
                None => unknown.push((place, item)),
            }
        }
        // The stream says where it has these, since it has them.
        self.one_by_one(unknown, known, settle).await;
    }

    /// Sends a chunk once more in the ordinary way.
    async fn again(
        &mut self,
        items: Vec<(usize, Item)>,
        why: Stopped,
        settle: impl FnMut(usize, Outcome),
    ) {
        self.allowed &= why == Stopped::Broken;
        self.back_off();
        self.one_by_one(items, Vec::new(), settle).await;
    }

    /// Lets the next events go the ordinary way, each time more of them.
    fn back_off(&mut self) {
        self.ordinary = self.pause;
        self.pause = (self.pause * 2).min(PAUSES.1);
        self.chunk_len = PARTS.0;
        self.flow = None;
    }

    /// Sends events in the ordinary way, and settles them together with those that are known.
    async fn one_by_one(
        &mut self,
        items: Vec<(usize, Item)>,
        mut known: Vec<(usize, Outcome)>,
        mut settle: impl FnMut(usize, Outcome),
    ) {
        let mut window = Window::new(self.link);
        let mut by = None;
        let mut unanswered = UnansweredLimit::default();
        for (place, item) in items {
            let heard = |place, stored| {
                unanswered.record(&stored);
                known.push((place, stored.map(Some)));
            };
            window.room(heard).await;
            if unanswered.is_reached() {
                known.push((place, Err(item.give_up(self.link))));
                continue;
            }
            let begun = begin(self.link, item, &mut by).await;
            if begun.is_ok() {
                by = None;
            }
            match begun {
                Ok(Some(begun)) => window.add(place, begun),
                Ok(None) => known.push((place, Ok(None))),
                Err(error) => known.push((place, Err(error))),
            }
        }
        window.end(|place, stored| known.push((place, stored.map(Some)))).await;
        known.sort_unstable_by_key(|(place, _)| *place);
        for (place, outcome) in known {
            let outcome = outcome.map(|ack| {
                ack.map(|ack| {
                    self.record(&ack);
                    // Nobody else has this id: what the stream had of it, it had from this call.
                    PublishAck { duplicate: false, ..ack }
                })
            });
            settle(place, outcome);
        }
    }
}
