//! Publishing events of one type.

use std::marker::PhantomData;

use crate::draft::Draft;
use crate::header::Headers;
use crate::link::Link;
use crate::message::Event;
use crate::publish::{self, PublishAllError, PublishError};

/// Publishes events of one type; a cheap clone, made by `Bus::publisher`.
///
/// ```
/// # use tidings::prelude::*;
/// # #[derive(Serialize, Deserialize, JsonSchema, Event)]
/// # #[event(subject = "users.created")]
/// # struct UserCreated { name: String }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let bus = Bus::in_memory();
/// let users = bus.publisher::<UserCreated>();
/// users.publish(&UserCreated { name: "Ada".into() }).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Publisher<E> {
    link: Link,
    event: PhantomData<fn(E)>,
}

impl<E> Clone for Publisher<E> {
    fn clone(&self) -> Self {
        Self { link: self.link.clone(), event: PhantomData }
    }
}

impl<E: Event> Publisher<E> {
    pub(crate) fn new(link: Link) -> Self {
        Self { link, event: PhantomData }
    }

    /// Publishes one event.
    ///
    /// An event with a stream is published once the stream has stored it; a lost confirmation is
    /// asked for again with the same message id. An event without a stream is published once it
    /// is handed to the connection.
    ///
    /// # Errors
    /// [`PublishError`]. After [`PublishError::Unconfirmed`] it is unknown whether the stream has
    /// stored the event; publishing it again with the same id stores it once.
    ///
    /// # Cancel safety
    /// Dropping the future leaves it unknown whether the event was published.
    pub async fn publish(&self, event: &E) -> Result<E::Ack, PublishError> {
        publish::publish(&self.link, event, Headers::new()).await
    }

    /// The event with options: headers, an id, what the stream must look like, a time to live.
    pub fn message<'a>(&'a self, event: &'a E) -> Draft<'a, E> {
        Draft::new(&self.link, event)
    }

    /// Publishes many events, up to 1,024 of them on the way at a time, and waits until each is
    /// confirmed.
    ///
    /// They are sent in order, so the stream stores them in order; only one whose confirmation
    /// was lost, and which is sent again, can be stored behind later ones.
    ///
    /// Where the stream's type declares `allow_batch_publish`, and the server has it (2.14), many
    /// events go the fast way (ADR-50): up to 4,000 are on the way, no more than 4 MiB of payload,
    /// and the server confirms 500 of them at a time. Each has its id and its ack all the same.
    /// While others publish to the stream, most go the ordinary way, since the server does not say
    /// then where each of them is. So do events with id fields: it does not say which of them the
    /// stream had already. An event that is refused is sent once more by itself, with those behind
    /// it, and has an error of its own.
    ///
    /// Each event has the publish timeout, 10 s by default, so that the call takes no longer than
    /// that for each 1,024 events. Where 64 in a row had it in vain, because the server is away or the
    /// stream has no leader, those that are left are not sent and get [`PublishError::Unsent`]:
    /// without a server the call takes about as long as one publish. The same holds where 1,024 in
    /// all had it in vain, of a server that confirms one now and then: then the call ends within two
    /// or three publish timeouts after the first that was lost.
    ///
    /// # Errors
    /// [`PublishAllError`] if one could not be published. The others are published all the same;
    /// the error holds the outcome of each.
    ///
    /// # Cancel safety
    /// Dropping the future leaves it unknown which events were published.
    pub async fn publish_all<I>(&self, events: I) -> Result<Vec<E::Ack>, PublishAllError<E::Ack>>
    where
        I: IntoIterator<Item = E>,
    {
        publish::publish_all(&self.link, events).await
    }
}
