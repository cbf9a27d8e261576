//! One message on its way: sent once, or until its stream confirms it.

use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use crate::confirm::{self, Begun, Unstored};
use crate::header;
use crate::link::Link;
use crate::message::Declaration;
use crate::probe::Work;
use crate::publish::PublishError;
use crate::publish::reschedule::reschedule;
use crate::publish_ack::{Acknowledgement, PublishAck};
use crate::stream::StreamDeclaration;
use crate::subject::Subject;
use crate::transport::{Fault, Outgoing, PendingAck};

/// Sends a message as its declaration says, and gives back what that is worth.
pub(super) async fn send<A: Acknowledgement>(
    link: &Link,
    declaration: &'static Declaration,
    outgoing: &mut Outgoing,
    reschedules: bool,
) -> Result<A, PublishError> {
    if link.probe.is_some() {
        return Box::pin(watched(link, declaration, outgoing, reschedules)).await;
    }
    one(link, declaration, outgoing, reschedules).await
}

/// Sends it as every other bus does, and tells the probe, which may say that it fails.
async fn watched<A: Acknowledgement>(
    link: &Link,
    declaration: &'static Declaration,
    outgoing: &mut Outgoing,
    reschedules: bool,
) -> Result<A, PublishError> {
    let span = link.begin(Work::Publish(declaration, outgoing));
    let stored: Result<Option<PublishAck>, _> = match admit(link, declaration, outgoing) {
        Ok(()) => one(link, declaration, outgoing, reschedules).await,
        Err(error) => Err(error),
    };
    span.published(stored.as_ref().map(Option::as_ref));
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
    core(link, outgoing, || Instant::now() + link.patience.publish).await?;
    A::from_stored(None).ok_or(PublishError::Closed)
}

/// The stream's own ack: whoever hears a publish knows where its ack is awaited.
pub(super) fn own(
    ack: PublishAck,
    subject: &Subject,
    stream: &'static str,
) -> Result<PublishAck, PublishError> {
    if ack.stream == stream { Ok(ack) } else { Err(wrong_stream(subject, stream, ack)) }
}

