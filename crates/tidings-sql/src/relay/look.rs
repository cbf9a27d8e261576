//! Looking whether a stream has an event already, where it may have forgotten the event's id.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use tidings::{Bus, ListError, StoredIds};
use tokio::time::Instant;

use super::publish::Outbound;
use crate::row::SKEW;

/// Time for which it is known how long a stream knows an id.
const KNOWN: Duration = Duration::from_mins(1);
/// Time that publishing an event may take from the look on, with all its copies.
const SENDING: Duration = Duration::from_secs(15);
/// Time in which it is begun after the look, at least and at most: one that is sent later may be one that its stream has
/// forgotten since, and that another relay has sent.
const BEGIN: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(5));

/// Knowledge of the streams that events are for.
#[derive(Debug, Default)]
pub(super) struct Looks {
    streams: HashMap<String, Look>,
    /// Streams and ids of what was found, and is still in the outbox.
    found: Vec<(String, String)>,
}

#[derive(Debug)]
struct Look {
    /// Time for which the stream knows an id; `None` where there is no such stream.
    window: Option<Duration>,
    /// `true` if it stores many as one.
    allows_atomic: bool,
    asked: Instant,
    read: Option<Read>,
}

/// Ids that were read.
#[derive(Debug)]
struct Read {
    ids: StoredIds,
    since: SystemTime,
    /// `None` before the first time.
    at: Option<Instant>,
}

impl Looks {
    /// Returns `true` if the stream has stored an event of this age already, for certain. Where the stream
    /// itself knows that, or there is no such stream, it is not looked at. An event whose age is not known is looked for in
    /// all of it.
    pub(super) async fn is_stored(
        &mut self,
        bus: &Bus,
        stream: &str,
        message_id: &str,
        age: Option<Duration>,
    ) -> Result<bool, ListError> {
        match self.look(bus, stream, message_id, age).await {
            // It was deleted since it was known, which is told where it is sent.
            Err(ListError::NoStream { .. }) => {
                self.streams.remove(stream);
                Ok(false)
            }
            looked => looked,
        }
    }

    async fn look(
        &mut self,
        bus: &Bus,
        stream: &str,
        message_id: &str,
        age: Option<Duration>,
    ) -> Result<bool, ListError> {
        let Some(window) = self.window(bus, stream).await? else { return Ok(false) };
        // Whatever was sent of it was sent since it was written.
        if age.is_some_and(|age| age < (window / 2).min(window.saturating_sub(SENDING))) {
            return Ok(false);
        }
        let written = age.and_then(|age| SystemTime::now().checked_sub(age + SKEW));
        let written = written.unwrap_or(SystemTime::UNIX_EPOCH);
        let Some(look) = self.streams.get_mut(stream) else { return Ok(false) };
        if look.read.as_ref().is_none_or(|read| read.since > written) {
            let ids = bus.stored_ids(stream, written).await?;
            look.read = Some(Read { ids, since: written, at: None });
        }
        let Some(read) = &mut look.read else { return Ok(false) };
        // What others send meanwhile is known by the stream itself.
        if read.at.is_none_or(|at| at.elapsed() >= window / 4) {
            let now = Instant::now();
            read.ids.read_on().await?;
            read.at = Some(now);
        }
        let is_stored = read.ids.contains(message_id);
        if is_stored {
            self.found.push((stream.to_owned(), message_id.to_owned()));
        }
        Ok(is_stored)
    }

    /// Asks anew for a stream; `true` if somebody answers, also that it is not there, or that it may not be asked for.
    pub(super) async fn is_answered(&mut self, bus: &Bus, stream: &str) -> bool {
        if let Some(look) = self.streams.get_mut(stream) {
            look.window = None;
        }
        matches!(self.window(bus, stream).await, Ok(_) | Err(ListError::Denied(_)))
    }

    async fn window(&mut self, bus: &Bus, stream: &str) -> Result<Option<Duration>, ListError> {
        if let Some(look) = self.streams.get(stream)
            && look.window.is_some()
            && look.asked.elapsed() < KNOWN
        {
            return Ok(look.window);
        }
        let (window, allows_atomic) = match bus.stored_ids(stream, SystemTime::now()).await {
            Ok(ids) => (Some(ids.duplicate_window()), ids.allows_atomic_publish()),
            Err(ListError::NoStream { .. }) => (None, false),
            Err(error) => return Err(error),
        };
        let read = self.streams.remove(stream).and_then(|look| look.read);
        let asked = Instant::now();
        self.streams.insert(stream.to_owned(), Look { window, allows_atomic, asked, read });
        Ok(window)
    }

    /// Time in which sending these is to be begun after they were looked for.
    pub(super) fn time_to_begin(&self, records: &[Outbound]) -> Duration {
        let streams = records.iter().filter_map(|outbound| outbound.record.stream());
        let looks = streams.filter_map(|stream| self.streams.get(stream));
        let shortest = looks.filter_map(|look| look.window).min();
        shortest.map_or(BEGIN.1, |window| (window / 4).clamp(BEGIN.0, BEGIN.1))
    }

    /// Returns `true` if these are of one stream, which stores many as one.
    pub(super) fn allow_atomic(&self, records: &[Outbound]) -> bool {
        let mut streams = records.iter().map(|outbound| outbound.record.stream());
        let Some(Some(first)) = streams.next() else { return false };
        let allows = self.streams.get(first).is_some_and(|look| look.allows_atomic);
        allows && streams.all(|stream| stream == Some(first))
    }

    /// Forgets the ids of what was found, once that is out of the outbox: nobody asks for them again.
    pub(super) fn removed(&mut self) {
        for (stream, id) in self.found.drain(..) {
            if let Some(Look { read: Some(read), .. }) = self.streams.get_mut(&stream) {
                read.ids.forget(&id);
            }
        }
    }

    /// What was found may still be in the outbox, and is asked for again.
    pub(super) fn not_removed(&mut self) {
        self.found.clear();
    }

    /// Forgets what was read, once no event is left that may have been sent before.
    pub(super) fn clear(&mut self) {
        for look in self.streams.values_mut() {
            look.read = None;
        }
    }
}
