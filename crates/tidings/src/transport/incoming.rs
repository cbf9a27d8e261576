//! A message that arrived.

use bytes::Bytes;

use crate::header;
use crate::subject::Subject;
use crate::transport::{IncomingHeaders, Receipt, Settle};

/// A message that arrived.
#[derive(Debug, Clone)]
pub(crate) struct Incoming {
    pub(crate) subject: Subject,
    /// Subject on which an answer is expected; `None` for a stream's messages, which are settled
    /// instead.
    pub(crate) reply: Option<Subject>,
    pub(crate) headers: IncomingHeaders,
    pub(crate) payload: Bytes,
    /// Receipt of the stream that keeps it, if one delivered it.
    pub(crate) receipt: Option<Receipt>,
    /// Handle to settle it with, if a durable consumer delivered it.
    pub(crate) settle: Option<Settle>,
}

impl Incoming {
    /// Returns `true` if a server wrote it in place of the last message of its subject: it is no
    /// event.
    #[inline]
    pub(crate) fn is_marker(&self) -> bool {
        self.payload.is_empty() && self.headers.get(header::MARKER_REASON).is_some()
    }

    /// Returns `true` if it waits in its stream until it is due (ADR-51): what it is for is another
    /// subject, and it is no event.
    #[inline]
    pub(crate) fn waits(&self) -> bool {
        self.headers.get(header::SCHEDULE).is_some()
    }

    /// Returns `true` if it is no event, whatever its subject.
    #[inline]
    pub(crate) fn is_no_event(&self) -> bool {
        self.is_marker() || self.waits()
    }

    /// Becomes another message, one that no stream delivered. Each part is laid where the last one
    /// was: a message is a few hundred bytes, which are not moved once more.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "else each part is moved twice to be given to it")]
    pub(super) fn become_core(
        &mut self,
        subject: Subject,
        reply: Option<Subject>,
        headers: IncomingHeaders,
        payload: Bytes,
    ) {
        self.subject = subject;
        self.reply = reply;
        self.headers = headers;
        self.payload = payload;
        self.receipt = None;
        self.settle = None;
    }
}

impl Default for Incoming {
    /// An empty message, into which the next one is written.
    fn default() -> Self {
        Self {
            subject: Subject::from_static(""),
            reply: None,
            headers: IncomingHeaders::default(),
            payload: Bytes::new(),
            receipt: None,
            settle: None,
        }
    }
}
