//! Reading of letters, one after the other.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::stream::unfold;
use futures_util::{Stream, StreamExt as _};

use super::error::DeadLetterError;
use super::filter::DeadLetterFilter;
use super::naming;
use super::stored_letter::DeadLetter;
use crate::link::Link;
use crate::transport::{Fault, StoredMessage, WarrantVerifier, Which};

/// Letters in the order in which they were put aside, up to those that are there when the first is
/// read; a futures stream.
///
/// After an error about one message it goes on with the next, after any other it ends.
///
/// # Cancel safety
/// Nothing is lost when a future of its next letter is dropped.
#[must_use = "a stream does nothing unless it is polled"]
pub struct DeadLetterList {
    letters: Pin<Box<dyn Stream<Item = Result<DeadLetter, DeadLetterError>> + Send>>,
}

impl DeadLetterList {
    pub(super) fn new(walk: Walk) -> Self {
        let letters = unfold(walk, async |mut walk| {
            let next = walk.next().await;
            next.map(|next| (next, walk))
        });
        Self { letters: Box::pin(letters) }
    }

    /// The next letter; `None` after the last.
    ///
    /// # Errors
    /// [`DeadLetterError`]
    ///
    /// # Cancel safety
    /// Nothing is lost if the future is dropped.
    pub async fn next(&mut self) -> Option<Result<DeadLetter, DeadLetterError>> {
        self.letters.next().await
    }
}

impl Stream for DeadLetterList {
    type Item = Result<DeadLetter, DeadLetterError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.letters.as_mut().poll_next(cx)
    }
}

impl fmt::Debug for DeadLetterList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DeadLetterList")
    }
}

/// Position of one who reads letters.
#[derive(Debug)]
pub(super) struct Walk {
    link: Link,
    letters: String,
    filter: DeadLetterFilter,
    verifier: WarrantVerifier,
    span: Option<Span>,
    /// Number of letters that were looked at.
    pub(super) seen: u64,
    found: u64,
    ended: bool,
}

/// Sequences that are still to be read.
#[derive(Debug)]
struct Span {
    subjects: String,
    next: u64,
    last: u64,
}

impl Walk {
    pub(super) fn new(link: Link, letters: String, filter: DeadLetterFilter) -> Self {
        let verifier = WarrantVerifier::new(&link.transport);
        Self { link, letters, filter, verifier, span: None, seen: 0, found: 0, ended: false }
    }

    /// The next letter that is meant; `None` when there are no more.
    pub(super) async fn next(&mut self) -> Option<Result<DeadLetter, DeadLetterError>> {
        if self.ended || self.filter.limit.is_some_and(|limit| self.found >= limit) {
            return None;
        }
        let found = self.find().await.transpose()?;
        match &found {
            Ok(_) => self.found += 1,
            Err(DeadLetterError::NoLetter { .. }) => {}
            Err(_) => self.ended = true,
        }
        Some(found)
    }

    async fn find(&mut self) -> Result<Option<DeadLetter>, DeadLetterError> {
        if let Some(sequence) = self.filter.sequence {
            self.ended = true;
            // What can't be asked for is refused here, too.
            self.filter.letter_subjects(&self.letters)?;
            let letter = one(&self.link, &self.letters, sequence, &self.verifier).await?;
            self.seen = 1;
            return Ok(Some(letter).filter(|letter| self.filter.selects(letter)));
        }
        let mut span = match self.span.take() {
            Some(span) => span,
            None => self.begin().await?,
        };
        let found = self.look(&mut span).await;
        self.span = Some(span);
        found
    }

    /// Looks for what there is at the beginning: what is put aside later is for the next time.
    async fn begin(&self) -> Result<Span, DeadLetterError> {
        let subjects = self.filter.letter_subjects(&self.letters)?;
        let state = self.link.transport.stream_state(&self.letters).await;
        let state = state.map_err(|fault| self.fault(fault))?;
        let mut span = Span { subjects, next: state.first_sequence, last: state.last_sequence };
        if let Some(since) = self.filter.since {
            let transport = &self.link.transport;
            let first = transport.first_since(&self.letters, &span.subjects, since);
            span.next = first.await.map_err(|fault| self.fault(fault))?;
        }
        Ok(span)
    }

    async fn look(&mut self, span: &mut Span) -> Result<Option<DeadLetter>, DeadLetterError> {
        while span.next <= span.last {
            let Some(stored) = self.stored(&span.subjects, span.next).await? else { break };
            if stored.sequence > span.last
                || self.filter.until.is_some_and(|until| stored.stored_at >= until)
            {
                break;
            }
            span.next = stored.sequence + 1;
            if naming::is_none(&self.letters, stored.subject.as_str()) {
                continue;
            }
            self.seen += 1;
            let (sequence, subject) = (stored.sequence, stored.subject.clone());
            let mut letter = DeadLetter::open(&self.letters, stored)
                .ok_or_else(|| no_letter(&self.letters, sequence, subject.as_str()))?;
            let completed = letter.complete(&self.link.transport).await;
            completed.map_err(|fault| self.fault(fault))?;
            letter.confirm(&self.verifier).await;
            if self.filter.selects(&letter) {
                return Ok(Some(letter));
            }
        }
        self.ended = true;
        Ok(None)
    }

    async fn stored(
        &self,
        filter: &str,
        from: u64,
    ) -> Result<Option<StoredMessage>, DeadLetterError> {
        let which = Which::Next { from, filter };
        self.link.transport.stored(&self.letters, which).await.map_err(|fault| self.fault(fault))
    }

    fn fault(&self, fault: Fault) -> DeadLetterError {
        DeadLetterError::of(fault, &self.letters)
    }
}

/// The letter with this sequence.
pub(super) async fn one(
    link: &Link,
    letters: &str,
    sequence: u64,
    verifier: &WarrantVerifier,
) -> Result<DeadLetter, DeadLetterError> {
    let stored = link.transport.stored(letters, Which::At(sequence)).await;
    let stored = stored.map_err(|fault| DeadLetterError::of(fault, letters))?;
    let letter = stored.and_then(|stored| DeadLetter::open(letters, stored));
    let mut letter =
        letter.ok_or_else(|| DeadLetterError::NotFound { stream: letters.to_owned(), sequence })?;
    let completed = letter.complete(&link.transport).await;
    completed.map_err(|fault| DeadLetterError::of(fault, letters))?;
    letter.confirm(verifier).await;
    Ok(letter)
}

fn no_letter(letters: &str, sequence: u64, subject: &str) -> DeadLetterError {
    let (stream, subject) = (letters.to_owned(), subject.to_owned());
    DeadLetterError::NoLetter { stream, sequence, subject }
}
