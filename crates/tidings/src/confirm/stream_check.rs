//! Looking whether a stream is there, and keeps what is sent to it.

use tokio::time::{Instant, timeout_at};

use crate::link::Link;

/// The server's word on a stream and on the subjects of messages for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StreamCheck {
    /// The stream keeps all of them.
    Covered,
    /// The stream is missing, or does not keep the subject at this place.
    Uncovered(usize),
    /// The question went unanswered: the servers may be electing who answers.
    Unanswered,
    Unknown,
}

/// Asks the server for the stream.
pub(crate) async fn check_stream<'a>(
    link: &Link,
    stream: &str,
    subjects: impl IntoIterator<Item = &'a str>,
    by: Instant,
) -> StreamCheck {
    match timeout_at(by, link.transport.stream(stream)).await {
        Ok(Ok(Some(found))) => {
            let kept: Vec<&str> = found.subjects.iter().map(String::as_str).collect();
            let uncovered = |subject| !tidings_subject::covers(&kept, subject);
            subjects
                .into_iter()
                .position(uncovered)
                .map_or(StreamCheck::Covered, StreamCheck::Uncovered)
        }
        Ok(Ok(None)) => StreamCheck::Uncovered(0),
        Err(_) => StreamCheck::Unanswered,
        Ok(Err(fault)) if fault.is_timeout() => StreamCheck::Unanswered,
        Ok(Err(_)) => StreamCheck::Unknown,
    }
}
