//! A stream that exists: looking into it, and cleaning up.

use std::error::Error;
use std::fmt;
use std::marker::PhantomData;
use std::time::SystemTime;

use crate::claim_check::{check_out, is_claim};
use crate::envelope::LargeEventError;
use crate::link::Link;
use crate::message::{Filter, StreamEvent};
use crate::stream::{EventStream, StreamConfig};
use crate::subject::SubjectError;
use crate::timestamp;
use crate::transport::{
    ApiError, ConsumerInfo, ConsumerState, Denial, Fault, Outage, RawMessage, StreamState, Which,
};

/// A stream by its type, made by `Bus::stream`: what it holds, and what cleans it up.
///
/// ```
/// # use tidings::prelude::*;
/// # #[derive(EventStream)]
/// # #[stream(name = "ORDERS", subjects("orders.>"))]
/// # struct Orders;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let bus = Bus::in_memory();
/// bus.provision::<Orders>().await?;
/// assert_eq!(bus.stream::<Orders>().state().await?.messages, 0);
/// # Ok(())
/// # }
/// ```
pub struct StreamHandle<S> {
    link: Link,
    stream: PhantomData<fn() -> S>,
}

impl<S: EventStream> StreamHandle<S> {
    pub(crate) fn new(link: Link) -> Self {
        Self { link, stream: PhantomData }
    }

    /// Reads the stream's configuration as the server has it; `None` if there is no such stream.
    ///
    /// # Errors
    /// [`StreamError`]
    pub async fn config(&self) -> Result<Option<StreamConfig>, StreamError> {
        self.link.transport.stream(S::NAME).await.map_err(of::<S>)
    }

    /// Reads what the stream holds.
    ///
    /// # Errors
    /// [`StreamError`]
    pub async fn state(&self) -> Result<StreamState, StreamError> {
        self.link.transport.stream_state(S::NAME).await.map_err(of::<S>)
    }

    /// Reads the message with this sequence, without a consumer; `None` if the stream has none such, or has
    /// deleted it.
    ///
    /// ```
    /// # use tidings::prelude::*;
    /// # #[derive(EventStream)]
    /// # #[stream(name = "ORDERS", subjects("orders.>"))]
    /// # struct Orders;
    /// # #[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema, Event)]
    /// # #[event(subject = "orders.created", stream = Orders)]
    /// # struct OrderCreated { order: u64 }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let bus = Bus::in_memory();
    /// # bus.provision::<Orders>().await?;
    /// let ack = bus.publish(&OrderCreated { order: 7 }).await?;
    /// let message = bus.stream::<Orders>().get(ack.sequence).await?.ok_or("it is gone")?;
    /// assert_eq!((message.subject.as_str(), &message.payload[..]), ("orders.created", &br#"{"order":7}"#[..]));
    /// assert_eq!(message.decode::<OrderCreated>()?, OrderCreated { order: 7 });
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// The payload of a large event is read from the object that holds it.
    ///
    /// # Errors
    /// [`StreamError`]
    pub async fn get(&self, sequence: u64) -> Result<Option<RawMessage>, StreamError> {
        self.read(Which::At(sequence)).await
    }

    /// Reads the last message of an event, or of those whose subject tokens have certain values, without a
    /// consumer; `None` if there is none.
    ///
    /// # Errors
    /// [`StreamError`]
    pub async fn last<F>(&self, filter: F) -> Result<Option<RawMessage>, StreamError>
    where
        F: Filter<Message: StreamEvent<Stream = S>>,
    {
        let mut last: Option<RawMessage> = None;
        for filter in filter.subjects()? {
            let found = self.read(Which::Last { filter: filter.as_str() }).await?;
            last = last.into_iter().chain(found).max_by_key(|message| message.sequence);
        }
        Ok(last)
    }

    async fn read(&self, which: Which<'_>) -> Result<Option<RawMessage>, StreamError> {
        let stored = self.link.transport.stored(S::NAME, which).await.map_err(of::<S>)?;
        let mut message = stored.map(RawMessage::stored);
        if let Some(message) = &mut message
            && let Some(store) = S::LARGE_STORE
            && is_claim(&message.headers)
        {
            let read = check_out(&self.link, [store.name], &message.headers).await;
            message.payload = read.map_err(|source| {
                let (stream, sequence) = (S::NAME, message.sequence.unwrap_or_default());
                StreamError::Large { stream, sequence, source: Box::new(source) }
            })?;
        }
        Ok(message)
    }

    /// Lists its durable consumers, by name, with how far each has come, whatever program made them.
    ///
    /// # Errors
    /// [`StreamError`]
    pub async fn consumers(&self) -> Result<Vec<ConsumerInfo>, StreamError> {
        self.link.transport.consumers(S::NAME).await.map_err(of::<S>)
    }

    /// Removes all messages; gives how many.
    ///
    /// Where a durable consumer has just been given a message back, a nats-server (2.15.1) may
    /// deliver that one after the ack wait only, also if the purge was of other subjects: nothing
    /// is lost, and nothing here can hasten it.
    ///
    /// # Errors
    /// [`StreamError`], also where the stream denies it.
    pub async fn purge(&self) -> Result<u64, StreamError> {
        self.link.transport.purge_stream(S::NAME, None).await.map_err(of::<S>)
    }

