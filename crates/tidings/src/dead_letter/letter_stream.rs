//! The stream that keeps letters: counting them, looking through them, and removing them with what
//! they refer to.

use super::error::DeadLetterError;
use super::filter::DeadLetterFilter;
use super::list::Walk;
use super::stored_letter::DeadLetter;
use super::{naming, store};
use crate::link::Link;
use crate::stream::Retention;
use crate::transport::{AckPolicy, Fault, Which};

/// A dead-letter stream.
#[derive(Debug, Clone)]
pub(super) struct LetterStream {
    pub(super) link: Link,
    pub(super) name: String,
}

impl LetterStream {
    /// Counts the letters of this stream, consumer and subject.
    pub(super) async fn count(&self, filter: &DeadLetterFilter) -> Result<u64, DeadLetterError> {
        let subjects = filter.letter_subjects(&self.name)?;
        let counted = self.link.transport.count_messages(&self.name, &subjects).await;
        counted.map_err(|fault| self.fault(fault))
    }

    /// Number of letters that will be looked at, if anybody wants to know.
    pub(super) async fn total(
        &self,
        filter: &DeadLetterFilter,
        wanted: bool,
    ) -> Result<u64, DeadLetterError> {
        let counted = wanted && filter.sequence.is_none();
        if counted { self.count(filter).await } else { Ok(1) }
    }

    pub(super) fn walk(&self, filter: DeadLetterFilter) -> Walk {
        Walk::new(self.link.clone(), self.name.clone(), filter)
    }

    /// Lets a stream that keeps the original of a letter for the consumer that could not handle it
    /// forget it; for other consumers it stays.
    pub(super) async fn release_original(
        &self,
        letter: &DeadLetter,
    ) -> Result<(), DeadLetterError> {
        let Some(sequence) = letter.original_sequence().filter(|_| letter.is_there()) else {
            return Ok(());
        };
        let (stream, consumer) = (letter.stream(), letter.consumer());
        let transport = &self.link.transport;
        let removed = async {
            match self.retention(stream).await? {
                None | Some(Retention::Limits) => return Ok(()),
                Some(Retention::Interest) => match transport.consumer(stream, consumer).await? {
                    None => return Ok(()),
                    // To give up one would acknowledge all before it.
                    Some(config) if config.acks == AckPolicy::All => {}
                    Some(_) => {
                        return transport.give_up(stream, consumer, sequence, "it is let go").await;
                    }
                },
                Some(_) => {}
            }
            store::remove(transport, stream, sequence).await.map(drop)
        };
        removed.await.map_err(|fault| self.fault(fault))
    }

    async fn retention(&self, stream: &str) -> Result<Option<Retention>, Fault> {
        Ok(self.link.transport.stream(stream).await?.map(|config| config.retention))
    }

    /// Returns `true` if a stream keeps originals until they are settled: then letters may refer to
    /// some that are not.
    pub(super) async fn keeps_originals(&self, stream: &str) -> Result<bool, DeadLetterError> {
        let retention = self.retention(stream).await.map_err(|fault| self.fault(fault))?;
        Ok(retention.is_some_and(|retention| retention != Retention::Limits))
    }

    /// The sequence of the last message that the dead-letter stream has stored.
    pub(super) async fn last_sequence(&self) -> Result<u64, DeadLetterError> {
        let state = self.link.transport.stream_state(&self.name).await;
        Ok(state.map_err(|fault| self.fault(fault))?.last_sequence)
    }

    /// The first letter from this sequence on: its own, and the stream of its original.
    pub(super) async fn stream_of_first(
        &self,
        subjects: &str,
        from: u64,
    ) -> Result<Option<(u64, String)>, DeadLetterError> {
        let which = Which::Next { from, filter: subjects };
        let found = self.link.transport.stored(&self.name, which).await;
        let found = found.map_err(|fault| self.fault(fault))?;
        Ok(found.and_then(|letter| {
            let (stream, ..) = naming::parts(&self.name, letter.subject.as_str())?;
            Some((letter.sequence, stream.to_owned()))
        }))
    }

    /// Removes one letter; says whether it was still there.
    pub(super) async fn remove(&self, sequence: u64) -> Result<bool, DeadLetterError> {
        let removed = store::remove(&self.link.transport, &self.name, sequence).await;
        removed.map_err(|fault| self.fault(fault))
    }

    fn fault(&self, fault: Fault) -> DeadLetterError {
        DeadLetterError::of(fault, &self.name)
    }
}
