//! Asking a stream for the id of a message without storing any.

use bytes::Bytes;
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

use super::of_stream;
use crate::header::{self, Headers};
use crate::link::Link;
use crate::publish_ack::PublishAck;
use crate::transport::{ApiError, Fault, Outgoing};

/// Asks the stream that keeps the message's subject whether it knows the message's id.
///
/// Only a publish is compared with the ids of the duplicate window, also those of messages that are
/// gone. So the question is one: without the payload, and with an expectation that no stream meets
/// and that is looked at after the id (nats-server 2.15). Who listens on the subject hears it;
/// subscriptions of ours leave it out by its header.
pub(crate) async fn ask(
    link: &Link,
    stream: &str,
    message: &Outgoing,
    by: Instant,
) -> Result<Option<PublishAck>, Fault> {
    let asked = async { link.transport.store(&question(message)).await?.await };
    match timeout_at(by, asked).await {
        Ok(Ok(ack)) => of_stream(ack, stream).map(Some),
        Ok(Err(Fault::Api(error))) if error.code == ApiError::WRONG_LAST_MESSAGE_ID => Ok(None),
        Ok(Err(fault)) => Err(fault),
        Err(_) => Err(Fault::Timeout),
    }
}

fn question(message: &Outgoing) -> Outgoing {
    let mut headers = Headers::new();
    if let Some(id) = message.headers.get(header::MESSAGE_ID) {
        headers.push(header::MESSAGE_ID, id.to_owned());
    }
    let nobodys = Uuid::now_v7().simple().to_string();
    headers.push(header::EXPECTED_LAST_MESSAGE_ID, nobodys);
    headers.push(header::QUESTION, "1");
    Outgoing { subject: message.subject.clone(), headers, payload: Bytes::new() }
}
