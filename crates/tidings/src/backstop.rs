//! Backstop for what was delivered as often as allowed and never settled, because its process died
//! or hung: the server says so, and it is put aside all the same.
//!
//! The dead-letter stream keeps what the server says, so that it is not lost where nobody runs.
//! Whichever instance comes to it first puts the message aside; the letter's id makes it one letter,
//! also where a handler's process had stored it already.

mod advisory;
mod put_aside;

use std::convert::Infallible;
use std::time::Duration;

use futures_util::StreamExt as _;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::backoff::{Backoff, Waits};
use crate::dead_letter;
use crate::jitter::jittered;
use crate::link::Link;
use crate::stream::StreamConfig;
use crate::subject::Subject;
use crate::topology::{self, ConsumerFault, Modes, ProvisionError};
use crate::transport::{ConsumerConfig, Fault, Incoming, Settlement, SettlementReason};

/// The consumer that reads what the server says; all registries with one dead-letter stream share
/// it.
const NAME: &str = "tidings-backstop";
/// Maximum time that putting one message aside may take.
const ACK_WAIT: Duration = Duration::from_secs(60);
/// Maximum number of messages that are at hand.
const PREFETCH: usize = 8;
/// The longest wait before what failed is tried again.
const LONGEST_RETRY: Duration = Duration::from_secs(60);
const RETRY: Backoff = Backoff::new(Duration::from_secs(1), LONGEST_RETRY);
/// Minimum time between two looks at the stream's subjects.
const LOOK: Duration = Duration::from_secs(15);

/// Reads any bytes as an advisory.
#[cfg(any(test, fuzzing))]
pub(crate) fn read_any_advisory(payload: &[u8]) {
    if let Ok(exhausted) = serde_json::from_slice::<advisory::MaxDeliveries>(payload) {
        let subject = Subject::from_static("$JS.EVENT.ADVISORY.CONSUMER");
        let _ = advisory::is_told_where_it_should(&subject, &exhausted);
    }
}

/// Outcome of an advisory.
enum AdvisoryOutcome {
    /// Nothing is left to be done.
    Done,
    /// The advisory is to be looked at again after this time.
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

    /// Runs until `stop` is cancelled.
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

    /// Reads advisories until the consumer can't be read any more. Stream and consumer may have been deleted
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
}

#[cfg(test)]
mod tests;
