//! The letters of one dead-letter stream: looking through them, and the way back.

use super::error::DeadLetterError;
use super::filter::DeadLetterFilter;
use super::list::{self, DeadLetterList, Walk};
use super::purge::Purge;
use super::redrive::Redrive;
use super::stored_letter::DeadLetter;
use super::{naming, store};
use crate::link::Link;
use crate::stream::Retention;
use crate::transport::{AckPolicy, Fault, Which, Witness};

/// The letters of one dead-letter stream, made by `Bus::dead_letters`.
///
/// ```
/// use tidings::DeadLetterFilter;
/// # use tidings::prelude::*;
/// # #[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
/// # #[event(subject = "orders.created", stream = Orders)]
/// # struct OrderCreated { id: u64 }
/// # #[derive(EventStream)]
/// # #[stream(name = "ORDERS", subjects("orders.>"))]
/// # struct Orders;
///
/// # async fn mend(bus: &Bus) -> Result<(), Box<dyn std::error::Error>> {
/// let letters = bus.dead_letters("shop");
/// let mut of_orders = letters.list(DeadLetterFilter::all().consumer("shop-orders_created"));
/// while let Some(letter) = of_orders.next().await {
///     let letter = letter?;
///     println!("{}: {} ({})", letter.sequence(), letter.error(), letter.reason());
///     println!("{:?}", letter.decode::<OrderCreated>()?);
/// }
/// // The cause is mended: all of them are handled again.
/// let report = letters.redrive(DeadLetterFilter::all()).await?;
/// println!("{} are back", report.redriven);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct DeadLetters {
    pub(super) link: Link,
    pub(super) letters: String,
}

impl DeadLetters {
    pub(crate) fn new(link: Link, letters: String) -> Self {
        Self { link, letters }
    }

    /// The name of the dead-letter stream.
    pub fn stream(&self) -> &str {
        &self.letters
    }

    /// Reads the letters that are meant, in the order in which they were put aside, up to those
    /// that are there when the first is read.
    ///
    /// Each is read by a request of its own, at the time it is asked for.
    pub fn list(&self, filter: impl Into<DeadLetterFilter>) -> DeadLetterList {
        DeadLetterList::new(self.walk(filter.into()))
    }

    /// How many letters there are of this stream, consumer and subject; what else the filter asks
    /// for is not looked at.
    ///
    /// # Errors
    /// [`DeadLetterError`], also where there is no such dead-letter stream.
    pub async fn count(&self, filter: impl Into<DeadLetterFilter>) -> Result<u64, DeadLetterError> {
        let subjects = filter.into().letter_subjects(&self.letters)?;
        let counted = self.link.transport.count_messages(&self.letters, &subjects).await;
        counted.map_err(|fault| DeadLetterError::of(fault, &self.letters))
    }

    /// Reads one letter.
    ///
    /// # Errors
    /// [`DeadLetterError::NotFound`] if there is none with this sequence.
    pub async fn get(&self, sequence: u64) -> Result<DeadLetter, DeadLetterError> {
        let witness = Witness::new(&self.link.transport);
        list::one(&self.link, &self.letters, sequence, &witness).await
    }

    /// Puts the originals of the letters that are meant back on their subjects, in the order of
    /// the letters; await it.
    pub fn redrive(&self, filter: impl Into<DeadLetterFilter>) -> Redrive<'static> {
        Redrive::new(self.clone(), filter.into())
    }

    /// Removes the letters that are meant, and with them the last of their originals; await it.
    ///
    /// The original of a letter that [refers](super::DeadLetter::refers) to it is let go with it, where a
    /// work queue or an interest stream keeps it for the consumer that could not handle it.
    pub fn purge(&self, filter: impl Into<DeadLetterFilter>) -> Purge<'static> {
        Purge::new(self.clone(), filter.into())
    }

    /// How many letters will be looked at, if anybody wants to know.
    pub(super) async fn total(
        &self,
        filter: &DeadLetterFilter,
        wanted: bool,
    ) -> Result<u64, DeadLetterError> {
        let counted = wanted && filter.sequence.is_none();
        if counted { self.count(filter.clone()).await } else { Ok(1) }
    }

    pub(super) fn walk(&self, filter: DeadLetterFilter) -> Walk {
        Walk::new(self.link.clone(), self.letters.clone(), filter)
    }

    /// Lets a stream that keeps the original of a letter for the consumer that could not handle it
    /// forget it; for other consumers it stays.
    pub(super) async fn let_go(&self, letter: &DeadLetter) -> Result<(), DeadLetterError> {
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
        let state = self.link.transport.stream_state(&self.letters).await;
        Ok(state.map_err(|fault| self.fault(fault))?.last_sequence)
    }

    /// The first letter from this sequence on: its own, and the stream of its original.
    pub(super) async fn stream_of_first(
        &self,
        subjects: &str,
        from: u64,
    ) -> Result<Option<(u64, String)>, DeadLetterError> {
        let which = Which::Next { from, filter: subjects };
        let found = self.link.transport.stored(&self.letters, which).await;
        let found = found.map_err(|fault| self.fault(fault))?;
        Ok(found.and_then(|letter| {
            let (stream, ..) = naming::parts(&self.letters, letter.subject.as_str())?;
            Some((letter.sequence, stream.to_owned()))
        }))
    }

    /// Removes one letter; says whether it was still there.
    pub(super) async fn remove(&self, sequence: u64) -> Result<bool, DeadLetterError> {
        let removed = store::remove(&self.link.transport, &self.letters, sequence).await;
        removed.map_err(|fault| self.fault(fault))
    }

    fn fault(&self, fault: Fault) -> DeadLetterError {
        DeadLetterError::of(fault, &self.letters)
    }
}
