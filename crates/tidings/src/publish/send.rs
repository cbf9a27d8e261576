//! One message on its way: sent once, or until its stream confirms it.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use crate::header;
use crate::jitter::jittered;
use crate::link::Link;
use crate::message::Declaration;
use crate::publish::PublishError;
use crate::publish_ack::{Acknowledgement, PublishAck};
use crate::stream::StreamDeclaration;
use crate::transport::{ApiError, Fault, Outgoing, PendingAck};

/// The first wait before a message is sent again to a stream that has no leader.
const FIRST_RETRY: Duration = Duration::from_millis(50);

/// Sends a message as its declaration says, and gives back what that is worth.
pub(super) async fn send<A: Acknowledgement>(
    link: &Link,
    declaration: &'static Declaration,
    outgoing: Outgoing,
) -> Result<A, PublishError> {
    let stored = match &declaration.stream {
        None => {
            let subject = outgoing.subject.clone();
            let sent = link.transport.publish(outgoing).await;
            sent.map_err(|fault| core_error(fault, subject.as_str()))?;
            None
        }
        Some(stream) => {
            let first = start(link, stream, outgoing.clone()).await?;
            Some(confirm(link, stream, outgoing, first).await?)
        }
    };
    A::from_stored(stored).ok_or(PublishError::Closed)
}

/// Sends a stream's message for the first time. Messages are stored in the order of these calls.
pub(super) async fn start(
    link: &Link,
    stream: &StreamDeclaration,
    outgoing: Outgoing,
) -> Result<Sent, PublishError> {
    let deadline = Instant::now() + link.patience.publish;
    let subject = outgoing.subject.clone();
    match timeout_at(deadline, link.transport.store(outgoing)).await {
        Ok(Ok(ack)) => Ok(Sent { ack, deadline }),
        Ok(Err(fault)) => Err(stream_error(fault, subject.as_str(), stream.name)),
        // Not even handed over, so certainly not stored; the caller may have lost patience.
        Err(_) => Err(PublishError::Client {
            subject: subject.to_string(),
            source: "the connection takes no messages".into(),
        }),
    }
}

/// A message that was sent, and by when its story must end.
#[derive(Debug)]
pub(super) struct Sent {
    ack: PendingAck,
    deadline: Instant,
}

/// Waits for the confirmation. Where it is lost, or the stream has no leader, the same message
/// with the same id is sent again, until the time is up.
pub(super) async fn confirm(
    link: &Link,
    stream: &StreamDeclaration,
    outgoing: Outgoing,
    sent: Sent,
) -> Result<PublishAck, PublishError> {
    let Sent { mut ack, deadline } = sent;
    let mut pause = FIRST_RETRY;
    let mut unanswered = false;
    loop {
        let patience = deadline.min(Instant::now() + link.patience.ack);
        let fault = match timeout_at(patience, ack).await {
            Ok(Ok(ack)) => return Ok(ack),
            Ok(Err(fault)) => fault,
            Err(_) => Fault::Timeout,
        };
        match &fault {
            Fault::Timeout => unanswered = true,
            // No stream, or one that is electing a leader: only the server knows which.
            Fault::NoResponders => {
                if let Ok(None) = link.transport.stream(stream.name).await {
                    return Err(stream_error(fault, outgoing.subject.as_str(), stream.name));
                }
            }
            Fault::Api(error) if error.is_passing() => {}
            _ => return Err(stream_error(fault, outgoing.subject.as_str(), stream.name)),
        }
        let wake = Instant::now() + jittered(pause);
        if wake >= deadline {
            return Err(if unanswered {
                PublishError::Unconfirmed {
                    subject: outgoing.subject.to_string(),
                    message_id: outgoing.headers.get(header::MESSAGE_ID).unwrap_or("").to_owned(),
                    waited: link.patience.publish,
                }
            } else {
                stream_error(fault, outgoing.subject.as_str(), stream.name)
            });
        }
        tokio::time::sleep_until(wake).await;
        pause = pause.saturating_mul(2);
        ack = start(link, stream, outgoing.clone()).await?.ack;
    }
}

fn core_error(fault: Fault, subject: &str) -> PublishError {
    let subject = subject.to_owned();
    match fault {
        Fault::TooLarge { size, limit } => PublishError::TooLarge { subject, size, limit },
        Fault::Closed => PublishError::Closed,
        Fault::Client(source) => PublishError::Client { subject, source },
        other => PublishError::Client { subject, source: other.into() },
    }
}

fn stream_error(fault: Fault, subject: &str, stream: &'static str) -> PublishError {
    let to = subject.to_owned();
    match fault {
        Fault::NoResponders => PublishError::NoStream { subject: to, stream },
        Fault::Api(error) => match error.code {
            ApiError::WRONG_LAST_SEQUENCE
            | ApiError::WRONG_LAST_SEQUENCE_CONSTANT
            | ApiError::WRONG_LAST_MESSAGE_ID
            | ApiError::EXPECTED_STREAM => {
                PublishError::Conflict { subject: to, stream, description: error.description }
            }
            code => PublishError::Refused {
                subject: to,
                stream,
                code,
                description: error.description,
            },
        },
        other => core_error(other, subject),
    }
}
