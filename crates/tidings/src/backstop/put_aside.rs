//! Putting aside the message of an advisory, where the advisory holds and nobody has done so before.

use std::time::SystemTime;

use tidings_subject::{check_consumer_name, check_stream_name, matches};

use super::advisory::{self, MaxDeliveries, Plausibility};
use super::{ACK_WAIT, AdvisoryOutcome, Backstop, LONGEST_RETRY, RETRY};
use crate::dead_letter::{self, Cause, DeadLetterReason};
use crate::link::Link;
use crate::stream::{Retention, StreamConfig};
use crate::subject::Subject;
use crate::transport::{
    AckPolicy, ApiError, ConsumerConfig, ConsumerSnapshot, Fault, Incoming, Receipt, StoredMessage,
    Unreadable, Which,
};

impl Backstop {
    pub(super) async fn put_aside(
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
        // The advisory's names are checked before anything of theirs is read.
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
            // Giving a schedule up might cancel it; it leaves the stream when it is due.
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
    pub(super) async fn is_known(&self, subject: &Subject) -> Result<bool, Fault> {
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
    pub(super) async fn look(
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
    pub(super) async fn is_put_aside(
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
    pub(super) async fn give_up(&self, receipt: &Receipt) -> Result<(), Fault> {
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
