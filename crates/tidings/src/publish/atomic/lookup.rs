//! Looking for what a stream already has of a batch, by the ids of its messages.

use futures_util::future::join_all;
use tokio::time::Instant;

use super::batch::Batch;
use crate::confirm::ask;
use crate::transport::Fault;

/// Result of looking.
#[derive(Debug)]
pub(super) enum LookupResult {
    None,
    /// The whole batch is stored, one message behind the other from this sequence on.
    All {
        stream: String,
        first: u64,
    },
    /// A part of the batch is stored; this is the first such message.
    One {
        place: usize,
        sequence: u64,
    },
    /// The stream refuses even to be asked for this one.
    Refused {
        place: usize,
        fault: Fault,
    },
    /// The stream did not say.
    Unknown,
}

impl Batch<'_> {
    /// Asks the stream for each of the messages, without storing any.
    pub(super) async fn look_up(&self) -> LookupResult {
        let by = Instant::now() + self.ack_timeout();
        let answers =
            self.parts.iter().map(|part| ask(self.link, self.stream.name, &part.outgoing, by));
        let mut found = Vec::with_capacity(self.parts.len());
        let mut stream = String::new();
        for (place, answer) in join_all(answers).await.into_iter().enumerate() {
            match answer {
                Ok(Some(ack)) => {
                    stream = ack.stream;
                    found.push(Some(ack.sequence));
                }
                Ok(None) => found.push(None),
                Err(fault @ Fault::Api(_)) if !is_passing(&fault) => {
                    return LookupResult::Refused { place, fault };
                }
                Err(_) => return LookupResult::Unknown,
            }
        }
        let Some(place) = found.iter().position(Option::is_some) else { return LookupResult::None };
        let sequence = found[place].unwrap_or_default();
        let together = found.iter().zip(sequence..).all(|(found, next)| *found == Some(next));
        if together {
            LookupResult::All { stream, first: sequence }
        } else {
            LookupResult::One { place, sequence }
        }
    }
}

fn is_passing(fault: &Fault) -> bool {
    matches!(fault, Fault::Api(error) if error.is_passing())
}
