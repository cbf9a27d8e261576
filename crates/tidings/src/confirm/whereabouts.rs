//! Looking whether a stream is there, and keeps what is sent to it.

use tokio::time::{Instant, timeout_at};

use crate::link::Link;

/// The server's word on a stream and on the subjects of messages for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whereabouts {
    /// The stream keeps all of them.
    Kept,
    /// There is no such stream, or it does not keep the subject at this place.
    Homeless(usize),
    /// Nobody answered: the servers may be electing who does.
    Silent,
    Unknown,
}

/// Asks the server for the stream.
pub(crate) async fn whereabouts<'a>(
    link: &Link,
    stream: &str,
    subjects: impl IntoIterator<Item = &'a str>,
    by: Instant,
) -> Whereabouts {
    match timeout_at(by, link.transport.stream(stream)).await {
        Ok(Ok(Some(found))) => {
            let kept: Vec<&str> = found.subjects.iter().map(String::as_str).collect();
            let homeless = |subject| !tidings_subject::covers(&kept, subject);
            subjects.into_iter().position(homeless).map_or(Whereabouts::Kept, Whereabouts::Homeless)
        }
        Ok(Ok(None)) => Whereabouts::Homeless(0),
        Err(_) => Whereabouts::Silent,
        Ok(Err(fault)) if fault.is_timeout() => Whereabouts::Silent,
        Ok(Err(_)) => Whereabouts::Unknown,
    }
}
