//! An event of many: made ready, then sent or given up.

use tokio::time::Instant;

use super::unconfirmed::{self, Unconfirmed};
use super::window::InWindow;
use super::{PublishError, send};
use crate::envelope;
use crate::header::Headers;
use crate::link::Link;
use crate::message::{Declaration, Event};
use crate::observe::Sending;
use crate::publish_ack::PublishAck;
use crate::stream::StreamDeclaration;
use crate::traces::{Operation, Parent, SendSpan, Sent};
use crate::transport::{Fault, Outgoing, PendingAck};

/// An event that may be sent.
pub(super) struct Item {
    pub(super) declaration: &'static Declaration,
    pub(super) outgoing: Outgoing,
    pub(super) sending: Sending,
    /// `true` if the event says its id itself: then the stream may have it already.
    pub(super) known_again: bool,
}

impl Item {
    /// Gives the event up unsent, for this reason.
    #[cold]
    pub(super) fn refuse(self, error: PublishError) -> PublishError {
        self.sending.published(Err(&error));
        error
    }

    /// Gives the event up unsent, since nobody answers.
    #[cold]
    pub(super) fn give_up(self, link: &Link) -> PublishError {
        let error = PublishError::unsent(link, &self.outgoing.subject);
        self.sending.published(Err(&error));
        error
    }
}

/// Prepares an event, and tells who looks on; a probe may say that it fails.
pub(super) fn prepare<E: Event>(
    link: &Link,
    event: &E,
    span: &SendSpan,
) -> Result<Item, PublishError> {
    let encoded = envelope::encode(event, link.reads_back())?;
    let declaration = encoded.declaration;
    let mut known_again = false;
    let mut outgoing = envelope::seal(encoded, Headers::new(), || {
        event.message_id().inspect(|_| known_again = true)
    });
    if let Some(options) = &link.cloud_events {
        envelope::wrap(&mut outgoing, event, options, link.transport.now());
    }
    let created = Sent::new(Operation::Create, declaration, &link.transport);
    link.traces.create(span, created, &Parent::default(), &mut outgoing);
    let sending = link.publishes(declaration, &mut outgoing);
    if let Err(error) = send::admit(link, declaration, &outgoing) {
        sending.published(Err(&error));
        return Err(error);
    }
    Ok(Item { declaration, outgoing, sending, known_again })
}

/// Sends one event; gives what is to be awaited, if a stream is to store it.
pub(super) async fn begin(
    link: &Link,
    item: Item,
    by: &mut Option<Instant>,
) -> Result<Option<PendingPublish>, PublishError> {
    let Item { declaration, mut outgoing, sending, .. } = item;
    let by = || *by.get_or_insert_with(|| Instant::now() + link.timeouts.publish);
    let begun = match &declaration.stream {
        None => send::core(link, &mut outgoing, by).await.map(|()| None),
        Some(stream) => {
            let sent = unconfirmed::start(link, stream, &outgoing, by).await;
            sent.map(|sent| Some((stream, outgoing, sent)))
        }
    };
    match begun {
        Ok(Some((stream, outgoing, sent))) => {
            Ok(Some(PendingPublish { stream, outgoing, sent, sending }))
        }
        Ok(None) => {
            sending.published::<PublishError>(Ok(None));
            Ok(None)
        }
        Err(error) => {
            sending.published(Err(&error));
            Err(error)
        }
    }
}

/// A stream's event that was sent, and not confirmed yet.
pub(super) struct PendingPublish {
    stream: &'static StreamDeclaration,
    outgoing: Outgoing,
    sent: Unconfirmed,
    sending: Sending,
}

impl InWindow for PendingPublish {
    type Outcome = Result<PublishAck, PublishError>;

    fn stream(&self) -> &str {
        self.stream.name
    }

    fn ack(&mut self) -> &mut PendingAck {
        &mut self.sent.ack
    }

    fn ack_deadline(&self, link: &Link) -> Instant {
        self.sent.ack_deadline(link)
    }

    fn stored(self, ack: PublishAck) -> Self::Outcome {
        self.sending.published::<PublishError>(Ok(Some(&ack)));
        Ok(ack)
    }

    async fn confirm(self, link: &Link, fault: Option<Fault>) -> Self::Outcome {
        let Self { stream, outgoing, sent, sending } = self;
        let stored = match fault {
            None => unconfirmed::confirm(link, stream, &outgoing, sent)
                .await
                .and_then(|ack| unconfirmed::own(ack, &outgoing.subject, stream.name)),
            Some(fault) => {
                unconfirmed::resend_until_confirmed(link, stream, &outgoing, sent, fault).await
            }
        };
        sending.published(stored.as_ref().map(Some));
        stored
    }
}
