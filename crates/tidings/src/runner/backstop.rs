//! What was delivered as often as allowed and never settled, because its process died or hung:
//! the server says so, and it is put aside all the same.
//!
//! The dead-letter stream keeps what the server says, so that it is not lost where nobody runs.
//! Whichever instance comes to it first puts the message aside; the letter's id makes it one letter,
//! also where a handler's process had stored it already.

use std::convert::Infallible;
use std::time::{Duration, SystemTime};

use futures_util::StreamExt as _;
use serde::Deserialize;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::dead_letter::{self, Cause, DeadLetterReason};
use crate::jitter::jittered;
use crate::link::Link;
use crate::stream::StreamConfig;
use crate::subject::Subject;
use crate::topology::{self, ConsumerFault, Modes, ProvisionError};
use crate::transport::{
    AckPolicy, ApiError, ConsumerConfig, Fault, Incoming, Receipt, Settlement, StoredMessage,
    Unreadable, Which,
};

/// The consumer that reads what the server says; all registries with one dead-letter stream share
/// it.
const NAME: &str = "tidings-backstop";
/// How long one message may take to be put aside.
const ACK_WAIT: Duration = Duration::from_secs(60);
/// How many may be at hand.
const PREFETCH: usize = 8;
/// The first and the longest wait before what failed is tried again.
const FIRST_RETRY: Duration = Duration::from_secs(1);
const MOST_RETRY: Duration = Duration::from_secs(60);
/// How long it is between two looks at the stream's subjects, at least.
const LOOK: Duration = Duration::from_secs(15);

/// What a server says of a message that it won't deliver again.
#[derive(Debug, Deserialize)]
struct Exhausted {
    stream: String,
    consumer: String,
    stream_seq: u64,
    deliveries: u64,
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
    pub(super) async fn run(&self, stop: CancellationToken) {
        let mut pause = FIRST_RETRY;
        loop {
            let ended = tokio::select! {
                biased;
                () = stop.cancelled() => return,
                ended = self.read(&mut pause) => ended,
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
                () = sleep(jittered(pause)) => {}
            }
            pause = pause.saturating_mul(2).min(MOST_RETRY);
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
    async fn read(&self, pause: &mut Duration) -> Result<(), BackstopFault> {
        self.ensure().await?;
        let letters = self.letters.as_str();
        let mut pull = self.link.transport.pull(letters, NAME, PREFETCH).await?;
        while let Some(next) = pull.next().await {
            match next {
                Ok(advisory) => {
                    *pause = FIRST_RETRY;
                    self.heed(&advisory).await;
                }
                Err(fault) => tracing::warn!(letters, %fault, "a consumer reports a fault"),
            }
        }
        Ok(())
    }

    /// Does what an advisory asks for, or leaves it for later.
    async fn heed(&self, advisory: &Incoming) {
        let (Some(receipt), Some(settle)) = (&advisory.receipt, &advisory.settle) else { return };
        let settlement = match self.put_aside(advisory, receipt).await {
            Ok(()) => {
                let removed =
                    dead_letter::remove(&self.link.transport, &self.letters, receipt.sequence);
                if let Err(fault) = removed.await {
                    tracing::warn!(letters = self.letters, %fault, "an advisory can't be removed");
                }
                Settlement::Ack
            }
            Err(fault) => {
                let doubled =
                    u32::try_from(receipt.attempt.saturating_sub(1)).unwrap_or(u32::MAX).min(10);
                let wait = FIRST_RETRY.saturating_mul(1 << doubled).min(MOST_RETRY);
                let letters = self.letters.as_str();
                tracing::error!(letters, %fault, ?wait, "an exhausted message can't be put aside");
                Settlement::Nak(Some(jittered(wait)))
            }
        };
        if let Err(fault) = settle.send(settlement).await {
            tracing::warn!(letters = self.letters, %fault, "an advisory can't be settled");
        }
    }

    async fn put_aside(&self, advisory: &Incoming, told: &Receipt) -> Result<(), Fault> {
        let Ok(exhausted) = serde_json::from_slice::<Exhausted>(&advisory.payload) else {
            let subject = advisory.subject.as_str();
            tracing::error!(subject, "it is no advisory that can be read; it is removed");
            return Ok(());
        };
        let Exhausted { stream, consumer, stream_seq: sequence, deliveries } = exhausted;
        let found = match self.link.transport.stored(&stream, Which::At(sequence)).await {
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
            return Ok(());
        };
        let receipt = Receipt {
            stream: stream.into(),
            consumer: consumer.into(),
            sequence,
            attempt: deliveries,
            pending: 0,
            stored_at: original.stored_at,
        };
        if original.waits() {
            // To give it up might cancel it; it goes when it is due.
            let (stream, consumer) = (&*receipt.stream, &*receipt.consumer);
            tracing::debug!(stream, consumer, sequence, "what waits until it is due is no event");
            return Ok(());
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
                return Ok(());
            }
        }
        self.give_up(&receipt).await
    }

    /// Whether there is a letter already that the stream does not know by its id any more: its
    /// process may have stored it before it died.
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
