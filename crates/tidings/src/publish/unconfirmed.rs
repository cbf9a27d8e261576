//! A stream's message on its way: sent once, and again until the stream confirms it.

use std::future::poll_fn;
use std::task::Poll;

use tokio::time::{Instant, timeout_at};

use super::PublishError;
use crate::confirm::{self, Resend, Unstored};
use crate::link::Link;
use crate::publish_ack::PublishAck;
use crate::stream::StreamDeclaration;
use crate::subject::Subject;
use crate::transport::{Fault, Outgoing, PendingAck};

/// Sends a stream's message for the first time. Messages are stored in the order of these calls.
pub(super) async fn start(
    link: &Link,
    stream: &StreamDeclaration,
    outgoing: &Outgoing,
    by: impl FnOnce() -> Instant,
) -> Result<Unconfirmed, PublishError> {
    let at = Instant::now();
    let ack_deadline = at + link.timeouts.ack;
    let at_once =
        poll_fn(|cx| Poll::Ready(link.transport.store_at_once(outgoing, ack_deadline, cx))).await;
    if let Poll::Ready(sent) = at_once {
        let fault = match sent {
            Ok(ack) => return Ok(Unconfirmed { ack, at, waited: None }),
            Err(fault) => fault,
        };
        return Err(PublishError::of_stream(fault, outgoing.subject.as_str(), stream.name));
    }
    // It waits first, and that counts.
    let by = by();
    let ack = Box::pin(hand_over(link, stream, outgoing, by)).await?;
    let deadline = by.max(at + link.timeouts.publish);
    Ok(Unconfirmed {
        ack,
        at: Instant::now(),
        waited: Some(Box::new(ConnectionWait { begun: at, deadline })),
    })
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
        Ok(Err(fault)) => Err(PublishError::of_stream(fault, subject.as_str(), stream.name)),
        // Not even handed over, so certainly not stored; the time of the caller is over.
        Err(_) => Err(PublishError::unsent(link, subject)),
    }
}

/// A message that was sent, when, and by when its story must end.
#[derive(Debug)]
pub(super) struct Unconfirmed {
    pub(super) ack: PendingAck,
    at: Instant,
    /// Wait for a connection, boxed: few wait, and every publish carries it.
    waited: Option<Box<ConnectionWait>>,
}

/// A message that waited for the connection.
#[derive(Debug)]
struct ConnectionWait {
    begun: Instant,
    /// Sooner than all the time that a publish has once it is sent.
    deadline: Instant,
}

impl Unconfirmed {
    /// Instant until which its ack is waited for, before it is sent again.
    pub(super) fn ack_deadline(&self, link: &Link) -> Instant {
        self.deadline(link).min(self.at + link.timeouts.ack)
    }

    fn deadline(&self, link: &Link) -> Instant {
        self.waited
            .as_ref()
            .map_or_else(|| self.at + link.timeouts.publish, |waited| waited.deadline)
    }

    /// Instant at which the oldest copy may have been sent.
    fn begun(&self) -> Instant {
        self.waited.as_ref().map_or(self.at, |waited| waited.begun)
    }
}

/// Waits for the confirmation. Where it is lost, or the stream has no leader, the same message
/// with the same id is sent again, until the time is up.
pub(super) async fn confirm(
    link: &Link,
    stream: &StreamDeclaration,
    outgoing: &Outgoing,
    mut sent: Unconfirmed,
) -> Result<PublishAck, PublishError> {
    let confirmed = if sent.ack.is_timed() {
        (&mut sent.ack).await
    } else {
        let in_time = Box::pin(timeout_at(sent.ack_deadline(link), &mut sent.ack));
        in_time.await.unwrap_or(Err(Fault::Timeout))
    };
    let fault = match confirmed {
        Ok(ack) => return Ok(ack),
        Err(fault) => fault,
    };
    // Boxed: most are confirmed at once, and their futures are smaller without it.
    Box::pin(resend_until_confirmed(link, stream, outgoing, sent, fault)).await
}

/// Insists on a confirmation, once this came of the first ack.
pub(super) async fn resend_until_confirmed(
    link: &Link,
    stream: &StreamDeclaration,
    outgoing: &Outgoing,
    sent: Unconfirmed,
    fault: Fault,
) -> Result<PublishAck, PublishError> {
    let (at, deadline) = (sent.begun(), sent.deadline(link));
    // A late ack of this copy is ignored: the ack of the next copy says the same.
    drop(sent);
    let window = (stream.config)().duplicate_window.unwrap_or(confirm::WINDOW);
    let (stream, message, subject) = (stream.name, outgoing, &outgoing.subject);
    let resend = Resend { link, stream, message, subject, window, at, deadline };
    resend.until_confirmed(fault).await.map_err(|unstored| match unstored {
        Unstored::Refused(fault) => PublishError::of_stream(fault, subject.as_str(), stream),
        Unstored::Leaderless => PublishError::Leaderless {
            subject: subject.to_string(),
            stream,
            waited: link.timeouts.publish,
        },
        Unstored::Unsent => PublishError::unsent(link, subject),
        Unstored::Unconfirmed => {
            let left = deadline.saturating_duration_since(Instant::now());
            PublishError::unconfirmed(link, outgoing, link.timeouts.publish.saturating_sub(left))
        }
    })
}

/// Stores one message that is no event, such as one that ends a schedule.
pub(crate) async fn store(
    link: &Link,
    stream: &'static StreamDeclaration,
    outgoing: &Outgoing,
) -> Result<PublishAck, PublishError> {
    let sent = start(link, stream, outgoing, || Instant::now() + link.timeouts.publish).await?;
    own(confirm(link, stream, outgoing, sent).await?, &outgoing.subject, stream.name)
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
    PublishError::of_stream(Fault::WrongStream(ack.stream), subject.as_str(), stream)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::header::{self, Headers};
    use crate::link::Timeouts;
    use crate::stream::StreamConfig;
    use crate::traces::Tracing;
    use crate::transport::{Transport, memory::Memory};

    const ORDERS: StreamDeclaration = StreamDeclaration {
        name: "ORDERS",
        config: || StreamConfig::new("ORDERS", ["orders.created"]),
        large_store: None,
    };

    #[tokio::test(start_paused = true)]
    async fn a_bus_closed_after_sending_leaves_it_unknown() {
        let memory = Memory::new();
        let link = Link {
            transport: Transport::Memory(memory.clone()),
            timeouts: Timeouts::default().into(),
            environment: std::sync::Arc::default(),
            cloud_events: None,
            traces: Tracing::default(),
            observers: None,
            pulse: std::sync::Arc::default(),
        };
        // Somebody takes the message who answers nothing.
        let subject = Subject::from_static("orders.created");
        let _silent = link.transport.subscribe(subject.clone(), None).await.unwrap();
        let mut headers = Headers::new();
        headers.push(header::MESSAGE_ID, "7");
        let outgoing = Outgoing { subject, headers, payload: bytes::Bytes::new() };

        let by = || Instant::now() + link.timeouts.publish;
        let sent = start(&link, &ORDERS, &outgoing, by).await.unwrap();
        link.transport.close(Duration::from_secs(1)).await.unwrap();
        let error = confirm(&link, &ORDERS, &outgoing, sent).await.unwrap_err();
        let PublishError::Unconfirmed { message_id, waited, .. } = error else {
            panic!("{error:?}")
        };
        assert_eq!(message_id, "7");
        assert!(waited >= link.timeouts.ack && waited < link.timeouts.publish, "{waited:?}");
    }
}
