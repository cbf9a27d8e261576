//! Fast ingest (ADR-50): a stream confirms hundreds of messages with one answer.

use std::fmt::Write as _;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use async_nats::{Subject, Subscriber};
use bytes::BytesMut;
use futures_util::StreamExt;
use tokio::time::{sleep, timeout};

use crate::transport::nats::codec::api_error::WireError;
use crate::transport::nats::codec::subject::checked;
use crate::transport::nats::connection::nats::Nats;
use crate::transport::{Fault, Ingested, Outgoing, Stopped};

/// The first version of a server that has fast ingest.
const SINCE: [u64; 3] = [2, 14, 0];
/// Maximum number of messages that the server may confirm with one answer. It takes no more than
/// that itself.
const FLOW: u64 = 500;
/// Maximum number of outstanding answers. The server takes what is there at a time and answers
/// behind it: with fewer on the way it would wait for us as long as we wait for it. It shares the
/// flow among those who publish this way, so that all of them together stay below what it takes in
/// for a stream (10,000 messages).
const OUTSTANDING: u64 = 8;

/// Number of bytes that are set aside for subjects at a time. A subject keeps the whole piece while
/// it is on its way.
const PIECE: usize = 4096;
/// Maximum length of what follows a reply subject's head, in bytes: a place, an operation, a
/// suffix.
const REPLY_END: usize = 32;

/// The code for a stream that does not allow it.
const DISABLED: u32 = 10_205;

/// Messages of one batch, in order: the stream stores them without a gap, or ends the batch where
/// one would be.
pub(crate) struct NatsIngest {
    nats: Nats,
    stream: String,
    answers: Subscriber,
    /// Beginning of all reply subjects: the inbox, the batch's own token, the flow that is asked
    /// for, and that nothing may be left out.
    head: String,
    /// Buffer that the reply subjects are cut from.
    text: BytesMut,
    sent: u64,
    /// Number of the message up to which all are stored.
    acked: u64,
    /// Number of messages that the server confirms with one answer.
    every: u64,
    /// The first answer was awaited, by this batch or one just before it.
    open: bool,
    reconnected: Pin<Box<dyn Future<Output = ()> + Send>>,
    /// Maximum time in which nothing may be heard.
    within: Duration,
}

/// Answer to an ingest: how far the server is, what went wrong, or the end.
#[derive(serde::Deserialize)]
struct Answer {
    #[serde(rename = "type", default)]
    kind: Kind,
    error: Option<WireError>,
    #[serde(default)]
    stream: String,
    /// The place in the batch; at the end, the last message's sequence in the stream.
    #[serde(default)]
    seq: u64,
    #[serde(default)]
    msgs: u64,
    #[serde(default)]
    count: u64,
}

#[derive(serde::Deserialize, Default, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Kind {
    #[default]
    End,
    Ack,
    Gap,
    Err,
}

impl Nats {
    /// Begins a batch; `None` where it is known that there is no such way. `flow` is what the server
    /// said to one that was open just before: nobody has to wait for what it says to this one.
    pub(crate) async fn ingest(
        &self,
        stream: &str,
        flow: Option<u64>,
        within: Duration,
    ) -> Result<Option<NatsIngest>, Fault> {
        if self.older_than(SINCE).is_some() || self.shared.ingest.has(stream) {
            return Ok(None);
        }
        let reconnected = self.reconnected();
        let inbox = self.new_inbox();
        let filter = format!("{inbox}.>");
        let listening = async { self.client().subscribe(filter).await.map_err(|_| self.gone()) };
        Ok(Some(NatsIngest {
            nats: self.clone(),
            stream: stream.to_owned(),
            answers: self.in_time(listening).await?,
            head: format!("{inbox}.{FLOW}.fail."),
            text: BytesMut::new(),
            sent: 0,
            acked: 0,
            every: flow.unwrap_or(FLOW),
            open: flow.is_some(),
            reconnected,
            within,
        }))
    }
}

