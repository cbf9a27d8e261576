//! What a stream already has of a batch, by the ids of its messages.

use futures_util::future::join_all;
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

use super::Batch;
use crate::header;
use crate::transport::{ApiError, Fault, Outgoing};

/// What was found.
#[derive(Debug)]
pub(super) enum Found {
    None,
    /// All of it, one behind the other from this sequence on: it was stored as a batch.
    All {
        stream: String,
        first: u64,
    },
    /// Some of it; the first such message.
    One {
        place: usize,
        sequence: u64,
    },
    /// The stream did not say.
    Unknown,
}

impl Batch<'_> {
    pub(super) fn id(&self, place: usize) -> &str {
        self.parts[place].outgoing.headers.get(header::MESSAGE_ID).unwrap_or_default()
    }

    /// Asks the stream for each of the messages, without storing any.
    pub(super) async fn look(&self) -> Found {
        let by = Instant::now() + self.patience();
        let mut answers = Vec::with_capacity(self.parts.len());
        for part in self.parts {
            let question = question(&part.outgoing);
            match timeout_at(by, self.link.transport.store(&question)).await {
                Ok(Ok(answer)) => answers.push(timeout_at(by, answer)),
                _ => return Found::Unknown,
            }
        }
        let mut found = Vec::with_capacity(answers.len());
        let mut stream = String::new();
        for answer in join_all(answers).await {
            match answer {
                Ok(Ok(ack)) => {
                    stream = ack.stream;
                    found.push(Some(ack.sequence));
                }
                Ok(Err(Fault::Api(error))) if error.code == ApiError::WRONG_LAST_MESSAGE_ID => {
                    found.push(None);
                }
                _ => return Found::Unknown,
            }
        }
        let Some(place) = found.iter().position(Option::is_some) else { return Found::None };
        let sequence = found[place].unwrap_or_default();
        let together = found.iter().zip(sequence..).all(|(found, next)| *found == Some(next));
        if together {
            Found::All { stream, first: sequence }
        } else {
            Found::One { place, sequence }
        }
    }
}

/// The same message, with an expectation that no stream meets. A stream looks for the id first: it
/// tells the sequence of the message that it has, or else refuses this one.
fn question(message: &Outgoing) -> Outgoing {
    let mut message = message.clone();
    for expectation in [header::EXPECTED_LAST_SEQUENCE, header::EXPECTED_LAST_SUBJECT_SEQUENCE] {
        message.headers.remove(expectation);
    }
    let nobodys = Uuid::now_v7().simple().to_string();
    message.headers.set(header::EXPECTED_LAST_MESSAGE_ID, nobodys);
    message
}
