//! Publishing of many events, one behind the other, each confirmed.

use std::mem;

use super::PublishError;
use super::ingest::Lane;
use super::item::{begin, prepare};
use super::large::check_in;
use super::unanswered_limit::UnansweredLimit;
use super::window::Window;
use crate::link::Link;
use crate::message::{Event, may_be_large};
use crate::observe::SendError as _;
use crate::publish_ack::{Acknowledgement, PublishAck};
use crate::traces::{Operation, Parent, Sent};

/// Error that some of many events could not be published; the others were.
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
    let template = match E::DECLARATIONS {
        [one] => Some(one.template),
        _ => None,
    };
    let (operation, transport) = (Operation::Publish, &link.transport);
    let all = Sent { operation, template, stream: None, transport, messages: None };
    let span = link.traces.send_many(all, &Parent::default());
    let events = events.into_iter();
    let mut outcomes = Outcomes::new();
    let mut window = Window::new(link);
    let mut lane = Lane::new(link, events.size_hint().0);
    // While the connection takes nothing, all that are left wait together, not one after the other.
    let mut by = None;
    for event in events {
        let place = outcomes.next();
        let mut item = match prepare(link, &event, &span) {
            Ok(item) => item,
            Err(error) => {
                outcomes.settle(place, Err(error));
                continue;
            }
        };
        if outcomes.unanswered.is_reached() {
            outcomes.settle(place, Err(item.give_up(link)));
            continue;
        }
        if const { may_be_large(E::DECLARATIONS) } {
            let checked = Box::pin(check_in(link, item.declaration, &mut item.outgoing)).await;
            if let Err(error) = checked {
                outcomes.settle(place, Err(item.refuse(error)));
                continue;
            }
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
        lane.confirm_before(&item, |place, stored| outcomes.settle(place, stored)).await;
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
    span.sent_all(outcomes.acks.len());
    let finished = outcomes.finish();
    let failed = finished.as_ref().err().and_then(PublishAllError::first);
    let failed = failed.map_or(Ok(()), |(_, error)| Err(error));
    span.end(&failed, |error| error.kind().into());
    finished
}

/// Outcomes of the events.
struct Outcomes<A> {
    acks: Vec<Option<A>>,
    /// The few that could not be published.
    errors: Vec<(usize, PublishError)>,
    unanswered: UnansweredLimit,
}

impl<A: Acknowledgement> Outcomes<A> {
    fn new() -> Self {
        Self { acks: Vec::new(), errors: Vec::new(), unanswered: UnansweredLimit::default() }
    }

    /// The place of the next event.
    fn next(&mut self) -> usize {
        self.acks.push(None);
        self.acks.len() - 1
    }

    fn settle(&mut self, place: usize, outcome: Result<Option<PublishAck>, PublishError>) {
        self.unanswered.record(&outcome);
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
            lane.record(ack);
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
