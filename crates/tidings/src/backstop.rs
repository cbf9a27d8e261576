//! Backstop for what was delivered as often as allowed and never settled, because its process died
//! or hung: the server says so, and it is put aside all the same.
//!
//! The dead-letter stream keeps what the server says, so that it is not lost where nobody runs.
//! Whichever instance comes to it first puts the message aside; the letter's id makes it one letter,
//! also where a handler's process had stored it already.

mod advisory;

use std::convert::Infallible;
use std::time::{Duration, SystemTime};

use futures_util::StreamExt as _;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use tidings_subject::{check_consumer_name, check_stream_name, matches};

use self::advisory::{MaxDeliveries, Plausibility};
use crate::backoff::{Backoff, Waits};
use crate::dead_letter::{self, Cause, DeadLetterReason};
use crate::jitter::jittered;
use crate::link::Link;
use crate::stream::{Retention, StreamConfig};
use crate::subject::Subject;
use crate::topology::{self, ConsumerFault, Modes, ProvisionError};
use crate::transport::{
    AckPolicy, ApiError, ConsumerConfig, ConsumerSnapshot, Fault, Incoming, Receipt, Settlement,
    SettlementReason, StoredMessage, Unreadable, Which,
};

/// The consumer that reads what the server says; all registries with one dead-letter stream share
/// it.
const NAME: &str = "tidings-backstop";
/// How long one message may take to be put aside.
const ACK_WAIT: Duration = Duration::from_secs(60);
/// How many may be at hand.
const PREFETCH: usize = 8;
/// The longest wait before what failed is tried again.
const LONGEST_RETRY: Duration = Duration::from_secs(60);
const RETRY: Backoff = Backoff::new(Duration::from_secs(1), LONGEST_RETRY);
/// How long it is between two looks at the stream's subjects, at least.
const LOOK: Duration = Duration::from_secs(15);

/// Reads any bytes as an advisory.
#[cfg(any(test, fuzzing))]
pub(crate) fn read_any_advisory(payload: &[u8]) {
    if let Ok(exhausted) = serde_json::from_slice::<MaxDeliveries>(payload) {
        let subject = Subject::from_static("$JS.EVENT.ADVISORY.CONSUMER");
        let _ = advisory::is_told_where_it_should(&subject, &exhausted);
    }
}

/// Outcome of an advisory.
enum AdvisoryOutcome {
    /// All that there is to be done.
    Done,
    /// To be looked at again after this time.
    Later(Duration),
}

/// The backstop of one dead-letter stream.
#[derive(Debug)]
pub(crate) struct Backstop {
    link: Link,
    /// The dead-letter stream's name.
    letters: String,
    stream: StreamConfig,
    consumer: ConsumerConfig,
    modes: Modes,
}

