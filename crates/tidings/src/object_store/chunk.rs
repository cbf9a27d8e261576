//! The chunks of an object, read in order: several with one question, or one by one.

use bytes::Bytes;

use crate::key_value::Store;
use crate::subject::Subject;
use crate::transport::{Fault, StoredMessage, StoredRun, Which};

/// Maximum number of bytes that one question asks for.
const BYTES: usize = 4 << 20;
/// Maximum number of messages that one question asks for.
const MESSAGES: usize = 1024;

/// The chunks of one object that are still to come.
pub(super) struct Chunks {
    store: Store,
    subject: Subject,
    /// The sequence from which on the next one stands.
    next: u64,
    /// How many there are still to be.
    left: u64,
    run: Option<StoredRun>,
    /// Whether one after the other is asked for, since there are no runs.
    is_slow: bool,
}

impl Chunks {
    pub(super) fn new(store: Store, subject: Subject, count: u64) -> Self {
        Self { store, subject, next: 1, left: count, run: None, is_slow: false }
    }

    /// The next chunk; `None` where there is none.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, Fault> {
        loop {
            if let Some(run) = &mut self.run {
                match run.next().await? {
                    Some(message) if message.sequence < self.next => continue,
                    Some(message) => return Ok(Some(self.take(message))),
                    None => {}
                }
                self.is_slow |= run.is_useless();
                let is_empty = !run.has_yielded();
                self.run = None;
                if is_empty {
                    return self.next_of_leader().await;
                }
            }
            if self.is_slow {
                return self.next_of_leader().await;
            }
            let count = usize::try_from(self.left).unwrap_or(usize::MAX).clamp(1, MESSAGES);
            let (transport, stream) = (&self.store.link.transport, self.store.stream());
            self.run = transport.run(stream, &self.subject, self.next, count, BYTES).await?;
            self.is_slow = self.run.is_none();
        }
    }

    /// The next one by the word of the leader: a replica may be behind.
    async fn next_of_leader(&mut self) -> Result<Option<Bytes>, Fault> {
        let which = Which::Next { from: self.next, filter: self.subject.as_str() };
        let next = self.store.link.transport.stored(self.store.stream(), which).await?;
        Ok(next.map(|message| self.take(message)))
    }

    fn take(&mut self, message: StoredMessage) -> Bytes {
        self.next = message.sequence + 1;
        self.left = self.left.saturating_sub(1);
        message.payload
    }
}
