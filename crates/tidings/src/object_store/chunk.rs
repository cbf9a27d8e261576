//! The chunks of an object, read in order: several with one question, or one by one.

use bytes::Bytes;

use crate::key_value::Store;
use crate::subject::Subject;
use crate::transport::{Fault, StoredMessage, StoredRun, Which};

/// Number of bytes that one question asks for. Two questions may be on their way.
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
    /// Number of chunks that one question asks for.
    count: u64,
    run: Option<Asked>,
    /// The run behind it, which is asked for while that one comes.
    following: Option<Asked>,
    /// `true` if messages of others stand between the chunks.
    is_scattered: bool,
    /// `true` if one chunk after the other is asked for, since the server has no runs.
    is_slow: bool,
}

/// A run that was asked for, and the sequence that it begins at.
struct Asked {
    run: StoredRun,
    from: u64,
}

impl Chunks {
    /// All chunks of an object, which has this many bytes in this many chunks.
    pub(super) fn new(store: Store, subject: Subject, size: u64, chunks: u64) -> Self {
        let len = size.div_ceil(chunks.max(1)).max(1);
        let count = (BYTES as u64 / len).clamp(1, MESSAGES as u64);
        Self {
            store,
            subject,
            next: 1,
            left: chunks,
            count,
            run: None,
            following: None,
            is_scattered: false,
            is_slow: false,
        }
    }

    /// The next chunk; `None` where there is none.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, Fault> {
        loop {
            self.look_ahead().await?;
            if let Some(Asked { run, .. }) = &mut self.run {
                match run.next().await? {
                    Some(message) if message.sequence < self.next => continue,
                    Some(message) => return Ok(Some(self.take(message))),
                    None => {}
                }
                self.is_slow |= run.is_useless();
                let is_empty = run.first().is_none();
                // A run that is shorter than it was asked to be is not followed by the next.
                self.run = self.following.take().filter(|following| following.from <= self.next);
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

    /// Asks for the following run while this one comes: chunks stand beside each other as a rule, and so it is
    /// known where it begins. Where others stand between them, that is known once all of this one has come.
    async fn look_ahead(&mut self) -> Result<(), Fault> {
        if self.following.is_some() {
            return Ok(());
        }
        let Some(Asked { run, .. }) = &self.run else { return Ok(()) };
        let from = if self.is_scattered {
            // Where nothing waits to be taken it is over, and looked at as a whole.
            let waiting = run.waiting() as u64;
            run.whole_until().filter(|_| waiting > 0 && self.left > waiting)
        } else {
            // The last of them is the last that is asked for here.
            let end = run.first().map(|first| first + self.count - 1);
            end.filter(|end| self.next.saturating_add(self.left) > end + 1)
        };
        if let Some(last) = from {
            self.following = self.ask(self.next.max(last + 1)).await?;
        }
        Ok(())
    }

    async fn ask(&self, from: u64) -> Result<Option<Asked>, Fault> {
        let count = usize::try_from(self.count.min(self.left)).unwrap_or(MESSAGES).max(1);
        let (transport, stream) = (&self.store.link.transport, self.store.stream());
        // Chunks of which some are longer than others are bounded as well.
        let run = transport.run(stream, &self.subject, from, count, 2 * BYTES).await?;
        Ok(run.map(|run| Asked { run, from }))
    }

    /// The next one by the word of the leader: a replica may be behind.
    async fn next_of_leader(&mut self) -> Result<Option<Bytes>, Fault> {
        let which = Which::Next { from: self.next, filter: self.subject.as_str() };
        let next = self.store.link.transport.stored(self.store.stream(), which).await?;
        Ok(next.map(|message| self.take(message)))
    }

    fn take(&mut self, message: StoredMessage) -> Bytes {
        self.is_scattered |= self.next > 1 && message.sequence > self.next;
        self.next = message.sequence + 1;
        self.left = self.left.saturating_sub(1);
        message.payload
    }
}
