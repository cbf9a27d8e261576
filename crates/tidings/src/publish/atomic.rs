//! Batches of events, all of them stored or none.

mod batch;
mod error;
mod lookup;
mod next_step;

pub use error::AtomicError;

use tokio::time::Instant;

use super::{Prepared, earlier_run, reschedule, send};
use crate::confirm::{self, Copies};
use crate::link::Link;
use crate::observe::{SendError as _, Sending};
use crate::publish_ack::{AtomicAck, PublishAck};
use crate::traces::{Operation, SendSpan, Sent};
use crate::transport::{ApiError, Outgoing};
use batch::Batch;
use lookup::LookupResult;
use next_step::NextStep;

/// Publishes messages of one stream, all or nothing, until the stream has them or refuses them.
pub(crate) async fn publish_atomically(
    link: &Link,
    parts: &[Prepared],
) -> Result<AtomicAck, AtomicError> {
    if link.is_observed() {
        // Headers that observers add belong to this attempt alone.
        return Box::pin(observed(link, parts.to_vec())).await;
    }
    transmit(link, parts).await
}

/// Publishes them as every other bus does, and tells who looks on.
async fn observed(link: &Link, mut parts: Vec<Prepared>) -> Result<AtomicAck, AtomicError> {
    let span = begin_span(link, &parts);
    let begin = |part: &mut Prepared| {
        let created = Sent::new(Operation::Create, part.declaration, &link.transport);
        link.traces.create(&span, created, &part.parent, &mut part.outgoing);
        link.publishes(part.declaration, &mut part.outgoing)
    };
    let sending: Vec<Sending> = parts.iter_mut().map(begin).collect();
    let stored = transmit(link, &parts).await;
    span.end(&stored, |error| error.kind().into());
    for (sequence, sending) in (0..).zip(sending) {
        let ack = stored.as_ref().map(|ack| PublishAck {
            stream: ack.stream.clone(),
            sequence: ack.first_sequence + sequence,
            duplicate: ack.duplicate,
        });
        sending.published(ack.as_ref().map(Some).map_err(|error| *error));
    }
    stored
}

/// Begins the span of a batch.
fn begin_span(link: &Link, parts: &[Prepared]) -> SendSpan {
    let parent = parts.first().map(|first| first.parent.clone()).unwrap_or_default();
    let stream = parts.first().and_then(|first| first.declaration.stream);
    let template = match parts {
        [first, rest @ ..] => {
            let template = first.declaration.template;
            rest.iter().all(|part| part.declaration.template == template).then_some(template)
        }
        [] => None,
    };
    let batch = Sent {
        operation: Operation::Publish,
        template,
        stream: stream.as_ref().map(|stream| stream.name),
        transport: &link.transport,
        messages: Some(parts.len()),
    };
    link.traces.send_many(batch, &parent)
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
    if let Some(known) = batch.stored_by_earlier_run().await {
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
        batch.check_schedules().await?;
    }
    Ok(ack)
}

impl Batch<'_> {
    /// Stores a batch of one event, which is all or nothing without being a batch.
    async fn store_one(&self, part: &Prepared) -> Result<AtomicAck, AtomicError> {
        let stored = send::store(self.link, self.stream, &part.outgoing, part.reschedules);
        let ack = stored.await.map_err(|error| self.of_event(0, error))?;
        Ok(self.ack(ack.stream, ack.sequence, ack.duplicate))
    }

    /// Checks whether no event of a batch that is stored already waits for another time than it says
    /// now.
    async fn check_schedules(&self) -> Result<(), AtomicError> {
        let parts = self.parts.iter().enumerate().filter(|(_, part)| part.reschedules);
        for (place, part) in parts {
            let waits = reschedule::is_as_asked(self.link, self.stream, &part.outgoing).await;
            waits.map_err(|error| self.of_event(place, error))?;
        }
        Ok(())
    }

    /// Looks for what an earlier run of the same handler stored of it, where the stream has
    /// forgotten the ids.
    async fn stored_by_earlier_run(&self) -> Option<Result<AtomicAck, AtomicError>> {
        let mut known = Vec::new();
        for part in self.parts.iter().filter(|part| part.run_before_since.is_some()) {
            known.push(earlier_run::sequence_of(self.link, part).await);
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
            let attempt = self.link.transport.store_atomically(&messages, self.ack_timeout());
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
                Err(fault) => self.next_step(fault).await,
            };
            let mut reason = "no answer".to_owned();
            let refused = match next {
                NextStep::Fail(error) if !unanswered => return Err(error),
                NextStep::Again(why) => {
                    reason = why;
                    None
                }
                NextStep::Look(error @ AtomicError::Unconfirmed { .. }) => {
                    unanswered = true;
                    Some(error)
                }
                NextStep::Fail(error) | NextStep::Look(error) => Some(error),
            };
            if refused.is_some() || unanswered {
                match self.look_up().await {
                    LookupResult::All { stream, first } => {
                        let ack = PublishAck { stream, sequence: first, duplicate: true };
                        let own = unanswered && self.is_own(&ack).await;
                        return Ok(self.ack(ack.stream, first, !own));
                    }
                    LookupResult::Refused { place, fault } if !unanswered => {
                        return Err(self.of_fault(place, fault));
                    }
                    LookupResult::One { place, sequence } => {
                        let id = self.id(place).to_owned();
                        let stream = self.stream.name;
                        return Err(AtomicError::Duplicate { stream, place, id, sequence });
                    }
                    // Asking again would bring the same answer.
                    LookupResult::None if refused.as_ref().is_some_and(is_final) => {
                        return refused.map_or(Err(AtomicError::Empty), Err);
                    }
                    LookupResult::None => {}
                    LookupResult::Refused { .. } | LookupResult::Unknown => unanswered = true,
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
}

/// Returns `true` if the server meant it, and no earlier attempt can be the reason.
fn is_final(error: &AtomicError) -> bool {
    !matches!(
        error,
        AtomicError::Unconfirmed { .. }
            | AtomicError::Refused { code: ApiError::BATCH_DUPLICATE, .. }
    )
}
