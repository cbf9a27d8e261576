//! Lineage of a message: where it was stored first, and ids of what it came of, which its follow-ups carry on.

use std::time::{Duration, SystemTime};

use bytestring::ByteString;

use super::Context;
use super::origin::Origin;
use crate::header::{self, Headers};
use crate::write_buffer;

impl Context {
    /// Origin of the message, which identifies it among all messages of its server; `None` without a stream. A redrive has
    /// signed where a message was that was put back.
    pub fn origin(&self) -> Option<Origin<'_>> {
        let receipt = self.handled.receipt.as_ref()?;
        let (stream, sequence, stored_at) = (&*receipt.stream, receipt.sequence, receipt.stored_at);
        self.put_back().or(Some(Origin { stream, sequence, stored_at }))
    }

    /// Origin of a message that was put back, as a redrive has signed it.
    pub(super) fn put_back(&self) -> Option<Origin<'_>> {
        let (stream, sequence, nanos) = self.handled.headers.origin()?;
        let since = Duration::from_nanos(u64::try_from(nanos).ok()?);
        let stored_at = SystemTime::UNIX_EPOCH.checked_add(since)?;
        Some(Origin { stream, sequence, stored_at })
    }

    /// Id that all messages have in common which came of one: the one that this message carries, else its own
    /// [`message_id`](Self::message_id).
    ///
    /// What is published or asked through this context carries it on by itself; [`Draft::correlation_id`] gives a first
    /// message another one than its own. `None` for a message that has neither.
    ///
    /// [`Draft::correlation_id`]: crate::Draft::correlation_id
    pub fn correlation_id(&self) -> Option<&str> {
        self.handled.headers.get(header::CORRELATION_ID).or_else(|| self.message_id())
    }

    /// Id of the message in whose handling this one was published or asked; `None` for a first message, and for one that
    /// came of a message without an id.
    pub fn causation_id(&self) -> Option<&str> {
        self.handled.headers.get(header::CAUSATION_ID)
    }

    /// Headers that whatever is sent on behalf of the message begins with.
    pub(super) fn handed_on(&self) -> Headers {
        let (mut headers, own) = (Headers::new(), &self.handled.headers);
        // Where there is a span, it is the parent.
        if !self.handled.span.is_on() {
            for name in [header::TRACE_PARENT, header::TRACE_STATE] {
                if let Some(value) = own.get(name) {
                    headers.push(name, value.to_owned());
                }
            }
        }
        let causation = self.message_id();
        let correlation = own.get(header::CORRELATION_ID).or(causation);
        let caused_by = causation.and_then(value_of);
        let together_with = match correlation {
            // The first of them: it is written once.
            same if same == causation => caused_by.clone(),
            other => other.and_then(value_of),
        };
        for (name, id) in
            [(header::CORRELATION_ID, together_with), (header::CAUSATION_ID, caused_by)]
        {
            if let Some(id) = id {
                headers.push(name, id);
            }
        }
        headers
    }
}

/// Copies an id, if a header can hold it.
fn value_of(id: &str) -> Option<ByteString> {
    header::is_value(id).then(|| {
        let mut text = write_buffer::text();
        text.push_str(id);
        write_buffer::written(text)
    })
}
