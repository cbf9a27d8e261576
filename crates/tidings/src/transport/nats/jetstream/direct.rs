//! The last message of a subject, read directly (ADR-31): by any replica, as it is, and not in JSON.

use std::time::Duration;

use async_nats::{Message, StatusCode};

use crate::header::{self, Headers};
use crate::subject::Subject;
use crate::timestamp;
use crate::transport::nats::codec::header::NatsHeaders;
use crate::transport::nats::connection::nats::Nats;
use crate::transport::{Fault, Outgoing, StoredHeaders, StoredMessage, Which};

/// Longest time that the server may take to answer.
const WITHIN: Duration = Duration::from_secs(5);
/// The headers that a server adds to what is read directly.
const ADDED: [&str; 6] = [
    header::DIRECT_STREAM,
    header::DIRECT_SUBJECT,
    header::DIRECT_SEQUENCE,
    header::DIRECT_TIME,
    header::DIRECT_PENDING,
    header::DIRECT_LAST,
];

impl Nats {
    /// The last message of a subject; `None` if there is none.
    pub(crate) async fn last(
        &self,
        stream: &str,
        subject: &str,
    ) -> Result<Option<StoredMessage>, Fault> {
        let question = Outgoing {
            subject: self.shared.api_subject(format_args!("DIRECT.GET.{stream}.{subject}")),
            headers: Headers::new(),
            payload: bytes::Bytes::new(),
        };
        match self.ask_server_for_status(question, WITHIN).await {
            Ok(answer) if answer.status == Some(StatusCode::NOT_FOUND) => Ok(None),
            Ok(answer) => match direct(answer) {
                Some(message) => Ok(Some(message)),
                None => self.last_in_json(stream, subject).await,
            },
            // The stream allows no direct reads, or there is none; the message's headers may be such as
            // break the connection. In JSON they don't.
            Err(Fault::NoResponders | Fault::Timeout) => self.last_in_json(stream, subject).await,
            Err(fault) => Err(fault),
        }
    }

    #[cold]
    async fn last_in_json(
        &self,
        stream: &str,
        subject: &str,
    ) -> Result<Option<StoredMessage>, Fault> {
        Box::pin(self.stored(stream, Which::Last { filter: subject })).await
    }
}

/// Reads a message with what the server has added to it.
pub(super) fn direct(answer: Message) -> Option<StoredMessage> {
    let headers = NatsHeaders::new(answer.headers?);
    let stored = StoredMessage {
        subject: Subject::from(headers.get(header::DIRECT_SUBJECT)?.to_owned()),
        sequence: headers.get(header::DIRECT_SEQUENCE)?.parse().ok()?,
        stored_at: timestamp::read(headers.get(header::DIRECT_TIME)?)?,
        headers: StoredHeaders::Read(Headers::new()),
        payload: answer.payload,
    };
    if !headers.has(|name| !ADDED.iter().any(|added| name.eq_ignore_ascii_case(added))) {
        return Some(stored);
    }
    let mut own = headers.read();
    for name in ADDED {
        own.remove(name);
    }
    Some(StoredMessage { headers: StoredHeaders::Read(own), ..stored })
}
