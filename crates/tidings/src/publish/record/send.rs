//! Records on their way, in the order in which they were given, and each confirmed.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::time::{Instant, Sleep, sleep_until, timeout_at};

use super::data::Record;
use super::error::PublishRecordError;
use crate::confirm::{Resend, WINDOW};
use crate::link::Link;
#[cfg(feature = "metrics")]
use crate::observe::Metrics;
use crate::observe::SendError as _;
use crate::probe::{End, Work};
use crate::publish_ack::PublishAck;
use crate::traces::{Operation, Parent, Sent};
use crate::transport::{Fault, Outgoing, PendingAck};

/// Maximum number of records that are on the way, unconfirmed, at a time.
const MOST: usize = 1024;
/// Number of acks that are waited for at a time, where so many records are on the way.
const STEP: usize = MOST / 4;

/// Outcome of publishing a record: the ack of its stream, nothing where no stream keeps it, or an error.
type RecordOutcome = Result<Option<PublishAck>, PublishRecordError>;

type Apart<'a> = Pin<Box<dyn Future<Output = (usize, RecordOutcome)> + Send + 'a>>;

/// Publishes records, up to 1,024 of them on the way at a time, and gives the outcome of each.
pub(crate) async fn publish_records(
    link: &Link,
    records: impl IntoIterator<Item = Record>,
) -> Vec<RecordOutcome> {
    let (operation, transport) = (Operation::Publish, &link.transport);
    let all = Sent { operation, template: None, stream: None, transport, messages: None };
    let span = link.traces.send_many(all, &Parent::default());
    let mut outcomes: Vec<Option<RecordOutcome>> = Vec::new();
    let mut flight = Flight::new(link);
    // What a test's bus is told of: of each record, that it begins and what came of it.
    let mut told = Vec::new();
    // While the connection takes nothing, all that are left wait together, not one after the other.
    let mut by = None;
    for record in records {
        let place = outcomes.len();
        outcomes.push(None);
        flight.room(&mut outcomes).await;
        span.link(record.headers());
        if link.probe().is_some() {
            let (message, _) = record.clone().into_outgoing();
            told.push(link.begin(Work::Record(&message)));
        }
        match begin(link, record, &mut by).await {
            Ok(Some(sent)) => flight.waiting.push_back((place, sent)),
            Ok(None) => outcomes[place] = Some(Ok(None)),
            Err(error) => outcomes[place] = Some(Err(error)),
        }
    }
    while !flight.is_empty() {
        flight.advance(&mut outcomes).await;
    }
    let outcomes: Vec<_> = outcomes.into_iter().flatten().collect();
    span.sent_all(outcomes.len());
    let failed = outcomes.iter().find_map(|outcome| outcome.as_ref().err());
    span.end(&failed.map_or(Ok(()), Err), |error| error.kind().into());
    for (one, outcome) in told.iter().zip(&outcomes) {
        one.tell(match outcome {
            Ok(ack) => End::Published(ack.as_ref()),
            Err(error) => End::NotPublished(error),
        });
    }
    #[cfg(feature = "metrics")]
    if link.measures_every().is_some() {
        let each = outcomes.iter().map(|outcome| outcome.as_ref().map(Option::as_ref));
        Metrics::records(each.map(|outcome| outcome.map_err(PublishRecordError::kind)));
    }
    outcomes
}

/// A record that was sent, and not confirmed yet.
struct SentRecord {
    message: Outgoing,
    stream: String,
    ack: PendingAck,
    /// Instant of the first sending.
    at: Instant,
    /// Instant until which its ack is waited for before it is sent again.
    ack_deadline: Instant,
}

/// Sends a record; gives what is to be awaited, if a stream is to store it.
async fn begin(
    link: &Link,
    record: Record,
    by: &mut Option<Instant>,
) -> Result<Option<SentRecord>, PublishRecordError> {
    let (mut message, stream) = record.into_outgoing();
    let at = Instant::now();
    let ack_deadline = at + link.timeouts.ack;
    let sent = poll_fn(|cx| {
        Poll::Ready(match &stream {
            Some(_) => link.transport.store_at_once(&message, ack_deadline, cx).map_ok(Some),
            None => link.transport.publish_at_once(&mut message, cx).map_ok(|()| None),
        })
    })
    .await;
    let (sent, ack_deadline) = match sent {
        Poll::Ready(sent) => (sent, ack_deadline),
        Poll::Pending => {
            let deadline = *by.get_or_insert(at + link.timeouts.publish);
            let handed_over = async {
                match &stream {
                    Some(_) => link.transport.store(&message).await.map(Some),
                    None => link.transport.publish(&message).await.map(|()| None),
                }
            };
            let Ok(sent) = Box::pin(timeout_at(deadline, handed_over)).await else {
                return Err(PublishRecordError::unsent(link, &message));
            };
            *by = None;
            (sent, Instant::now() + link.timeouts.ack)
        }
    };
    let stream_name = stream.as_deref();
    let ack =
        sent.map_err(|fault| PublishRecordError::of(fault, message.subject.as_str(), stream_name))?;
    Ok(ack.zip(stream).map(|(ack, stream)| SentRecord { message, stream, ack, at, ack_deadline }))
}

