//! Sending of one message, as its declaration says.

use std::future::poll_fn;
use std::task::Poll;

use tokio::time::{Instant, timeout_at};

use super::large::check_in;
use super::reschedule::reschedule;
use super::unconfirmed::{confirm, own, start};
use super::{Prepared, PublishError};
use crate::link::Link;
use crate::message::{Declaration, Event, may_be_large};
use crate::observe::SendError as _;
use crate::publish_ack::{Acknowledgement, PublishAck};
use crate::stream::StreamDeclaration;
use crate::traces::{Operation, Sent};
use crate::transport::Outgoing;

/// Sends a message as its declaration says, and gives back what that is worth.
pub(super) async fn send<E: Event>(
    link: &Link,
    prepared: &mut Prepared,
) -> Result<E::Ack, PublishError> {
    // Known when it is compiled, of all types that are never large.
    if const { may_be_large(E::DECLARATIONS) } || link.is_observed() {
        return Box::pin(observed(link, prepared)).await;
    }
    let Prepared { declaration, outgoing, reschedules, .. } = prepared;
    one(link, declaration, outgoing, *reschedules).await
}

/// Sends it as every other bus does, once what is too large for it is an object, and tells who looks on; a probe may say that it fails.
async fn observed<A: Acknowledgement>(
    link: &Link,
    prepared: &mut Prepared,
) -> Result<A, PublishError> {
    let Prepared { declaration, outgoing, reschedules, parent, .. } = prepared;
    let (declaration, reschedules) = (*declaration, *reschedules);
    let publish = Sent::new(Operation::Publish, declaration, &link.transport);
    let span = link.traces.send(publish, parent, outgoing);
    span.inject(&mut outgoing.headers);
    let sending = link.publishes(declaration, outgoing);
    let mut admitted = admit(link, declaration, outgoing);
    if admitted.is_ok() && declaration.large.is_some() {
        admitted = Box::pin(check_in(link, declaration, outgoing)).await;
    }
    let stored: Result<Option<PublishAck>, _> = match admitted {
        Ok(()) => one(link, declaration, outgoing, reschedules).await,
        Err(error) => Err(error),
    };
    span.end(&stored, |error| error.kind().into());
    sending.published(stored.as_ref().map(Option::as_ref));
    A::from_stored(stored?).ok_or(PublishError::Closed)
}

async fn one<A: Acknowledgement>(
    link: &Link,
    declaration: &'static Declaration,
    outgoing: &mut Outgoing,
    reschedules: bool,
) -> Result<A, PublishError> {
    if let Some(stream) = &declaration.stream {
        let ack = store(link, stream, outgoing, reschedules).await?;
        return A::from_stored(Some(ack)).ok_or(PublishError::Closed);
    }
    core(link, outgoing, || Instant::now() + link.timeouts.publish).await?;
    A::from_stored(None).ok_or(PublishError::Closed)
}

/// Stores one message; `reschedules` is as [`Prepared`](super::Prepared) has it.
pub(super) async fn store(
    link: &Link,
    stream: &'static StreamDeclaration,
    outgoing: &Outgoing,
    reschedules: bool,
) -> Result<PublishAck, PublishError> {
    let ack = store_one(link, stream, outgoing).await?;
    if ack.duplicate || ack.stream != stream.name {
        return Box::pin(look(link, stream, outgoing, reschedules, ack)).await;
    }
    Ok(ack)
}

/// Stores one message once, and gives the ack of whatever stream answered.
async fn store_one(
    link: &Link,
    stream: &'static StreamDeclaration,
    outgoing: &Outgoing,
) -> Result<PublishAck, PublishError> {
    let by = || Instant::now() + link.timeouts.publish;
    let sent = start(link, stream, outgoing, by).await?;
    confirm(link, stream, outgoing, sent).await
}

/// Looks at an ack that is not the usual one.
async fn look(
    link: &Link,
    stream: &'static StreamDeclaration,
    outgoing: &Outgoing,
    reschedules: bool,
    ack: PublishAck,
) -> Result<PublishAck, PublishError> {
    let ack = own(ack, &outgoing.subject, stream.name)?;
    if reschedules && ack.duplicate {
        let ack = Box::pin(reschedule(link, stream, outgoing, ack)).await?;
        return own(ack, &outgoing.subject, stream.name);
    }
    Ok(ack)
}

/// Checks whether it may be sent at all, or fails because a test says so: as it does when no
/// confirmation comes, or when the connection takes no message.
pub(super) fn admit(
    link: &Link,
    declaration: &'static Declaration,
    outgoing: &Outgoing,
) -> Result<(), PublishError> {
    match link.probe() {
        Some(probe) if probe.fails(declaration) => Err(match declaration.stream {
            Some(_) => PublishError::unconfirmed(link, outgoing, link.timeouts.publish),
            None => PublishError::unsent(link, &outgoing.subject),
        }),
        _ => Ok(()),
    }
}

/// Sends a message that no stream keeps. While the server is away the connection takes only so
/// many: `by` says until when to wait, and is asked only if there is something to wait for.
pub(super) async fn core(
    link: &Link,
    outgoing: &mut Outgoing,
    by: impl FnOnce() -> Instant,
) -> Result<(), PublishError> {
    let at_once = poll_fn(|cx| Poll::Ready(link.transport.publish_at_once(outgoing, cx))).await;
    let sent = match at_once {
        Poll::Ready(sent) => Some(sent),
        Poll::Pending => Box::pin(timeout_at(by(), link.transport.publish(outgoing))).await.ok(),
    };
    match sent {
        Some(Ok(())) => Ok(()),
        Some(Err(fault)) => Err(PublishError::core(fault, outgoing.subject.as_str())),
        None => Err(PublishError::unsent(link, &outgoing.subject)),
    }
}
