//! Streams and consumers: looked at, made, changed and removed. What a server is reconfiguring is
//! changed once it is done.

use std::time::SystemTime;

use super::on::on;
use super::reconfiguring::retry_while_reconfiguring;
use super::{
    ConsumerConfig, ConsumerInfo, ConsumerSnapshot, ConsumerState, Fault, StoredMessage, StoredRun,
    StreamBounds, StreamInfo, StreamSnapshot, StreamState, Transport, Which,
};
use crate::stream::StreamConfig;
use crate::subject::Subject;

impl Transport {
    /// The stream's configuration; `None` if there is no such stream.
    pub(crate) async fn stream(&self, name: &str) -> Result<Option<StreamConfig>, Fault> {
        on!(self, t => t.stream(name).await)
    }

    /// A stream that keeps a subject of this filter, and confirms what it stores.
    pub(crate) async fn answering_stream(&self, filter: &str) -> Result<Option<String>, Fault> {
        on!(self, t => t.answering_stream(filter).await)
    }

    /// Creates a stream. One of this name with the same configuration is no fault.
    pub(crate) async fn create_stream(&self, config: &StreamConfig) -> Result<(), Fault> {
        retry_while_reconfiguring(|| async { on!(self, t => t.create_stream(config).await) }).await
    }

    /// Changes a stream as far as the server allows. Every field is written.
    pub(crate) async fn update_stream(&self, config: &StreamConfig) -> Result<(), Fault> {
        retry_while_reconfiguring(|| async { on!(self, t => t.update_stream(config).await) }).await
    }

    /// Deletes the stream with all it holds.
    pub(crate) async fn delete_stream(&self, name: &str) -> Result<(), Fault> {
        retry_while_reconfiguring(|| async { on!(self, t => t.delete_stream(name).await) }).await
    }

    /// Reads what the stream holds.
    pub(crate) async fn stream_state(&self, name: &str) -> Result<StreamState, Fault> {
        on!(self, t => t.stream_state(name).await)
    }

    /// Finds the stream of this name; `None` if there is none.
    pub(crate) async fn stream_snapshot(
        &self,
        name: &str,
    ) -> Result<Option<StreamSnapshot>, Fault> {
        on!(self, t => t.stream_snapshot(name).await)
    }

    /// Identity of a stream, and from where to where it has messages; `None` if there is no such stream.
    pub(crate) async fn stream_bounds(&self, name: &str) -> Result<Option<StreamBounds>, Fault> {
        on!(self, t => t.stream_bounds(name).await)
    }

    /// The time as the stream has it, by which it stores messages; `None` if there is no such stream,
    /// or it does not say.
    pub(crate) async fn stream_time(&self, name: &str) -> Result<Option<SystemTime>, Fault> {
        on!(self, t => t.stream_time(name).await)
    }

    /// The first message of a filter behind a sequence that no client can read, and that breaks each connection it comes
    /// on; `None` where there is none among those that are looked through at a time.
    pub(crate) async fn first_unreadable(
        &self,
        name: &str,
        filter: &Subject,
        behind: u64,
    ) -> Result<Option<StoredMessage>, Fault> {
        match self {
            Self::Nats(t) => {
                let filters = std::slice::from_ref(filter);
                let found = t.first_unreadable(name, filters, behind).await?;
                Ok(found.map(|(message, _)| message))
            }
            // Nothing is read off a wire in memory.
            #[cfg(feature = "memory")]
            Self::Memory(_) => Ok(None),
        }
    }

    /// Removes the stream's messages, or those of a filter; gives how many.
    pub(crate) async fn purge_stream(
        &self,
        name: &str,
        filter: Option<&Subject>,
    ) -> Result<u64, Fault> {
        on!(self, t => t.purge_stream(name, filter).await)
    }

    /// Reads one message of a stream without a consumer; `None` if there is none such.
    pub(crate) async fn stored(
        &self,
        stream: &str,
        which: Which<'_>,
    ) -> Result<Option<StoredMessage>, Fault> {
        on!(self, t => t.stored(stream, which).await)
    }

    /// The last message of a subject, read from whichever server of the stream's is next; `None` if there
    /// is none.
    pub(crate) async fn last(
        &self,
        stream: &str,
        subject: &str,
    ) -> Result<Option<StoredMessage>, Fault> {
        on!(self, t => t.last(stream, subject).await)
    }

    /// The last message of each subject that has one, in no order.
    pub(crate) async fn last_of_each(
        &self,
        stream: &str,
        subjects: &[Subject],
    ) -> Result<Vec<StoredMessage>, Fault> {
        on!(self, t => t.last_of_each(stream, subjects).await)
    }