/// The dead-letter stream, or the consumer of what the server says, can't be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BackstopFault {
    #[error(transparent)]
    Stream(#[from] ProvisionError),
    #[error("its consumer `{NAME}` can't be used: {0}")]
    Consumer(#[from] ConsumerFault),
    #[error("it can't be read: {0}")]
    Read(#[from] Fault),
}

impl Backstop {
    /// Makes the dead-letter stream and the consumer where they are missing, as far as the modes
    /// let it.
    pub(crate) async fn prepare(
        link: Link,
        stream: StreamConfig,
        modes: Modes,
    ) -> Result<Self, BackstopFault> {
        let consumer = ConsumerConfig {
            filters: vec![Subject::from(dead_letter::exhausted_subject("*", "*"))],
            ack_wait: ACK_WAIT,
            ..ConsumerConfig::new(NAME)
        };
        let backstop = Self { link, letters: stream.name.clone(), stream, consumer, modes };
        backstop.ensure().await?;
        Ok(backstop)
    }

    /// The dead-letter stream's name.
    pub(crate) fn letters(&self) -> &str {
        &self.letters
    }

    async fn ensure(&self) -> Result<(), BackstopFault> {
        let Self { link: Link { transport, .. }, letters, stream, consumer, modes } = self;
        dead_letter::provision(transport, stream, modes.streams).await?;
        topology::ensure_consumer(transport, letters, consumer, modes.consumers).await?;
        Ok(())
    }

    /// Until `stop`.
    pub(crate) async fn run(&self, stop: CancellationToken) {
        let mut waits = RETRY.waits();
        loop {
            let ended = tokio::select! {
                biased;
                () = stop.cancelled() => return,
                ended = self.read(&mut waits) => ended,
                never = self.keep_subjects() => match never {},
            };
            match ended {
                Ok(()) => {}
                Err(BackstopFault::Read(Fault::Closed)) => return,
                Err(error) => {
                    let letters = self.letters.as_str();
                    tracing::error!(letters, %error, "exhausted messages can't be looked for");
                }
            }
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = sleep(waits.lengthen()) => {}
            }
        }
    }

    /// Adds the stream's subjects again, if somebody has taken them away: what is told of on one that
    /// is gone is kept by nobody.
    async fn keep_subjects(&self) -> Infallible {
        let Self { link: Link { transport, .. }, letters, stream, modes, .. } = self;
        loop {
            sleep(jittered(LOOK)).await;
            if let Err(error) = dead_letter::provision(transport, stream, modes.streams).await {
                tracing::error!(letters, %error, "a dead-letter stream lacks subjects");
            }
        }
    }

    /// Until the consumer can't be read any more. Stream and consumer may have been deleted
    /// meanwhile: they are made again where they are missing.
    async fn read(&self, waits: &mut Waits) -> Result<(), BackstopFault> {
        self.ensure().await?;
        let letters = self.letters.as_str();
        let mut pull = self.link.transport.pull(letters, NAME, PREFETCH).await?;
        while let Some(next) = pull.next().await {
            match next {
                Ok(advisory) => {
                    waits.reset();
                    self.handle_advisory(&advisory).await;
                }
                Err(fault) => tracing::warn!(letters, %fault, "a consumer reports a fault"),
            }
        }
        Ok(())
    }

    /// Does what an advisory asks for, or leaves it for later.
    async fn handle_advisory(&self, advisory: &Incoming) {
        let (Some(receipt), Some(settle)) = (&advisory.receipt, &advisory.settle) else { return };
        let reason = match self.put_aside(advisory, receipt).await {
            Ok(AdvisoryOutcome::Later(wait)) => SettlementReason::Deferred(jittered(wait)),
            Ok(AdvisoryOutcome::Done) => {
                let removed =
                    dead_letter::remove(&self.link.transport, &self.letters, receipt.sequence);
                if let Err(fault) = removed.await {
                    tracing::warn!(letters = self.letters, %fault, "an advisory can't be removed");
                }
                SettlementReason::Handled
            }
            Err(fault) => {
                let wait = RETRY.after(receipt.attempt);
                let letters = self.letters.as_str();
                tracing::error!(letters, %fault, ?wait, "an exhausted message can't be put aside");
                SettlementReason::Retried(jittered(wait))
            }
        };
        if let Err(fault) = settle.send(Settlement::of(reason)).await {
            tracing::warn!(letters = self.letters, %fault, "an advisory can't be settled");
        }
    }

    async fn put_aside(
        &self,
        advisory: &Incoming,
        told: &Receipt,
    ) -> Result<AdvisoryOutcome, Fault> {
        let subject = advisory.subject.as_str();
        let Ok(exhausted) = serde_json::from_slice::<MaxDeliveries>(&advisory.payload) else {
            tracing::error!(subject, "it is no advisory that can be read; it is removed");
            return Ok(AdvisoryOutcome::Done);
        };
        let MaxDeliveries { stream, consumer, stream_seq: sequence, deliveries } = &exhausted;
        let (sequence, deliveries) = (*sequence, *deliveries);
        let refused = |why: &str| {
            tracing::error!(
                subject,
                stream,
                consumer,
                sequence,
                why,
                "an advisory is not believed"
            );
            Ok(AdvisoryOutcome::Done)
        };
        // Compared before anything is read that it names.
        if check_stream_name(stream).is_err() || check_consumer_name(consumer).is_err() {
            return refused("it names what can't be a stream's consumer");
        }
        if !advisory::is_told_where_it_should(&advisory.subject, &exhausted) {
            return refused("it names another consumer than its subject");
        }
        if !self.is_known(&advisory.subject).await? {
            return refused("it names a consumer that puts nothing aside here");
        }
        let transport = &self.link.transport;
        let Some((config, snapshot)) = self.look(&exhausted).await? else {
            return refused("there is no such consumer");
        };
        let is_sure = match advisory::of_consumer(&config, &snapshot, &exhausted) {
            Plausibility::Impossible(why) => return refused(why),
            Plausibility::Confirmed => true,
            Plausibility::Unconfirmed => false,
        };
        let since = transport.now().duration_since(told.stored_at).unwrap_or_default();
        if !is_sure && since < advisory::doubt(&config) {
            return Ok(AdvisoryOutcome::Later(RETRY.after(told.attempt)));
        }
        let found = match transport.stored(stream, Which::At(sequence)).await {
            // The whole stream is gone.
            Err(Fault::Api(error)) if error.code == ApiError::STREAM_NOT_FOUND => None,
            found => found?,
        };
        let Some(original) = found else {
            tracing::error!(
                stream,
                consumer,
                sequence,
                "never settled, and now not there any more"
            );
            return Ok(AdvisoryOutcome::Done);
        };
        let selects = |filter: &Subject| matches(filter.as_str(), original.subject.as_str());
        if !config.filters.is_empty() && !config.filters.iter().any(selects) {
            return refused("its consumer does not select the message");
        }
        let receipt = Receipt {
            stream: stream.as_str().into(),
            consumer: consumer.as_str().into(),
            sequence,
            attempt: deliveries,
            pending: 0,
            stored_at: original.stored_at,
        };
        if original.waits() {
            // To give it up might cancel it; it goes when it is due.
            let (stream, consumer) = (&*receipt.stream, &*receipt.consumer);
            tracing::debug!(stream, consumer, sequence, "what waits until it is due is no event");
            return Ok(AdvisoryOutcome::Done);
        }
        if original.is_marker() {
            let (stream, consumer) = (&*receipt.stream, &*receipt.consumer);
            tracing::debug!(stream, consumer, sequence, "a server's marker is no event");
        } else if !self.is_put_aside(&original, &receipt, told.stored_at).await? {
            let cause = cause(&original, deliveries, told.stored_at);
            let stored =
                dead_letter::store_read(&self.link, &self.letters, &original, &receipt, &cause);
            let may_go = dead_letter::may_go(&self.link, stored.await?, &receipt.stream).await?;
            let (stream, consumer) = (&*receipt.stream, &*receipt.consumer);
            tracing::error!(
                stream,
                consumer,
                sequence,
                deliveries,
                "never settled; it is put aside"
            );
            if !may_go {
                return Ok(AdvisoryOutcome::Done);
            }
        }
        if is_sure {
            return self.give_up(&receipt).await.map(|()| AdvisoryOutcome::Done);
        }
        // What the consumer may still have is not ended. Its letter is there in any case.
        let keeps = transport.stream(stream).await?;
        let is_ended = keeps.is_none_or(|config| config.retention == Retention::Limits);
        Ok(if is_ended { AdvisoryOutcome::Done } else { AdvisoryOutcome::Later(LONGEST_RETRY) })
    }

    /// Returns `true` if a registry puts aside here what the consumer exhausts of which this
    /// subject tells: this one, or another one that shares the stream and said so there.
    async fn is_known(&self, subject: &Subject) -> Result<bool, Fault> {
        let lists = |config: &StreamConfig| {
            config.subjects.iter().any(|listed| listed.as_str() == subject.as_str())
        };
        if lists(&self.stream) {
            return Ok(true);
        }
        let letters = self.link.transport.stream(&self.letters).await?;
        Ok(letters.is_some_and(|config| lists(&config)))
    }

    /// The consumer as it is configured, and how far it has come.
    async fn look(
        &self,
        MaxDeliveries { stream, consumer, .. }: &MaxDeliveries,
    ) -> Result<Option<(ConsumerConfig, ConsumerSnapshot)>, Fault> {
        let transport = &self.link.transport;
        let Some(config) = transport.consumer(stream, consumer).await? else { return Ok(None) };
        let snapshot = transport.consumer_snapshot(stream, consumer).await?;
        Ok(snapshot.map(|snapshot| (config, snapshot)))
    }

    /// Returns `true` if there is a letter already that the stream does not know by its id any
    /// more: its process may have stored it before it died.
    async fn is_put_aside(
        &self,
        original: &StoredMessage,
        receipt: &Receipt,
        told_at: SystemTime,
    ) -> Result<bool, Fault> {
        let Link { transport, .. } = &self.link;
        let Receipt { stream, consumer, attempt, .. } = receipt;
        let letters = transport.stream(&self.letters).await?;
        let window = letters.and_then(|config| config.duplicate_window).unwrap_or_default();
        let consumer = transport.consumer(stream, consumer).await?;
        let wait = consumer.map(|config| config.wait_of(*attempt)).unwrap_or_default();
        let since = transport.now().duration_since(told_at).unwrap_or_default();
        // A little is left for what is under way.
        if since.saturating_add(wait).saturating_add(ACK_WAIT) < window {
            return Ok(false);
        }
        let subject = original.subject.as_str();
        dead_letter::is_stored(&self.link, &self.letters, subject, receipt).await
    }

    /// Lets a stream that keeps messages for its consumers forget this one.
    async fn give_up(&self, receipt: &Receipt) -> Result<(), Fault> {
        let Receipt { stream, consumer, sequence, .. } = receipt;
        let transport = &self.link.transport;
        let found = transport.consumer(stream, consumer).await?;
        if found.is_none_or(|config| config.acks == AckPolicy::All) {
            // The ack of a later one is this one's too, and a termination would be one of all before.
            return Ok(());
        }
        let given_up = transport.give_up(stream, consumer, *sequence, "it is put aside").await;
        match given_up {
            // No consumer, or one that is electing a leader.
            Err(Fault::NoResponders) => match transport.consumer(stream, consumer).await? {
                None => Ok(()),
                Some(_) => given_up,
            },
            given_up => given_up,
        }
    }
}

fn cause(original: &StoredMessage, deliveries: u64, told_at: SystemTime) -> Cause {
    let times = if deliveries == 1 { "time" } else { "times" };
    let (reason, error) = if original.is_readable() {
        (
            DeadLetterReason::Deliveries,
            format!("delivered {deliveries} {times} and not settled: its process died or hung"),
        )
    } else {
        (DeadLetterReason::Unreadable, Unreadable::why(original).to_owned())
    };
    Cause { reason, error, attempts: deliveries, first_failed_at: None, last_failed_at: told_at }
}

#[cfg(test)]
mod tests;
