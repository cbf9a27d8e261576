//! The letters of one dead-letter stream: looking through them, and the way back.

use super::error::DeadLetterError;
use super::filter::DeadLetterFilter;
use super::letter_stream::LetterStream;
use super::list::{self, DeadLetterList};
use super::purge::Purge;
use super::redrive::Redrive;
use super::stored_letter::DeadLetter;
use crate::claim_check;
use crate::envelope::LargeEventError;
use crate::link::Link;
use crate::transport::WarrantVerifier;

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
    letters: LetterStream,
}

impl DeadLetters {
    pub(crate) fn new(link: Link, stream: String) -> Self {
        Self { letters: LetterStream { link, name: stream } }
    }

    /// The name of the dead-letter stream.
    pub fn stream(&self) -> &str {
        &self.letters.name
    }

    /// Reads the letters that are meant, in the order in which they were put aside, up to those
    /// that are there when the first is read.
    ///
    /// Each is read by a request of its own, at the time it is asked for.
    pub fn list(&self, filter: impl Into<DeadLetterFilter>) -> DeadLetterList {
        DeadLetterList::new(self.letters.walk(filter.into()))
    }

    /// Counts the letters of this stream, consumer and subject; what else the filter asks for is
    /// not looked at.
    ///
    /// # Errors
    /// [`DeadLetterError`], also where there is no such dead-letter stream.
    pub async fn count(&self, filter: impl Into<DeadLetterFilter>) -> Result<u64, DeadLetterError> {
        self.letters.count(&filter.into()).await
    }

    /// Reads one letter.
    ///
    /// # Errors
    /// [`DeadLetterError::NotFound`] if there is none with this sequence.
    pub async fn get(&self, sequence: u64) -> Result<DeadLetter, DeadLetterError> {
        let LetterStream { link, name } = &self.letters;
        list::one(link, name, sequence, &WarrantVerifier::new(&link.transport)).await
    }

    /// Reads the payload of a letter's large event from the object that its headers name, in whatever store that
    /// is. A letter whose payload is its own stays as it is.
    ///
    /// ```
    /// # use tidings::DeadLetter;
    /// # use tidings::prelude::*;
    /// # async fn look(bus: &Bus) -> Result<(), Box<dyn std::error::Error>> {
    /// let letters = bus.dead_letters("archive");
    /// let letter = letters.get(42).await?;
    /// let whole: DeadLetter = letters.open_large(letter).await?;
    /// println!("{} bytes could not be handled", whole.payload().len());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`LargeEventError`], such as where the object is gone.
    ///
    /// # Cancel safety
    /// Nothing is lost if the future is dropped.
    pub async fn open_large(&self, mut letter: DeadLetter) -> Result<DeadLetter, LargeEventError> {
        if letter.payload().is_empty() && claim_check::is_claim(letter.headers()) {
            let payload = claim_check::open(&self.letters.link, letter.headers()).await?;
            letter.set_payload(payload);
        }
        Ok(letter)
    }

    /// Puts the originals of the letters that are meant back on their subjects, in the order of
    /// the letters; await it.
    pub fn redrive(&self, filter: impl Into<DeadLetterFilter>) -> Redrive<'static> {
        Redrive::new(self.letters.clone(), filter.into())
    }

    /// Removes the letters that are meant, and with them the last of their originals; await it.
    ///
    /// The original of a letter that [refers](super::DeadLetter::refers) to it is let go with it, where a
    /// work queue or an interest stream keeps it for the consumer that could not handle it.
    pub fn purge(&self, filter: impl Into<DeadLetterFilter>) -> Purge<'static> {
        Purge::new(self.letters.clone(), filter.into())
    }
}
