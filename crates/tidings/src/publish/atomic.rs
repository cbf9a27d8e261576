//! Many events, all of them stored or none.

mod error;
mod look;

pub use error::AtomicError;

use std::time::Duration;

use tokio::time::Instant;

use super::{Prepared, PublishError, earlier, reschedule, send};
use crate::confirm::{self, Copies, Whereabouts, is_own, whereabouts};
use crate::header;
use crate::link::Link;
use crate::probe::{Span, Work};
use crate::publish_ack::{AtomicAck, PublishAck};
use crate::stream::StreamDeclaration;
use crate::transport::{ApiError, AtomicFault, Fault, Outage, Outgoing};
use look::Found;

/// Publishes messages of one stream, all or nothing, until the stream has them or refuses them.
pub(crate) async fn publish_atomically(
    link: &Link,
    parts: &[Prepared],
) -> Result<AtomicAck, AtomicError> {
    let begin = |part: &Prepared| link.begin(Work::Publish(part.declaration, &part.outgoing));
    let underway: Vec<Span> = parts.iter().map(begin).collect();
    let stored = transmit(link, parts).await;
    for (sequence, underway) in (0..).zip(&underway) {
        let ack = stored.as_ref().map(|ack| PublishAck {
            stream: ack.stream.clone(),
            sequence: ack.first_sequence + sequence,
            duplicate: ack.duplicate,
        });
        underway.published(ack.as_ref().map(Some).map_err(|error| *error));
    }
    stored
}

async fn transmit(link: &Link, parts: &[Prepared]) -> Result<AtomicAck, AtomicError> {
    let [first, rest @ ..] = parts else { return Err(AtomicError::Empty) };
    // What can be added has a stream, the same for all.
    let Some(stream) = &first.declaration.stream else { return Err(AtomicError::Empty) };
    let batch = Batch { link, stream, parts, begun: Instant::now() };
    for (place, part) in parts.iter().enumerate() {
        send::admit(link, part.declaration, &part.outgoing)
            .map_err(|error| batch.of_event(place, error))?;
    }
    if let Some(known) = batch.earlier().await {
        return known;
    }
    if rest.is_empty() {
        return batch.store_one(first).await;
    }
    if !(stream.config)().allow_atomic_publish {
        return Err(AtomicError::NotAllowed { stream: stream.name });
    }
    let ack = batch.store().await?;
    if ack.duplicate {
        batch.waits_as_asked().await?;
    }
    Ok(ack)
}

struct Batch<'a> {
    link: &'a Link,
    stream: &'static StreamDeclaration,
    parts: &'a [Prepared],
    begun: Instant,
}

/// Next step after an attempt that failed.
enum Next {
    /// Nothing is stored, for now: once more.
    Again(String),
    /// Look for it: it may be stored, or something of it was before.
    Look(AtomicError),
    Fail(AtomicError),
}

