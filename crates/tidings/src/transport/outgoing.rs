//! A message on its way out.

use bytes::Bytes;

use crate::header::Headers;
use crate::subject::Subject;

/// A message on its way out.
#[derive(Debug, Clone)]
pub(crate) struct Outgoing {
    pub(crate) subject: Subject,
    pub(crate) headers: Headers,
    pub(crate) payload: Bytes,
}

impl Outgoing {
    /// Takes the message, leaving nothing.
    #[cfg(feature = "memory")]
    pub(super) fn take(&mut self) -> Self {
        Self {
            subject: std::mem::replace(&mut self.subject, Subject::from_static("")),
            headers: std::mem::take(&mut self.headers),
            payload: std::mem::take(&mut self.payload),
        }
    }
}
