//! Expectations of a draft: the stream refuses the event where it is not as is said here.

use super::Draft;
use crate::header;
use crate::message::StreamEvent;

impl<E: StreamEvent> Draft<'_, E> {
    /// Stores it only in the stream of this name.
    pub fn expected_stream(mut self, name: &str) -> Self {
        self.expect(header::EXPECTED_STREAM, name.to_owned());
        self
    }

    /// Stores it only if the stream's last message has this sequence; 0 for an empty stream.
    pub fn expected_last_sequence(mut self, sequence: u64) -> Self {
        self.expect(header::EXPECTED_LAST_SEQUENCE, sequence.to_string());
        self
    }

    /// Stores it only if the stream's last message has this id.
    pub fn expected_last_message_id(mut self, id: &str) -> Self {
        self.expect(header::EXPECTED_LAST_MESSAGE_ID, id.to_owned());
        self
    }

    /// Stores it only if the last message of the same subject has this sequence; 0 for none.
    pub fn expected_last_subject_sequence(mut self, sequence: u64) -> Self {
        self.expect(header::EXPECTED_LAST_SUBJECT_SEQUENCE, sequence.to_string());
        self
    }

    fn expect(&mut self, name: &'static str, value: String) {
        // A value that no header can hold is no name or id of anything stored.
        if header::is_value(&value) {
            self.headers.set(name, value);
        } else {
            self.refused.get_or_insert(
                header::HeaderError { name: name.to_owned(), fault: header::HeaderFault::Value }
                    .into(),
            );
        }
    }
}