    /// Removes the messages of one event, or those whose subject tokens have certain values;
    /// gives how many.
    ///
    /// # Errors
    /// [`StreamError`], also where the stream denies it.
    pub async fn purge_of<F>(&self, filter: F) -> Result<u64, StreamError>
    where
        F: Filter<Message: StreamEvent<Stream = S>>,
    {
        let mut purged = 0;
        for filter in filter.subjects()? {
            let transport = &self.link.transport;
            purged += transport.purge_stream(S::NAME, Some(&filter)).await.map_err(of::<S>)?;
        }
        Ok(purged)
    }

    /// Removes one message.
    ///
    /// # Errors
    /// [`StreamError`], also where the stream denies it.
    pub async fn delete_message(&self, sequence: u64) -> Result<(), StreamError> {
        self.link.transport.delete_message(S::NAME, sequence).await.map_err(of::<S>)
    }

    /// Deletes the stream with its messages and consumers.
    ///
    /// # Errors
    /// [`StreamError`]
    pub async fn delete(&self) -> Result<(), StreamError> {
        self.link.transport.delete_stream(S::NAME).await.map_err(of::<S>)
    }

    /// State of a durable consumer: its counts, and until when it is paused.
    ///
    /// # Errors
    /// [`StreamError`]
    pub async fn consumer_state(&self, name: &str) -> Result<ConsumerState, StreamError> {
        self.link.transport.consumer_state(S::NAME, name).await.map_err(of::<S>)
    }

    /// Lets a durable consumer deliver nothing before `until`; a time that has passed ends a
    /// pause.
    ///
    /// # Errors
    /// [`StreamError`], also for a time after the year 9999.
    pub async fn pause_consumer(&self, name: &str, until: SystemTime) -> Result<(), StreamError> {
        if timestamp::write(until).is_none() {
            return Err(StreamError::Time { until });
        }
        self.link.transport.pause_consumer(S::NAME, name, until).await.map_err(of::<S>)
    }

    /// Deletes a durable consumer, and with it how far it has come.
    ///
    /// # Errors
    /// [`StreamError`]
    pub async fn delete_consumer(&self, name: &str) -> Result<(), StreamError> {
        self.link.transport.delete_consumer(S::NAME, name).await.map_err(of::<S>)
    }
}

impl<S: EventStream> fmt::Debug for StreamHandle<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("StreamHandle").field(&S::NAME).finish()
    }
}

/// A stream could not be looked into or cleaned up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StreamError {
    /// A value in a filter can't be a token of a subject.
    #[error(transparent)]
    Subject(#[from] SubjectError),
    /// A pause can't end before the year 0 or after 9999. Nothing was changed.
    #[error("a consumer can't be paused until {until:?}: give a time before the year 10000")]
    Time {
        /// Time at which the pause was to end.
        until: SystemTime,
    },
    /// The stream is missing.
    #[error(
        "stream `{stream}` does not exist; create it with `bus.provision::<…>()` and the type that declares it"
    )]
    NoStream {
        /// The stream.
        stream: &'static str,
    },
    /// The server refused: there is no such consumer or message, or the stream denies it.
    #[error("stream `{stream}`: {description} (code {code})")]
    Refused {
        /// The stream.
        stream: &'static str,
        /// NATS's own error code.
        code: u32,
        /// The server's own description.
        description: String,
    },
    /// The payload of a message can't be read from the object that holds it.
    #[error("message {sequence} of stream `{stream}` can't be read: {source}")]
    Large {
        /// The stream.
        stream: &'static str,
        /// Sequence of the message.
        sequence: u64,
        /// Problem with the object.
        source: Box<LargeEventError>,
    },
    /// The server does not allow what has to be asked.
    #[error("stream `{stream}` can't be looked at or changed: {source}")]
    Denied {
        /// The stream.
        stream: &'static str,
        /// The denied permission.
        source: Denial,
    },
    /// The server did not answer.
    #[error("the server did not answer about stream `{stream}` in time")]
    Timeout {
        /// The stream.
        stream: &'static str,
    },
    /// The connection was away for as long as the server may take to answer, or is gone for good.
    #[error("the server can't be asked about stream `{stream}`: {source}")]
    Disconnected {
        /// The stream.
        stream: &'static str,
        /// Reason why there is no connection.
        source: Outage,
    },
    /// The bus was closed.
    #[error("the bus is closed")]
    Closed,
    /// The client failed.
    #[error("the server can't be asked about stream `{stream}`")]
    Client {
        /// The stream.
        stream: &'static str,
        /// The cause.
        source: Box<dyn Error + Send + Sync>,
    },
}

fn of<S: EventStream>(fault: Fault) -> StreamError {
    let stream = S::NAME;
    match fault {
        Fault::Api(error) if error.code == ApiError::STREAM_NOT_FOUND => {
            StreamError::NoStream { stream }
        }
        Fault::Api(error) => {
            StreamError::Refused { stream, code: error.code, description: error.description }
        }
        Fault::Denied(source) => StreamError::Denied { stream, source },
        Fault::Timeout => StreamError::Timeout { stream },
        Fault::Away(source) => StreamError::Disconnected { stream, source },
        Fault::Closed => StreamError::Closed,
        Fault::Client(source) => StreamError::Client { stream, source },
        other => StreamError::Client { stream, source: other.into() },
    }
}
