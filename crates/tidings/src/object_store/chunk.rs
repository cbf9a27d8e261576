//! The chunks of an object, read in order: several with one question and the next question on its way, or one by one.

use bytes::Bytes;

use super::info::ObjectInfo;
use crate::key_value::Store;
use crate::subject::Subject;
use crate::transport::{Fault, StoredMessage, StoredRun, Which};

/// Number of bytes that one question asks for. Two questions are on their way at a time.
const BYTES: u64 = 4 << 20;
/// Maximum number of bytes that one question is answered with, where chunks are of many sizes.
const MOST_BYTES: usize = 8 << 20;
/// Maximum number of chunks that one question asks for.
const CHUNKS: u64 = 1024;

/// The chunks of one object that are still to come.
pub(super) struct Chunks {
    store: Store,
    subject: Subject,
    /// The sequence from which on the next one stands.
    next: u64,
    /// How many there are still to be.
    left: u64,
    /// How many one question asks for.
    at_a_time: u64,
    run: Option<Run>,
    /// The run behind it, whose answers come meanwhile.
    ahead: Option<Run>,
    /// Whether one after the other is asked for, since there are no runs.
    is_slow: bool,
}

/// The answers to one question.
struct Run {
    answers: StoredRun,
    /// The sequence from which on it was asked.
    from: u64,
    /// How many it was asked for.
    count: u64,
}

impl Chunks {
    pub(super) fn new(store: Store, subject: Subject, info: &ObjectInfo) -> Self {
        let size = info.size.div_ceil(info.chunks.max(1)).max(1);
        let at_a_time = (BYTES / size).clamp(1, CHUNKS);
        let (left, run, ahead) = (info.chunks, None, None);
        Self { store, subject, next: 1, left, at_a_time, run, ahead, is_slow: false }
    }

    /// The next chunk; `None` where there is none.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, Fault> {
        loop {
            if let Some(run) = &mut self.run {
                let is_first = !run.answers.has_yielded();
                if let Some(message) = run.answers.next().await? {
                    if is_first {
                        self.ask_ahead(message.sequence).await?;
                    }
                    if message.sequence < self.next {
                        continue;
                    }
                    return Ok(Some(self.take(message)));
                }
                self.is_slow |= run.answers.is_useless() && self.next == 1;
                self.run = None;
                if is_first {
                    return self.next_of_leader().await;
                }
            }
            if self.is_slow {
                return self.next_of_leader().await;
            }
            // One that begins behind the next chunk may lack it.
            self.run = match self.ahead.take().filter(|ahead| ahead.from <= self.next) {
                None => self.ask(self.next, self.left).await?,
                ahead => ahead,
            };
            self.is_slow = self.run.is_none();
        }
    }

    /// Asks for the run behind the one whose first chunk has this sequence. That one ends at the sequence below or
    /// later: what comes twice is passed over.
    async fn ask_ahead(&mut self, first: u64) -> Result<(), Fault> {
        let Some(run) = &self.run else { return Ok(()) };
        let (behind, left) = (first + run.count, self.left.saturating_sub(run.count));
        if left > 0 {
            self.ahead = self.ask(behind, left).await?;
        }
        Ok(())
    }

    async fn ask(&self, from: u64, left: u64) -> Result<Option<Run>, Fault> {
        let count = left.clamp(1, self.at_a_time);
        let most = usize::try_from(count).unwrap_or(usize::MAX);
        let (transport, stream) = (&self.store.link.transport, self.store.stream());
        let answers = transport.run(stream, &self.subject, from, most, MOST_BYTES).await?;
        Ok(answers.map(|answers| Run { answers, from, count }))
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
