//! Statuses of pull requests, which a server sends beside the messages (ADR-13, ADR-37).

use async_nats::{Message, StatusCode};

use crate::header::PENDING_MESSAGES;
use crate::transport::nats::codec::ack_subject::ACK;

/// Status that a server tells of a pull request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum PullStatus {
    /// A sign of life: the request is there.
    Heartbeat,
    /// A request has ended; so many messages of it do not come, if it says how many.
    Ended(Option<usize>),
    /// The consumer was deleted.
    Deleted,
    /// The consumer's leader changed: another server will answer.
    Moved,
    /// No server answers.
    Nobody,
    /// Another status, with its text.
    Other(String),
}

/// `None` of a stored message, which may have a status too: the server's own words can't be
/// acknowledged.
#[inline]
pub(super) fn status_of(message: &Message) -> Option<PullStatus> {
    let status = message.status?;
    if message.reply.as_ref().is_some_and(|to| to.starts_with(ACK)) {
        return None;
    }
    Some(read(status, message))
}

#[cold]
fn read(status: StatusCode, message: &Message) -> PullStatus {
    let text = message.description.as_deref().unwrap_or_default();
    let is = |words: &str| text.eq_ignore_ascii_case(words);
    match status {
        StatusCode::IDLE_HEARTBEAT => PullStatus::Heartbeat,
        StatusCode::NOT_FOUND | StatusCode::TIMEOUT => {
            let headers = message.headers.as_ref();
            let left = headers.and_then(|headers| headers.get(PENDING_MESSAGES));
            PullStatus::Ended(left.and_then(|left| left.as_str().parse().ok()))
        }
        StatusCode::REQUEST_TERMINATED if is("consumer deleted") => PullStatus::Deleted,
        StatusCode::REQUEST_TERMINATED if is("leadership change") || is("server shutdown") => {
            PullStatus::Moved
        }
        StatusCode::NO_RESPONDERS => PullStatus::Nobody,
        status => PullStatus::Other(format!("{status} {text}")),
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
            (100, "Idle Heartbeat", None, PullStatus::Heartbeat),
            (408, "Request Timeout", Some("17"), PullStatus::Ended(Some(17))),
            (404, "No Messages", None, PullStatus::Ended(None)),
            (408, "Request Timeout", Some("many"), PullStatus::Ended(None)),
            (409, "Consumer Deleted", None, PullStatus::Deleted),
            (409, "Leadership Change", None, PullStatus::Moved),
            (409, "Server Shutdown", None, PullStatus::Moved),
            (503, "", None, PullStatus::Nobody),
            (
                409,
                "Exceeded MaxWaiting",
                None,
                PullStatus::Other("409 Exceeded MaxWaiting".to_owned()),
            ),
        ] {
            assert_eq!(
                status_of(&message(status, text, left, None)),
                Some(expected),
                "{status} {text}"
            );
        }
    }

    #[test]
    fn a_stored_message_is_none_of_the_servers_words() {
        let mut stored = message(503, "", None, Some("$JS.ACK.S.c.1.2.3.4.5"));
        assert_eq!(status_of(&stored), None);
        (stored.reply, stored.status) = (None, None);
        assert_eq!(status_of(&stored), None);
    }
}
