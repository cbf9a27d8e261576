//! Judging an attempt that failed: once more, a look at the stream, or an error.

use super::batch::Batch;
use super::error::AtomicError;
use crate::confirm::StreamCheck;
use crate::header;
use crate::publish::PublishError;
use crate::transport::{ApiError, AtomicFault, Fault};

/// Next step after an attempt that failed.
pub(super) enum NextStep {
    /// Try once more: nothing is stored, for now.
    Again(String),
    /// Look for it: it may be stored, or something of it was before.
    Look(AtomicError),
    Fail(AtomicError),
}

impl Batch<'_> {
    /// Judges what came of an attempt.
    pub(super) async fn next_step(&self, fault: AtomicFault) -> NextStep {
        match fault {
            AtomicFault::TooOld(version) => NextStep::Fail(AtomicError::ServerTooOld { version }),
            // Somebody else may listen on a subject that no stream keeps.
            AtomicFault::Message(_, fault) if fault.is_timeout() => {
                match self.check_stream().await {
                    StreamCheck::Uncovered(place) => {
                        NextStep::Fail(self.of_fault(place, Fault::NoResponders))
                    }
                    _ => NextStep::Again("no answer".to_owned()),
                }
            }
            AtomicFault::Message(place, Fault::NoResponders) => match self.check_stream().await {
                StreamCheck::Covered | StreamCheck::Unanswered => {
                    NextStep::Again("it has no leader".to_owned())
                }
                StreamCheck::Uncovered(place) => {
                    NextStep::Fail(self.of_fault(place, Fault::NoResponders))
                }
                StreamCheck::Unknown => NextStep::Fail(self.of_fault(place, Fault::NoResponders)),
            },
            AtomicFault::Message(_, Fault::Api(error)) | AtomicFault::Batch(Fault::Api(error))
                if error.is_of_batches() =>
            {
                self.judge_batch(error)
            }
            AtomicFault::Message(place, fault) => NextStep::Fail(self.of_fault(place, fault)),
            AtomicFault::Batch(Fault::Api(error)) => NextStep::Fail(self.refused(error)),
            AtomicFault::Batch(fault @ Fault::Denied(_)) => {
                NextStep::Fail(self.of_fault(self.parts.len() - 1, fault))
            }
            // It was sent whole, and nobody will say what became of it.
            AtomicFault::Batch(fault) => match self.check_stream().await {
                StreamCheck::Uncovered(place) if matches!(fault, Fault::Timeout) => {
                    NextStep::Fail(self.of_fault(place, Fault::NoResponders))
                }
                _ => NextStep::Look(self.unconfirmed()),
            },
        }
    }

    /// Error of a refusal: what is said of the batch may be so of one event only.
    fn refused(&self, error: ApiError) -> AtomicError {
        let stream = self.stream.name;
        let has = |place: &usize, name| self.parts[*place].outgoing.headers.get(name).is_some();
        let mut places = 0..self.parts.len();
        let culprit = match error.code {
            // Each is measured as it arrives: this answers the last one.
            ApiError::MESSAGE_TOO_LARGE => self.parts.len().checked_sub(1),
            ApiError::TTL_INVALID | ApiError::TTL_DISABLED => places.find(|p| has(p, header::TTL)),
            ApiError::EXPECTED_STREAM => places.find(|&place| {
                let expected = self.parts[place].outgoing.headers.get(header::EXPECTED_STREAM);
                expected.is_some_and(|expected| expected != stream)
            }),
            _ => None,
        };
        if let Some(place) = culprit {
            let subject = self.parts[place].outgoing.subject.as_str();
            let source = PublishError::of_stream(Fault::Api(error), subject, stream);
            return AtomicError::Event { place, source };
        }
        let ApiError { code, ref description, .. } = error;
        let description = description.clone();
        if error.is_conflict() {
            AtomicError::Conflict { stream, description }
        } else {
            AtomicError::Refused { stream, code, description }
        }
    }

    /// Judges what only a batch is answered, or may be answered otherwise a moment later.
    fn judge_batch(&self, error: ApiError) -> NextStep {
        let stream = self.stream.name;
        match error.code {
            ApiError::ATOMIC_DISABLED => NextStep::Fail(AtomicError::NotAllowed { stream }),
            ApiError::BATCH_TOO_LARGE => {
                // "atomic publish batch is too large: 1000"
                let limit = error.description.rsplit(' ').next().and_then(|n| n.parse().ok());
                NextStep::Fail(AtomicError::TooMany { stream, limit: limit.unwrap_or_default() })
            }
            ApiError::BATCH_DUPLICATE => {
                let ApiError { code, description, .. } = error;
                NextStep::Look(AtomicError::Refused { stream, code, description })
            }
            ApiError::IN_PROCESS => NextStep::Look(self.unconfirmed()),
            _ => NextStep::Again(error.description),
        }
    }
}
