//! What a server says about a pull request, beside the messages (ADR-13, ADR-37).

use async_nats::{Message, StatusCode};

use crate::header::PENDING_MESSAGES;
use crate::transport::nats::codec::ack_subject::ACK;

/// What it has said.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// That it is there.
    Heartbeat,
    /// That a request has ended; so many messages of it do not come, if it says how many.
    Ended(Option<usize>),
    /// That the consumer was deleted.
    Deleted,
    /// That another server will answer.
    Moved,
    /// That nobody answers.
    Nobody,
    /// Whatever else.
    Other(String),
}

/// `None` of a stored message, which may have a status too: the server's own words can't be
/// acknowledged.
#[inline]
pub(super) fn said(message: &Message) -> Option<Said> {
    let status = message.status?;
    if message.reply.as_ref().is_some_and(|to| to.starts_with(ACK)) {
        return None;
    }
    Some(read(status, message))
}

#[cold]
fn read(status: StatusCode, message: &Message) -> Said {
    let text = message.description.as_deref().unwrap_or_default();
    let is = |words: &str| text.eq_ignore_ascii_case(words);
    match status {
        StatusCode::IDLE_HEARTBEAT => Said::Heartbeat,
        StatusCode::NOT_FOUND | StatusCode::TIMEOUT => {
            let headers = message.headers.as_ref();
            let left = headers.and_then(|headers| headers.get(PENDING_MESSAGES));
            Said::Ended(left.and_then(|left| left.as_str().parse().ok()))
        }
        StatusCode::REQUEST_TERMINATED if is("consumer deleted") => Said::Deleted,
        StatusCode::REQUEST_TERMINATED if is("leadership change") || is("server shutdown") => {
            Said::Moved
        }
        StatusCode::NO_RESPONDERS => Said::Nobody,
        status => Said::Other(format!("{status} {text}")),
    }
}

#[cfg(test)]
mod tests {
    use async_nats::{HeaderMap, Subject};

    use super::*;

    fn message(
        status: u16,
        text: &str,
        left: Option<&str>,
        reply: Option<&'static str>,
    ) -> Message {
        let headers = left.map(|left| {
            let mut headers = HeaderMap::new();
            headers.insert("Nats-Pending-Messages", left);
            headers
        });
        Message {
            subject: Subject::from_static("_INBOX.a"),
            reply: reply.map(Subject::from_static),
            payload: bytes::Bytes::new(),
            headers,
            status: StatusCode::from_u16(status).ok(),
            description: Some(text.to_owned()),
            length: 0,
        }
    }

    #[test]
    fn each_status_has_its_meaning() {
        for (status, text, left, expected) in [
            (100, "Idle Heartbeat", None, Said::Heartbeat),
            (408, "Request Timeout", Some("17"), Said::Ended(Some(17))),
            (404, "No Messages", None, Said::Ended(None)),
            (408, "Request Timeout", Some("many"), Said::Ended(None)),
            (409, "Consumer Deleted", None, Said::Deleted),
            (409, "Leadership Change", None, Said::Moved),
            (409, "Server Shutdown", None, Said::Moved),
            (503, "", None, Said::Nobody),
            (409, "Exceeded MaxWaiting", None, Said::Other("409 Exceeded MaxWaiting".to_owned())),
        ] {
            assert_eq!(said(&message(status, text, left, None)), Some(expected), "{status} {text}");
        }
    }

    #[test]
    fn a_stored_message_is_none_of_the_servers_words() {
        let mut stored = message(503, "", None, Some("$JS.ACK.S.c.1.2.3.4.5"));
        assert_eq!(said(&stored), None);
        (stored.reply, stored.status) = (None, None);
        assert_eq!(said(&stored), None);
    }
}