impl NatsIngest {
    /// Sends a message, as soon as so few are on the way that one more may be.
    pub(crate) async fn send(&mut self, message: &Outgoing) -> Result<(), Stopped> {
        while self.sent >= self.acked + self.every * OUTSTANDING {
            self.progress().await?;
        }
        self.put(message, u8::from(self.sent > 0)).await?;
        while !self.open {
            self.progress().await?;
        }
        Ok(())
    }

    /// Sends the last message, and says where all of them are. (There is an end without a message,
    /// but who listens to its subject would hear of it.)
    pub(crate) async fn end(mut self, last: &Outgoing) -> Result<Ingested, Stopped> {
        self.put(last, 2).await?;
        loop {
            if let Some(end) = self.answer().await? {
                return if end.messages == self.sent { Ok(end) } else { Err(Stopped::Broken) };
            }
        }
    }

    async fn put(&mut self, message: &Outgoing, operation: u8) -> Result<(), Stopped> {
        self.sent += 1;
        let at_once = poll_fn(|cx| {
            let reply = Some(self.reply(operation));
            Poll::Ready(match checked(&message.subject) {
                Ok(subject) => self.nats.give_at_once(message, subject, reply, cx),
                Err(fault) => Poll::Ready(Err(fault)),
            })
        });
        let sent = match at_once.await {
            Poll::Ready(sent) => sent,
            Poll::Pending => {
                let subject = checked(&message.subject).map_err(|_| Stopped::Broken)?;
                let reply = Some(self.reply(operation));
                let giving = self.nats.give(message, subject, reply);
                timeout(self.within, giving).await.map_err(|_| Stopped::Unavailable)?
            }
        };
        sent.map_err(|_| Stopped::Broken)
    }

    /// The subject that says to the server what to do with the message just counted.
    fn reply(&mut self, operation: u8) -> Subject {
        if self.text.capacity() < self.head.len() + REPLY_END {
            self.text.reserve(PIECE);
        }
        self.text.extend_from_slice(self.head.as_bytes());
        // Nothing is too much for a buffer that grows.
        let _ = write!(self.text, "{}.{operation}.$FI", self.sent);
        Subject::from_utf8(self.text.split().freeze()).unwrap_or(Subject::from_static(""))
    }

    /// Waits until the server has something to say before the end.
    async fn progress(&mut self) -> Result<(), Stopped> {
        match self.answer().await? {
            None => Ok(()),
            // It ended by itself: a message was missing, or refused.
            Some(_) => Err(Stopped::Broken),
        }
    }

    async fn answer(&mut self) -> Result<Option<Ingested>, Stopped> {
        let answer = tokio::select! {
            answer = self.answers.next() => answer.ok_or(Stopped::Broken)?,
            // What was on the way may be lost.
            () = &mut self.reconnected => return Err(Stopped::Broken),
            () = sleep(self.within) => return Err(self.unavailable()),
        };
        // An answer that is no JSON says that nobody listens.
        let answer: Answer =
            serde_json::from_slice(&answer.payload).map_err(|_| Stopped::Broken)?;
        match (answer.kind, answer.error) {
            (Kind::Ack, _) => {
                self.acked = self.acked.max(answer.seq);
                self.every = answer.msgs.clamp(1, FLOW);
                self.open = true;
                Ok(None)
            }
            // The answer is another stream's, or somebody's in its name.
            (Kind::End, None) if answer.stream != self.stream => Err(Stopped::Broken),
            (Kind::End, None) => Ok(Some(Ingested {
                stream: answer.stream,
                last_sequence: answer.seq,
                flow: self.every,
                messages: answer.count,
            })),
            (Kind::End, Some(error)) if error.code() == DISABLED => Err(self.unavailable()),
            (Kind::End | Kind::Gap | Kind::Err, _) => Err(Stopped::Broken),
        }
    }

    fn unavailable(&self) -> Stopped {
        self.nats.shared.ingest.add(&self.stream);
        Stopped::Unavailable
    }
}