impl Batch<'_> {
    fn deadline(&self) -> Instant {
        self.begun + self.link.patience.publish
    }

    /// How long to wait for one answer.
    fn patience(&self) -> Duration {
        let left = self.deadline().saturating_duration_since(Instant::now());
        self.link.patience.ack.min(left)
    }

    /// One alone is all or nothing anyway.
    async fn store_one(&self, part: &Prepared) -> Result<AtomicAck, AtomicError> {
        let stored = send::store(self.link, self.stream, &part.outgoing, part.reschedules);
        let ack = stored.await.map_err(|error| self.of_event(0, error))?;
        Ok(self.ack(ack.stream, ack.sequence, ack.duplicate))
    }

    /// Checks whether no event of a batch that is stored already waits for another time than it says
    /// now.
    async fn waits_as_asked(&self) -> Result<(), AtomicError> {
        let parts = self.parts.iter().enumerate().filter(|(_, part)| part.reschedules);
        for (place, part) in parts {
            let waits = reschedule::is_as_asked(self.link, self.stream, &part.outgoing).await;
            waits.map_err(|error| self.of_event(place, error))?;
        }
        Ok(())
    }

    /// Looks for what an earlier run of the same handler stored of it, where the stream has
    /// forgotten the ids.
    async fn earlier(&self) -> Option<Result<AtomicAck, AtomicError>> {
        let mut known = Vec::new();
        for part in self.parts.iter().filter(|part| part.run_before_since.is_some()) {
            known.push(earlier::sequence_of(self.link, part).await);
        }
        let place = known.iter().position(Option::is_some)?;
        let first = known[place]?;
        let whole = known.len() == self.parts.len();
        if whole && (first..).zip(&known).all(|(next, known)| *known == Some(next)) {
            return Some(Ok(self.ack(self.stream.name.to_owned(), first, true)));
        }
        let is_derived = |(_, part): &(usize, &Prepared)| part.run_before_since.is_some();
        let (place, _) = self.parts.iter().enumerate().filter(is_derived).nth(place)?;
        let (stream, id) = (self.stream.name, self.id(place).to_owned());
        Some(Err(AtomicError::Duplicate { stream, place, id, sequence: first }))
    }

    async fn store(&self) -> Result<AtomicAck, AtomicError> {
        let messages: Vec<Outgoing> = self.parts.iter().map(|part| part.outgoing.clone()).collect();
        let mut copies = Copies::until(self.deadline());
        // Whether an earlier attempt may have been stored without anybody's hearing of it.
        let mut unanswered = false;
        loop {
            let attempt = self.link.transport.store_atomically(&messages, self.patience());
            let next = match attempt.await {
                Ok(ack) if ack.stream != self.stream.name => {
                    let (stream, answered) = (self.stream.name, ack.stream);
                    return Err(AtomicError::WrongStream { stream, answered });
                }
                Ok(ack) => {
                    let before = self.parts.len() as u64 - 1;
                    let first = ack.sequence.saturating_sub(before);
                    return Ok(self.ack(ack.stream, first, ack.duplicate));
                }
                Err(fault) => self.judge(fault).await,
            };
            let mut reason = "no answer".to_owned();
            let refused = match next {
                Next::Fail(error) if !unanswered => return Err(error),
                Next::Again(why) => {
                    reason = why;
                    None
                }
                Next::Look(error @ AtomicError::Unconfirmed { .. }) => {
                    unanswered = true;
                    Some(error)
                }
                Next::Fail(error) | Next::Look(error) => Some(error),
            };
            if refused.is_some() || unanswered {
                match self.look().await {
                    Found::All { stream, first } => {
                        let ack = PublishAck { stream, sequence: first, duplicate: true };
                        let own = unanswered && self.is_own(&ack).await;
                        return Ok(self.ack(ack.stream, first, !own));
                    }
                    Found::Refused { place, fault } if !unanswered => {
                        return Err(self.of_fault(place, fault));
                    }
                    Found::One { place, sequence } => {
                        let id = self.id(place).to_owned();
                        let stream = self.stream.name;
                        return Err(AtomicError::Duplicate { stream, place, id, sequence });
                    }
                    // An answer that will not be another one for asking again.
                    Found::None if refused.as_ref().is_some_and(is_final) => {
                        return refused.map_or(Err(AtomicError::Empty), Err);
                    }
                    Found::None => {}
                    Found::Refused { .. } | Found::Unknown => unanswered = true,
                }
            }
            if unanswered {
                let window = (self.stream.config)().duplicate_window.unwrap_or(confirm::WINDOW);
                copies.shorten(self.begun.checked_add(window));
            }
            if !copies.wait().await {
                return Err(if unanswered {
                    self.unconfirmed()
                } else {
                    let (stream, waited) = (self.stream.name, self.begun.elapsed());
                    AtomicError::NotBegun { stream, waited, reason, source: self.outage() }
                });
            }
        }
    }

    async fn judge(&self, fault: AtomicFault) -> Next {
        match fault {
            AtomicFault::TooOld(version) => Next::Fail(AtomicError::ServerTooOld { version }),
            // Somebody else may listen on a subject that no stream keeps.
            AtomicFault::Message(_, fault) if fault.is_timeout() => {
                match self.whereabouts().await {
                    Whereabouts::Homeless(place) => {
                        Next::Fail(self.of_fault(place, Fault::NoResponders))
                    }
                    _ => Next::Again("no answer".to_owned()),
                }
            }
            AtomicFault::Message(place, Fault::NoResponders) => match self.whereabouts().await {
                Whereabouts::Kept | Whereabouts::Silent => {
                    Next::Again("it has no leader".to_owned())
                }
                Whereabouts::Homeless(place) => {
                    Next::Fail(self.of_fault(place, Fault::NoResponders))
                }
                Whereabouts::Unknown => Next::Fail(self.of_fault(place, Fault::NoResponders)),
            },
            AtomicFault::Message(_, Fault::Api(error)) | AtomicFault::Batch(Fault::Api(error))
                if error.is_of_batches() =>
            {
                self.judge_batch(error)
            }
            AtomicFault::Message(place, fault) => Next::Fail(self.of_fault(place, fault)),
            AtomicFault::Batch(Fault::Api(error)) => Next::Fail(self.refused(error)),
            AtomicFault::Batch(fault @ Fault::Denied(_)) => {
                Next::Fail(self.of_fault(self.parts.len() - 1, fault))
            }
            // It was sent whole, and nobody will say what became of it.
            AtomicFault::Batch(fault) => match self.whereabouts().await {
                Whereabouts::Homeless(place) if matches!(fault, Fault::Timeout) => {
                    Next::Fail(self.of_fault(place, Fault::NoResponders))
                }
                _ => Next::Look(self.unconfirmed()),
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
            let source = send::stream_error(Fault::Api(error), subject, stream);
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
    fn judge_batch(&self, error: ApiError) -> Next {
        let stream = self.stream.name;
        match error.code {
            ApiError::ATOMIC_DISABLED => Next::Fail(AtomicError::NotAllowed { stream }),
            ApiError::BATCH_TOO_LARGE => {
                // "atomic publish batch is too large: 1000"
                let limit = error.description.rsplit(' ').next().and_then(|n| n.parse().ok());
                Next::Fail(AtomicError::TooMany { stream, limit: limit.unwrap_or_default() })
            }
            ApiError::BATCH_DUPLICATE => {
                let ApiError { code, description, .. } = error;
                Next::Look(AtomicError::Refused { stream, code, description })
            }
            ApiError::IN_PROCESS => Next::Look(self.unconfirmed()),
            _ => Next::Again(error.description),
        }
    }

    /// No stream, one with other subjects, or one that is electing a leader: only the server knows.
    async fn whereabouts(&self) -> Whereabouts {
        let subjects = self.parts.iter().map(|part| part.outgoing.subject.as_str());
        let by = Instant::now() + self.patience() / 2;
        whereabouts(self.link, self.stream.name, subjects, by).await
    }

    /// Returns `true` if what the stream has of the batch, from its first message on, is from this
    /// call.
    async fn is_own(&self, first: &PublishAck) -> bool {
        let by = Instant::now() + self.patience();
        match self.parts {
            [part, ..] => is_own(self.link, first, &part.outgoing, self.begun, by).await,
            [] => false,
        }
    }

    fn of_fault(&self, place: usize, fault: Fault) -> AtomicError {
        let subject = self.parts[place].outgoing.subject.as_str();
        self.of_event(place, send::stream_error(fault, subject, self.stream.name))
    }

    fn of_event(&self, place: usize, error: PublishError) -> AtomicError {
        match error {
            PublishError::Unconfirmed { .. } => self.unconfirmed(),
            PublishError::Conflict { stream, description, .. } => {
                AtomicError::Conflict { stream, description }
            }
            PublishError::WrongStream { stream, answered, .. } => {
                AtomicError::WrongStream { stream, answered }
            }
            source => AtomicError::Event { place, source },
        }
    }

    fn outage(&self) -> Option<Box<Outage>> {
        self.link.transport.outage().map(Box::new)
    }

    fn unconfirmed(&self) -> AtomicError {
        AtomicError::Unconfirmed {
            stream: self.stream.name,
            events: self.parts.len(),
            waited: self.begun.elapsed(),
            source: self.outage(),
        }
    }

    fn ack(&self, stream: String, first_sequence: u64, duplicate: bool) -> AtomicAck {
        let last_sequence = first_sequence + self.parts.len() as u64 - 1;
        AtomicAck { stream, first_sequence, last_sequence, duplicate }
    }
}

/// Returns `true` if the server meant it, and no earlier attempt can be the reason.
fn is_final(error: &AtomicError) -> bool {
    !matches!(
        error,
        AtomicError::Unconfirmed { .. }
            | AtomicError::Refused { code: ApiError::BATCH_DUPLICATE, .. }
    )
}
