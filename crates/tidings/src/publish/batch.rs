//! Many events, one behind the other, each confirmed.

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::time::Instant;

use crate::envelope;
use crate::header::Headers;
use crate::link::Link;
use crate::message::{Declaration, Event};
use crate::probe::{Underway, Work};
use crate::publish::ingest::{Item, Lane};
use crate::publish::send::Sent;
use crate::publish::{PublishError, send};
use crate::publish_ack::{Acknowledgement, PublishAck};
use crate::stream::StreamDeclaration;
use crate::transport::Outgoing;

/// How many messages may be on the way, unconfirmed, at a time.
const WINDOW: usize = 512;

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
    let mut outcomes = Vec::new();
    let mut on_the_way = FuturesUnordered::new();
    let events = events.into_iter();
    let mut lane = Lane::new(link, events.size_hint().0);
    // While the connection takes nothing, all that are left wait together, not one after the other.
    let mut by = Instant::now() + link.patience.publish;
    for (place, event) in events.enumerate() {
        outcomes.push(None);
        let begun = match prepare(link, &event) {
            Ok((declaration, outgoing, underway)) => match &declaration.stream {
                Some(stream) if lane.takes(stream) => {
                    while lane.is_idle()
                        && let Some((place, outcome)) = on_the_way.next().await
                    {
                        settle::<E>(&mut outcomes, &mut lane, place, outcome);
                    }
                    for (place, outcome) in lane.send(Item { place, outgoing, underway }).await {
                        settle::<E>(&mut outcomes, &mut lane, place, outcome.map(Some));
                    }
                    continue;
                }
                _ => {
                    if on_the_way.len() == WINDOW
                        && let Some((place, outcome)) = on_the_way.next().await
                    {
                        settle::<E>(&mut outcomes, &mut lane, place, outcome);
                    }
                    // Sent here, one after the other; only the confirmations are awaited side by
                    // side.
                    begin(link, declaration, outgoing, underway, by).await
                }
            },
            Err(error) => Err(error),
        };
        if begun.is_ok() {
            by = Instant::now() + link.patience.publish;
        }
        match begun {
            Ok((Begun::Core, _)) => settle::<E>(&mut outcomes, &mut lane, place, Ok(None)),
            Ok((Begun::Stream(stream, outgoing, sent), underway)) => on_the_way.push(async move {
                let stored = send::confirm(link, stream, outgoing, sent).await;
                underway.published(stored.as_ref().map(Some));
                (place, stored.map(Some))
            }),
            Err(error) => settle::<E>(&mut outcomes, &mut lane, place, Err(error)),
        }
    }
    while let Some((place, outcome)) = on_the_way.next().await {
        settle::<E>(&mut outcomes, &mut lane, place, outcome);
    }
    for (place, outcome) in lane.end().await {
        settle::<E>(&mut outcomes, &mut lane, place, outcome.map(Some));
    }
    let outcomes: Vec<_> =
        outcomes.into_iter().map(|outcome| outcome.unwrap_or(Err(PublishError::Closed))).collect();
    if outcomes.iter().all(Result::is_ok) {
        Ok(outcomes.into_iter().filter_map(Result::ok).collect())
    } else {
        Err(PublishAllError { outcomes })
    }
}

type Outcome<A> = Option<Result<A, PublishError>>;

fn settle<E: Event>(
    outcomes: &mut [Outcome<E::Ack>],
    lane: &mut Lane<'_>,
    place: usize,
    outcome: Result<Option<PublishAck>, PublishError>,
) {
    if let Ok(Some(ack)) = &outcome {
        lane.hear(ack);
    }
    outcomes[place] =
        Some(outcome.and_then(|stored| E::Ack::from_stored(stored).ok_or(PublishError::Closed)));
}

enum Begun {
    Core,
    Stream(&'static StreamDeclaration, Outgoing, Sent),
}

fn prepare<E: Event>(
    link: &Link,
    event: &E,
) -> Result<(&'static Declaration, Outgoing, Underway), PublishError> {
    let encoded = envelope::encode(event)?;
    let declaration = encoded.declaration;
    let outgoing = envelope::seal(encoded, Headers::new(), || event.message_id());
    let underway = link.begin(Work::Publish(declaration, &outgoing));
    let admitted = send::admit(link, declaration, &outgoing);
    if let Err(error) = &admitted {
        underway.published(Err(error));
    }
    admitted.map(|()| (declaration, outgoing, underway))
}

async fn begin(
    link: &Link,
    declaration: &'static Declaration,
    outgoing: Outgoing,
    underway: Underway,
    by: Instant,
) -> Result<(Begun, Underway), PublishError> {
    let begun = match &declaration.stream {
        None => send::core(link, outgoing, || by).await.map(|()| Begun::Core),
        Some(stream) => {
            let sent = send::start(link, stream, outgoing.clone(), by).await;
            sent.map(|sent| Begun::Stream(stream, outgoing, sent))
        }
    };
    match &begun {
        Ok(Begun::Core) => underway.published::<PublishError>(Ok(None)),
        Ok(Begun::Stream(..)) => {}
        Err(error) => underway.published(Err(error)),
    }
    Ok((begun?, underway))
}
