//! Many events, one behind the other, each confirmed.

use std::mem;

use tokio::time::Instant;

use crate::envelope;
use crate::header::Headers;
use crate::link::Link;
use crate::message::{Declaration, Event};
use crate::probe::{Span, Work};
use crate::publish::ingest::Lane;
use crate::publish::silence::Silence;
use crate::publish::window::{Begun, Window};
use crate::publish::{PublishError, send};
use crate::publish_ack::{Acknowledgement, PublishAck};
use crate::transport::Outgoing;

/// Some of many events could not be published; the others were.
#[derive(Debug)]
#[non_exhaustive]
pub struct PublishAllError<A> {
    /// The outcome of each event, in the order they were given.
    pub outcomes: Vec<Result<A, PublishError>>,
}

impl<A> PublishAllError<A> {
    /// The first event that could not be published: its place, from 0, and why.
    pub fn first(&self) -> Option<(usize, &PublishError)> {
        self.outcomes.iter().enumerate().find_map(|(i, o)| o.as_ref().err().map(|e| (i, e)))
    }

    fn failures(&self) -> usize {
        self.outcomes.iter().filter(|outcome| outcome.is_err()).count()
    }
}

impl<A> std::fmt::Display for PublishAllError<A> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (failed, all) = (self.failures(), self.outcomes.len());
        write!(f, "{failed} of {all} events could not be published")?;
        match self.first() {
            Some((place, error)) => write!(f, "; the first is event {place}: {error}"),
            None => Ok(()),
        }
    }
}

impl<A: std::fmt::Debug> std::error::Error for PublishAllError<A> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.first().map(|(_, error)| error as _)
    }
}

pub(crate) async fn publish_all<E: Event>(
    link: &Link,
    events: impl IntoIterator<Item = E>,
) -> Result<Vec<E::Ack>, PublishAllError<E::Ack>> {
    let events = events.into_iter();
    let mut outcomes = Outcomes::new();
    let mut window = Window::new(link);
    let mut lane = Lane::new(link, events.size_hint().0);
    // While the connection takes nothing, all that are left wait together, not one after the other.
    let mut by = None;
    for event in events {
        let place = outcomes.next();
        let item = match prepare(link, &event) {
            Ok(item) => item,
            Err(error) => {
                outcomes.settle(place, Err(error));
                continue;
            }
        };
        if outcomes.silence.is_long() {
            outcomes.settle(place, Err(item.give_up(link)));
            continue;
        }
        if lane.takes(&item) {
            if lane.is_idle() {
                let before = mem::replace(&mut window, Window::new(link));
                before.end(|place, stored| outcomes.stored(&mut lane, place, stored)).await;
                lane.begin().await;
            }
            if !lane.is_idle() {
                lane.add(place, item);
                lane.advance(|place, stored| outcomes.settle(place, stored)).await;
                continue;
            }
        }
        lane.make_way(&item, |place, stored| outcomes.settle(place, stored)).await;
        window.room(|place, stored| outcomes.stored(&mut lane, place, stored)).await;
        // Sent here, one after the other; only the confirmations are awaited side by side.
        let begun = begin(link, item, &mut by).await;
        if begun.is_ok() {
            by = None;
        }
        match begun {
            Ok(None) => outcomes.settle(place, Ok(None)),
            Ok(Some(begun)) => window.add(place, begun),
            Err(error) => outcomes.settle(place, Err(error)),
        }
    }
    window.end(|place, stored| outcomes.stored(&mut lane, place, stored)).await;
    lane.end(|place, stored| outcomes.settle(place, stored)).await;
    outcomes.finish()
}

/// Outcomes of the events.
struct Outcomes<A> {
    acks: Vec<Option<A>>,
    /// The few that could not be published.
    errors: Vec<(usize, PublishError)>,
    silence: Silence,
}

impl<A: Acknowledgement> Outcomes<A> {
    fn new() -> Self {
        Self { acks: Vec::new(), errors: Vec::new(), silence: Silence::default() }
    }

    /// The place of the next event.
    fn next(&mut self) -> usize {
        self.acks.push(None);
        self.acks.len() - 1
    }

    fn settle(&mut self, place: usize, outcome: Result<Option<PublishAck>, PublishError>) {
        self.silence.hear(&outcome);
        match outcome {
            Ok(stored) => self.acks[place] = A::from_stored(stored),
            Err(error) => self.errors.push((place, error)),
        }
    }

    /// Outcome of one that went the ordinary way.
    fn stored(
        &mut self,
        lane: &mut Lane<'_>,
        place: usize,
        stored: Result<PublishAck, PublishError>,
    ) {
        if let Ok(ack) = &stored {
            lane.hear(ack);
        }
        self.settle(place, stored.map(Some));
    }

    fn finish(mut self) -> Result<Vec<A>, PublishAllError<A>> {
        if self.errors.is_empty() && self.acks.iter().all(Option::is_some) {
            return Ok(self.acks.into_iter().flatten().collect());
        }
        let mut outcomes: Vec<_> =
            self.acks.into_iter().map(|ack| ack.ok_or(PublishError::Closed)).collect();
        for (place, error) in self.errors.drain(..) {
            outcomes[place] = Err(error);
        }
        Err(PublishAllError { outcomes })
    }
}

/// An event that may be sent.
pub(super) struct Item {
    pub(super) declaration: &'static Declaration,
    pub(super) outgoing: Outgoing,
    pub(super) underway: Span,
    /// `true` if the event says its id itself: then the stream may have it already.
    pub(super) known_again: bool,
}

impl Item {
    /// Gives it up unsent, since nobody answers.
    #[cold]
    pub(super) fn give_up(self, link: &Link) -> PublishError {
        let error = send::unsent(link, &self.outgoing.subject);
        self.underway.published(Err(&error));
        error
    }
}

fn prepare<E: Event>(link: &Link, event: &E) -> Result<Item, PublishError> {
    let encoded = envelope::encode(event, link.reads_back())?;
    let declaration = encoded.declaration;
    let mut known_again = false;
    let outgoing = envelope::seal(encoded, Headers::new(), || {
        event.message_id().inspect(|_| known_again = true)
    });
    let underway = link.begin(Work::Publish(declaration, &outgoing));
    if let Err(error) = send::admit(link, declaration, &outgoing) {
        underway.published(Err(&error));
        return Err(error);
    }
    Ok(Item { declaration, outgoing, underway, known_again })
}

/// Sends one event; gives what is to be awaited, if a stream is to store it.
pub(super) async fn begin(
    link: &Link,
    item: Item,
    by: &mut Option<Instant>,
) -> Result<Option<Begun>, PublishError> {
    let Item { declaration, mut outgoing, underway, .. } = item;
    let by = || *by.get_or_insert_with(|| Instant::now() + link.patience.publish);
    let begun = match &declaration.stream {
        None => send::core(link, &mut outgoing, by).await.map(|()| None),
        Some(stream) => {
            let sent = send::start(link, stream, &outgoing, by).await;
            sent.map(|sent| Some((stream, outgoing, sent)))
        }
    };
    match begun {
        Ok(Some((stream, outgoing, sent))) => Ok(Some(Begun { stream, outgoing, sent, underway })),
        Ok(None) => {
            underway.published::<PublishError>(Ok(None));
            Ok(None)
        }
        Err(error) => {
            underway.published(Err(&error));
            Err(error)
        }
    }
}