#[cold]
fn wrong_stream(subject: &Subject, stream: &'static str, ack: PublishAck) -> PublishError {
    stream_error(Fault::WrongStream(ack.stream), subject.as_str(), stream)
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
    let by = || Instant::now() + link.patience.publish;
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
    match &link.probe {
        Some(probe) if probe.fails(declaration) => Err(match declaration.stream {
            Some(_) => unconfirmed(link, outgoing, link.patience.publish),
            None => unsent(link, &outgoing.subject),
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
        Some(Err(fault)) => Err(core_error(fault, outgoing.subject.as_str())),
        None => Err(unsent(link, &outgoing.subject)),
    }
}

/// Sends a stream's message for the first time. Messages are stored in the order of these calls.
pub(super) async fn start(
    link: &Link,
    stream: &StreamDeclaration,
    outgoing: &Outgoing,
    by: impl FnOnce() -> Instant,
) -> Result<Sent, PublishError> {
    let at = Instant::now();
    let patience = at + link.patience.ack;
    let at_once =
        poll_fn(|cx| Poll::Ready(link.transport.store_at_once(outgoing, patience, cx))).await;
    if let Poll::Ready(sent) = at_once {
        let fault = match sent {
            Ok(ack) => return Ok(Sent { ack, at, slow: None }),
            Err(fault) => fault,
        };
        return Err(stream_error(fault, outgoing.subject.as_str(), stream.name));
    }
    // It waits first, and that counts.
    let by = by();
    let ack = Box::pin(hand_over(link, stream, outgoing, by)).await?;
    let deadline = by.max(at + link.patience.publish);
    Ok(Sent { ack, at: Instant::now(), slow: Some(Box::new(Slow { begun: at, deadline })) })
}

async fn hand_over(
    link: &Link,
    stream: &StreamDeclaration,
    outgoing: &Outgoing,
    by: Instant,
) -> Result<PendingAck, PublishError> {
    let subject = &outgoing.subject;
    match timeout_at(by, link.transport.store(outgoing)).await {
        Ok(Ok(ack)) => Ok(ack),
        Ok(Err(fault)) => Err(stream_error(fault, subject.as_str(), stream.name)),
        // Not even handed over, so certainly not stored; the caller may have lost patience.
        Err(_) => Err(unsent(link, subject)),
    }
}

pub(super) fn unsent(link: &Link, subject: &Subject) -> PublishError {
    PublishError::Unsent {
        subject: subject.to_string(),
        waited: link.patience.publish,
        source: link.transport.outage().map(Box::new),
    }
}

/// A message that was sent, when, and by when its story must end.
#[derive(Debug)]
pub(super) struct Sent {
    pub(super) ack: PendingAck,
    at: Instant,
    /// Boxed: few wait, and every publish carries it.
    slow: Option<Box<Slow>>,
}

/// A message that waited for the connection.
#[derive(Debug)]
struct Slow {
    begun: Instant,
    /// Sooner than all the time that a publish has once it is sent.
    deadline: Instant,
}

impl Sent {
    /// Until when its ack is waited for, before it is sent again.
    pub(super) fn patience(&self, link: &Link) -> Instant {
        self.deadline(link).min(self.at + link.patience.ack)
    }

    fn deadline(&self, link: &Link) -> Instant {
        self.slow.as_ref().map_or_else(|| self.at + link.patience.publish, |slow| slow.deadline)
    }

    /// No copy of it is older.
    fn begun(&self) -> Instant {
        self.slow.as_ref().map_or(self.at, |slow| slow.begun)
    }
}

/// Waits for the confirmation. Where it is lost, or the stream has no leader, the same message
/// with the same id is sent again, until the time is up.
pub(super) async fn confirm(
    link: &Link,
    stream: &StreamDeclaration,
    outgoing: &Outgoing,
    mut sent: Sent,
) -> Result<PublishAck, PublishError> {
    let confirmed = if sent.ack.is_timed() {
        (&mut sent.ack).await
    } else {
        let in_time = Box::pin(timeout_at(sent.patience(link), &mut sent.ack));
        in_time.await.unwrap_or(Err(Fault::Timeout))
    };
    let fault = match confirmed {
        Ok(ack) => return Ok(ack),
        Err(fault) => fault,
    };
    // Boxed: most are confirmed at once, and their futures are smaller without it.
    Box::pin(insist(link, stream, outgoing, sent, fault)).await
}

/// Insists on a confirmation, once this came of the first ack.
pub(super) async fn insist(
    link: &Link,
    stream: &StreamDeclaration,
    outgoing: &Outgoing,
    sent: Sent,
    fault: Fault,
) -> Result<PublishAck, PublishError> {
    let (at, deadline) = (sent.begun(), sent.deadline(link));
    // What is still to come of it is nobody's: the next one's ack says it.
    drop(sent);
    let window = (stream.config)().duplicate_window.unwrap_or(confirm::WINDOW);
    let begun = Begun { link, stream: stream.name, message: outgoing, window, at, deadline };
    let subject = &outgoing.subject;
    begun.until_confirmed(fault).await.map_err(|unstored| match unstored {
        Unstored::Refused(fault) => stream_error(fault, subject.as_str(), stream.name),
        Unstored::Leaderless => PublishError::Leaderless {
            subject: subject.to_string(),
            stream: stream.name,
            waited: link.patience.publish,
        },
        Unstored::Unsent => unsent(link, subject),
        Unstored::Unconfirmed => {
            let left = deadline.saturating_duration_since(Instant::now());
            unconfirmed(link, outgoing, link.patience.publish.saturating_sub(left))
        }
    })
}

fn unconfirmed(link: &Link, outgoing: &Outgoing, waited: Duration) -> PublishError {
    PublishError::Unconfirmed {
        subject: outgoing.subject.to_string(),
        message_id: outgoing.headers.get(header::MESSAGE_ID).unwrap_or("").to_owned(),
        waited,
        source: link.transport.outage().map(Box::new),
    }
}

fn core_error(fault: Fault, subject: &str) -> PublishError {
    let subject = subject.to_owned();
    match fault {
        Fault::TooLarge { size, limit } => PublishError::TooLarge { subject, size, limit },
        Fault::Denied(source) => PublishError::Denied { subject, source },
        Fault::Closed => PublishError::Closed,
        Fault::Away(source) => PublishError::Disconnected { subject, source },
        Fault::Client(source) => PublishError::Client { subject, source },
        other => PublishError::Client { subject, source: other.into() },
    }
}

pub(super) fn stream_error(fault: Fault, subject: &str, stream: &'static str) -> PublishError {
    let to = subject.to_owned();
    match fault {
        Fault::NoResponders => PublishError::NoStream { subject: to, stream },
        Fault::Api(error) => match error.code {
            _ if error.is_conflict() => {
                PublishError::Conflict { subject: to, stream, description: error.description }
            }
            code => {
                PublishError::Refused { subject: to, stream, code, description: error.description }
            }
        },
        Fault::WrongStream(answered) => PublishError::WrongStream { subject: to, stream, answered },
        other => core_error(other, subject),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::header::Headers;
    use crate::link::Patience;
    use crate::stream::StreamConfig;
    use crate::transport::{Transport, memory::Memory};

    const ORDERS: StreamDeclaration = StreamDeclaration {
        name: "ORDERS",
        config: || StreamConfig::new("ORDERS", ["orders.created"]),
    };

    #[tokio::test(start_paused = true)]
    async fn a_bus_closed_after_sending_leaves_it_unknown() {
        let memory = Memory::new();
        let link = Link {
            transport: Transport::Memory(memory.clone()),
            patience: Patience::default().into(),
            probe: None,
        };
        // Somebody takes the message who answers nothing.
        let subject = Subject::from_static("orders.created");
        let _silent = link.transport.subscribe(subject.clone(), None).await.unwrap();
        let mut headers = Headers::new();
        headers.push(header::MESSAGE_ID, "7");
        let outgoing = Outgoing { subject, headers, payload: bytes::Bytes::new() };

        let by = || Instant::now() + link.patience.publish;
        let sent = start(&link, &ORDERS, &outgoing, by).await.unwrap();
        link.transport.close(Duration::from_secs(1)).await.unwrap();
        let error = confirm(&link, &ORDERS, &outgoing, sent).await.unwrap_err();
        let PublishError::Unconfirmed { message_id, waited, .. } = error else {
            panic!("{error:?}")
        };
        assert_eq!(message_id, "7");
        assert!(waited >= link.patience.ack && waited < link.patience.publish, "{waited:?}");
    }
}