    /// Messages of a subject from a sequence on, so many at most and so many bytes, with one question;
    /// `None` where [one after the other](Self::stored) is as quick.
    pub(crate) async fn run(
        &self,
        stream: &str,
        subject: &Subject,
        from: u64,
        count: usize,
        bytes: usize,
    ) -> Result<Option<StoredRun>, Fault> {
        match self {
            Self::Nats(t) => t.run(stream, subject, from, count, bytes).await.map(Some),
            #[cfg(feature = "memory")]
            Self::Memory(_) => Ok(None),
        }
    }

    /// Removes one message.
    pub(crate) async fn delete_message(&self, stream: &str, sequence: u64) -> Result<(), Fault> {
        on!(self, t => t.delete_message(stream, sequence).await)
    }

    /// The subjects of a stream's messages that the filter matches.
    pub(crate) async fn subjects(&self, stream: &str, filter: &str) -> Result<Vec<String>, Fault> {
        on!(self, t => t.subjects(stream, filter).await)
    }

    /// Number of messages in a stream whose subject matches the filter.
    pub(crate) async fn count_messages(&self, stream: &str, filter: &str) -> Result<u64, Fault> {
        on!(self, t => t.count_messages(stream, filter).await)
    }

    /// The durable consumer's configuration; `None` if there is no such consumer.
    pub(crate) async fn consumer(
        &self,
        stream: &str,
        name: &str,
    ) -> Result<Option<ConsumerConfig>, Fault> {
        on!(self, t => t.consumer(stream, name).await)
    }

    /// Creates a durable consumer. One of this name with the same configuration is no fault.
    pub(crate) async fn create_consumer(
        &self,
        stream: &str,
        config: &ConsumerConfig,
    ) -> Result<(), Fault> {
        let from = self.start(stream, &config.filters, config.from).await?;
        let config = &ConsumerConfig { from, ..config.clone() };
        retry_while_reconfiguring(|| async {
            on!(self, t => t.create_consumer(stream, config).await)
        })
        .await
    }

    /// Changes a durable consumer as far as the server allows. What it has beside these fields
    /// stays as it is.
    pub(crate) async fn update_consumer(
        &self,
        stream: &str,
        config: &ConsumerConfig,
    ) -> Result<(), Fault> {
        retry_while_reconfiguring(|| async {
            on!(self, t => t.update_consumer(stream, config).await)
        })
        .await
    }

    /// Deletes a durable consumer.
    pub(crate) async fn delete_consumer(&self, stream: &str, name: &str) -> Result<(), Fault> {
        retry_while_reconfiguring(|| async {
            on!(self, t => t.delete_consumer(stream, name).await)
        })
        .await
    }

    /// State of a durable consumer: its counts, and until when it is paused.
    pub(crate) async fn consumer_state(
        &self,
        stream: &str,
        name: &str,
    ) -> Result<ConsumerState, Fault> {
        on!(self, t => t.consumer_state(stream, name).await)
    }

    /// Finds the durable consumer of this name; `None` if there is none.
    pub(crate) async fn consumer_snapshot(
        &self,
        stream: &str,
        name: &str,
    ) -> Result<Option<ConsumerSnapshot>, Fault> {
        on!(self, t => t.consumer_snapshot(stream, name).await)
    }

    /// Reads all streams, by name, with what they hold.
    pub(crate) async fn streams(&self) -> Result<Vec<StreamInfo>, Fault> {
        let mut streams = on!(self, t => t.streams().await)?;
        streams.sort_by(|a, b| a.config.name.cmp(&b.config.name));
        Ok(streams)
    }

    /// Reads all durable consumers of a stream, by name, with how far they have come.
    pub(crate) async fn consumers(&self, stream: &str) -> Result<Vec<ConsumerInfo>, Fault> {
        let mut consumers = on!(self, t => t.consumers(stream).await)?;
        consumers.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(consumers)
    }

    /// Lets a durable consumer deliver nothing before `until`.
    pub(crate) async fn pause_consumer(
        &self,
        stream: &str,
        name: &str,
        until: SystemTime,
    ) -> Result<(), Fault> {
        retry_while_reconfiguring(|| async {
            on!(self, t => t.pause_consumer(stream, name, until).await)
        })
        .await
    }

    /// Gives up a message that a consumer has delivered as often as allowed: a stream that keeps
    /// messages for its consumers need not keep it for this one.
    pub(crate) async fn give_up(
        &self,
        stream: &str,
        consumer: &str,
        sequence: u64,
        reason: &str,
    ) -> Result<(), Fault> {
        on!(self, t => t.give_up(stream, consumer, sequence, reason).await)
    }
}