/// Records that are on the way, in the order in which they were sent.
struct Flight<'a> {
    link: &'a Link,
    waiting: VecDeque<(usize, SentRecord)>,
    /// Records whose first copy was not confirmed.
    aside: FuturesUnordered<Apart<'a>>,
    alarm: Option<Pin<Box<Sleep>>>,
}

impl<'a> Flight<'a> {
    fn new(link: &'a Link) -> Self {
        Self { link, waiting: VecDeque::new(), aside: FuturesUnordered::new(), alarm: None }
    }

    fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.aside.is_empty()
    }

    async fn room(&mut self, outcomes: &mut [Option<RecordOutcome>]) {
        while self.waiting.len() + self.aside.len() >= MOST {
            self.advance(outcomes).await;
        }
    }

    /// Waits for one at least, and settles all that are known by then.
    async fn advance(&mut self, outcomes: &mut [Option<RecordOutcome>]) {
        poll_fn(|cx| {
            let mut progress = self.take_acks(cx, outcomes);
            while let Poll::Ready(Some((place, outcome))) = self.aside.poll_next_unpin(cx) {
                outcomes[place] = Some(outcome);
                progress = true;
            }
            if progress || self.is_empty() { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    fn take_acks(&mut self, cx: &mut Context<'_>, outcomes: &mut [Option<RecordOutcome>]) -> bool {
        let mut progress = false;
        while let Some((place, oldest)) = self.waiting.front_mut() {
            match oldest.ack.take() {
                Some(Ok(ack)) if ack.stream == oldest.stream => {
                    outcomes[*place] = Some(Ok(Some(ack)));
                    self.waiting.pop_front();
                    progress = true;
                }
                Some(Ok(ack)) => self.put_aside(Some(Fault::WrongStream(ack.stream))),
                Some(Err(fault)) => self.put_aside(Some(fault)),
                // There is something to do already.
                None if progress => break,
                None if self.is_late(cx) => self.put_aside(Some(Fault::Timeout)),
                None if self.is_overtaken(cx) => self.put_aside(None),
                None => break,
            }
        }
        progress
    }

    /// Returns `true` if the oldest has waited for its ack as long as it may.
    fn is_late(&mut self, cx: &mut Context<'_>) -> bool {
        let Some((_, oldest)) = self.waiting.front() else { return false };
        let deadline = oldest.ack_deadline;
        let alarm = self.alarm.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        while alarm.as_mut().poll(cx).is_ready() {
            if alarm.deadline() >= deadline {
                return true;
            }
            alarm.as_mut().reset(deadline);
        }
        false
    }

    /// Returns `true` if one that was sent after the oldest is answered; wakes when it is.
    fn is_overtaken(&mut self, cx: &mut Context<'_>) -> bool {
        let last = self.waiting.len().saturating_sub(1);
        let mut is_here = |place: usize| self.waiting[place.min(last)].1.ack.look(cx);
        let [first, second] = [is_here(STEP), is_here(2 * STEP)];
        first || second
    }

    /// Goes on with the oldest apart, whatever became of its ack so far.
    fn put_aside(&mut self, fault: Option<Fault>) {
        if let Some((place, sent)) = self.waiting.pop_front() {
            let link = self.link;
            self.aside.push(Box::pin(async move { (place, confirm(link, sent, fault).await) }));
        }
    }
}

/// Insists on a confirmation.
async fn confirm(link: &Link, sent: SentRecord, fault: Option<Fault>) -> RecordOutcome {
    let SentRecord { message, stream, ack, at, ack_deadline } = sent;
    let fault = match fault {
        Some(fault) => fault,
        None => match timeout_at(ack_deadline, ack).await.unwrap_or(Err(Fault::Timeout)) {
            Ok(ack) if ack.stream == stream => return Ok(Some(ack)),
            Ok(ack) => Fault::WrongStream(ack.stream),
            Err(fault) => fault,
        },
    };
    let deadline = at + link.timeouts.publish;
    let window = window_of(link, &stream, deadline).await;
    let (message, stream) = (&message, stream.as_str());
    let subject = &message.subject;
    let resend = Resend { link, stream, message, subject, window, at, deadline };
    match resend.until_confirmed(fault).await {
        Ok(ack) => Ok(Some(ack)),
        Err(unstored) => Err(PublishRecordError::unstored(unstored, link, message, stream)),
    }
}

/// Time for which the stream knows an id, as it says itself.
async fn window_of(link: &Link, stream: &str, deadline: Instant) -> Duration {
    let by = deadline.min(Instant::now() + link.timeouts.ack / 2);
    match timeout_at(by, link.transport.stream(stream)).await {
        Ok(Ok(Some(config))) => config.duplicate_window.unwrap_or(WINDOW),
        _ => WINDOW,
    }
}
