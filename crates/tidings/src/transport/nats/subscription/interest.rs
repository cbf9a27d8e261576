//! Interest of a core subscription: its filter and group, and which of the messages that match are
//! meant.

use async_nats::Message;
use tidings_subject::matches;

use crate::header;
use crate::subject::Subject;
use crate::transport::nats::codec::header::has;

/// Interest in subjects, as a server and its listener know it.
pub(crate) struct Interest {
    pub(crate) filter: Subject,
    pub(crate) group: Option<String>,
    /// Filters of the part that is meant; the whole, where there are none.
    pub(crate) only: Vec<Subject>,
}

impl Interest {
    /// Returns `true` if a message is meant for the listener.
    #[inline]
    pub(crate) fn means(&self, message: &Message) -> bool {
        (self.only.is_empty() || self.is_among(message))
            && !(message.payload.is_empty() && is_no_event(message))
            && !message.headers.as_ref().is_some_and(|headers| has(headers, header::SCHEDULE))
    }

    #[cold]
    fn is_among(&self, message: &Message) -> bool {
        self.only.iter().any(|filter| matches(filter.as_str(), &message.subject))
    }
}

/// Returns `true` if a message without payload is for no listener: a server's own marker that its
/// stream republished, or a question to the stream of its subject.
#[cold]
fn is_no_event(message: &Message) -> bool {
    let is = |name| message.headers.as_ref().is_some_and(|headers| has(headers, name));
    is(header::MARKER_REASON) || is(header::QUESTION)
}
