//! Ids of what a stream has stored since a time, read without the payloads.

use std::future::poll_fn;
use std::time::{Duration, SystemTime};

use hashbrown::HashSet;
use tokio::time::timeout;

use crate::confirm::WINDOW;
use crate::link::Link;
use crate::stream::Retention;
use crate::subject::Subject;
use crate::topology::ListError;
use crate::transport::{ConsumerKind, DeliverFrom, Extent, Fault, Incoming, StoredHeaders, Which};

/// Number of messages that are read ahead.
const ROOM: usize = 4096;
/// Time in which the next message has to come.
const QUIET: Duration = Duration::from_secs(5);

/// The ids of what a stream has stored since a time, made by [`Bus::stored_ids`](crate::Bus::stored_ids).
///
/// A stream knows an id again within its duplicate window alone. Beyond that these tell whether a record was
/// published before: as long as the stream has kept the message.
#[derive(Debug)]
pub struct StoredIds {
    link: Link,
    stream: String,
    next: DeliverFrom,
    window: Duration,
    retention: Retention,
    allows_atomic: bool,
    ids: HashSet<Box<str>>,
}

impl StoredIds {
    pub(crate) async fn new(
        link: &Link,
        stream: &str,
        since: SystemTime,
    ) -> Result<Self, ListError> {
        let config = link.transport.stream(stream).await.map_err(|f| ListError::of(f, stream))?;
        let Some(config) = config else {
            return Err(ListError::NoStream { stream: stream.to_owned() });
        };
        Ok(Self {
            link: link.clone(),
            stream: stream.to_owned(),
            next: DeliverFrom::Time(since),
            window: config.duplicate_window.unwrap_or(WINDOW),
            retention: config.retention,
            allows_atomic: config.allow_atomic_publish,
            ids: HashSet::new(),
        })
    }

    /// Reads what the stream has stored by now, from where the last call ended, and gives the number of
    /// messages that were read.
    ///
    /// # Errors
    /// [`ListError`] if the stream can't be read. What was read before stays known.
    ///
    /// # Cancel safety
    /// Nothing is lost if the future is dropped: the next call goes on where this one was.
    pub async fn read_on(&mut self) -> Result<u64, ListError> {
        let mut count = 0;
        loop {
            match self.read_stretch(&mut count).await {
                Ok(()) => return Ok(count),
                // What no client can read is none of ours.
                Err(Fault::Unreadable(unreadable)) => {
                    self.next = DeliverFrom::Sequence(unreadable.message.sequence + 1);
                }
                Err(fault) => return Err(ListError::of(fault, &self.stream)),
            }
        }
    }

    async fn read_stretch(&mut self, count: &mut u64) -> Result<(), Fault> {
        if self.retention != Retention::Limits {
            return self.read_one_by_one(count).await;
        }
        let (transport, all) = (&self.link.transport, Subject::from_static(">"));
        let ordered =
            transport.ordered(&self.stream, all, self.next, Extent::Headers, ConsumerKind::Pull);
        let mut ordered = ordered.await?;
        ordered.set_room(ROOM);
        for _ in 0..ordered.begun_with() {
            let mut incoming = Incoming::default();
            let next = poll_fn(|cx| ordered.poll_into(cx, &mut incoming));
            match timeout(QUIET, next).await {
                Ok(Some(read)) => read?,
                Ok(None) => return Err(Fault::Closed),
                Err(_) => {
                    let sent = ordered.sent().await?;
                    // Some of them are gone meanwhile.
                    return if ordered.has_come(&sent) { Ok(()) } else { Err(Fault::Timeout) };
                }
            }
            if let Some(receipt) = &incoming.receipt {
                self.next = DeliverFrom::Sequence(receipt.sequence + 1);
            }
            if let Some(id) = incoming.headers.own_id() {
                self.ids.insert(id.into());
            }
            *count += 1;
        }
        Ok(())
    }

    /// Reads without a consumer, which such a stream may not let be made, and which would count as interest.
    async fn read_one_by_one(&mut self, count: &mut u64) -> Result<(), Fault> {
        let (transport, stream) = (&self.link.transport, self.stream.as_str());
        let mut from = match self.next {
            DeliverFrom::Sequence(sequence) => sequence,
            DeliverFrom::Time(since) => transport.first_since(stream, ">", since).await?,
            _ => 1,
        };
        let last = transport.stream_bounds(stream).await?.map_or(0, |bounds| bounds.last);
        while from <= last {
            let next = transport.stored(stream, Which::Next { from, filter: ">" }).await?;
            let Some(stored) = next else { break };
            from = stored.sequence + 1;
            self.next = DeliverFrom::Sequence(from);
            if let StoredHeaders::Read(headers) = &stored.headers
                && let Some(id) = headers.own_id()
            {
                self.ids.insert(id.into());
            }
            *count += 1;
        }
        Ok(())
    }

    /// Returns `true` if a message with this id was among those that were read.
    pub fn contains(&self, message_id: &str) -> bool {
        self.ids.contains(message_id)
    }

    /// Forgets an id, which is asked for no more.
    pub fn forget(&mut self, message_id: &str) {
        self.ids.remove(message_id);
    }

    /// Returns `true` if the stream allows records to be published as one, as
    /// [`Bus::publish_records_atomically`](crate::Bus::publish_records_atomically) does.
    pub fn allows_atomic_publish(&self) -> bool {
        self.allows_atomic
    }

    /// Time for which the stream itself knows an id again.
    pub fn duplicate_window(&self) -> Duration {
        self.window
    }
}
