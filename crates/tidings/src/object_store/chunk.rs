//! The chunks of an object, read in order: several with one question, or one by one.

use bytes::Bytes;

use crate::key_value::Store;
use crate::subject::Subject;
use crate::transport::{Fault, StoredMessage, StoredRun, Which};

/// Maximum number of bytes that one question asks for. Two questions may be on their way.
const BYTES: usize = 2 << 20;
/// Maximum number of messages that one question asks for.
const MESSAGES: usize = 1024;

/// The chunks of one object that are still to come.
pub(super) struct Chunks {
    store: Store,
    subject: Subject,
    /// The sequence from which on the next one stands.
    next: u64,
    /// Number of chunks that are still to come.
    left: u64,
    run: Option<StoredRun>,
    /// The run behind it, asked for as soon as all of that one has come.
    following: Option<StoredRun>,
    /// `true` if one chunk after the other is asked for, since the server has no runs.
    is_slow: bool,
}

impl Chunks {
    pub(super) fn new(store: Store, subject: Subject, count: u64) -> Self {
        Self { store, subject, next: 1, left: count, run: None, following: None, is_slow: false }
    }

    /// The next chunk; `None` where there is none.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, Fault> {
        loop {
            self.look_ahead().await?;
            if let Some(run) = &mut self.run {
                match run.next().await? {
                    Some(message) if message.sequence < self.next => continue,
                    Some(message) => return Ok(Some(self.take(message))),
                    None => {}
                }
                self.is_slow |= run.is_useless();
                let is_empty = !run.has_yielded();
                self.run = self.following.take();
                if is_empty {
                    return self.next_of_leader().await;
                }
                if self.run.is_some() {
                    continue;
                }
            }
            if self.is_slow {
                return self.next_of_leader().await;
            }
            self.run = self.ask(self.next).await?;
            self.is_slow = self.run.is_none();
        }
    }

    /// Asks for what follows once all has come that was asked for, while that is taken.
    async fn look_ahead(&mut self) -> Result<(), Fault> {
        if self.following.is_some() {
            return Ok(());
        }
        let Some(run) = &self.run else { return Ok(()) };
        // Where nothing waits to be taken it is over, and looked at as a whole.
        let waiting = run.waiting();
        if waiting > 0
            && self.left > waiting as u64
            && let Some(last) = run.whole_until()
        {
            self.following = self.ask(last + 1).await?;
        }
        Ok(())
    }

    async fn ask(&self, from: u64) -> Result<Option<StoredRun>, Fault> {
        let count = usize::try_from(self.left).unwrap_or(usize::MAX).clamp(1, MESSAGES);
        let (transport, stream) = (&self.store.link.transport, self.store.stream());
        transport.run(stream, &self.subject, from, count, BYTES).await
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
