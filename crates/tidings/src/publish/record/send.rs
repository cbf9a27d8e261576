//! Records on their way, in the order in which they were given, and each confirmed.

use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::data::Record;
use super::error::PublishRecordError;
use crate::confirm::{Resend, WINDOW};
use crate::link::Link;
#[cfg(feature = "metrics")]
use crate::observe::Metrics;
use crate::observe::SendError as _;
use crate::probe::{End, Work};
use crate::publish::window::{InWindow, Window};
use crate::publish_ack::PublishAck;
use crate::traces::{Operation, Parent, Sent};
use crate::transport::{Fault, Outgoing, PendingAck};

/// Outcome of publishing a record: the ack of its stream, nothing where no stream keeps it, or an error.
type RecordOutcome = Result<Option<PublishAck>, PublishRecordError>;

/// Publishes records, up to 1,024 of them on the way at a time, and gives the outcome of each.
pub(crate) async fn publish_records(
    link: &Link,
    records: impl IntoIterator<Item = Record>,
) -> Vec<RecordOutcome> {
    let (operation, transport) = (Operation::Publish, &link.transport);
    let all = Sent { operation, template: None, stream: None, transport, messages: None };
    let span = link.traces.send_many(all, &Parent::default());
    let mut outcomes: Vec<Option<RecordOutcome>> = Vec::new();
    let mut window = Window::new(link);
    // What a test's bus is told of: of each record, that it begins and what came of it.
    let mut told = Vec::new();
    // While the connection takes nothing, all that are left wait together, not one after the other.
    let mut by = None;
    for record in records {
        let place = outcomes.len();
        outcomes.push(None);
        window.room(|place: usize, outcome| outcomes[place] = Some(outcome)).await;
        span.link(record.headers());
        if link.probe().is_some() {
            let (message, _) = record.clone().into_outgoing();
            told.push(link.begin(Work::Record(&message)));
        }
        match begin(link, record, &mut by).await {
            Ok(Some(sent)) => window.add(place, sent),
            Ok(None) => outcomes[place] = Some(Ok(None)),
            Err(error) => outcomes[place] = Some(Err(error)),
        }
    }
    window.end(|place: usize, outcome| outcomes[place] = Some(outcome)).await;
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

impl InWindow for SentRecord {
    type Outcome = RecordOutcome;

    fn stream(&self) -> &str {
        &self.stream
    }

    fn ack(&mut self) -> &mut PendingAck {
        &mut self.ack
    }

    fn ack_deadline(&self, _: &Link) -> Instant {
        self.ack_deadline
    }

    fn stored(self, ack: PublishAck) -> RecordOutcome {
        Ok(Some(ack))
    }

    async fn confirm(self, link: &Link, fault: Option<Fault>) -> RecordOutcome {
        let Self { message, stream, ack, at, ack_deadline } = self;
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
}

/// Time for which the stream knows an id, as it says itself.
async fn window_of(link: &Link, stream: &str, deadline: Instant) -> Duration {
    let by = deadline.min(Instant::now() + link.timeouts.ack / 2);
    match timeout_at(by, link.transport.stream(stream)).await {
        Ok(Ok(Some(config))) => config.duplicate_window.unwrap_or(WINDOW),
        _ => WINDOW,
    }
}
