//! A stream's messages in order (ADR-17): a consumer without acks, which is made anew behind the
//! last message when one is missing.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use async_nats::jetstream;
use futures_util::{FutureExt as _, Stream};
use tokio::time::sleep;
use uuid::Uuid;

use super::{Nats, NatsPull, config};
use crate::jitter::jittered;
use crate::subject::Subject;
use crate::transport::{
    ApiError, ConsumerConfig, DeliverFrom, Fault, Incoming, Receipt, StoredMessage, Unreadable,
};

/// How long a server keeps a consumer that nobody reads.
const INACTIVE: Duration = Duration::from_secs(30);
/// The first and the longest wait before one more consumer is made, where the last was of no use.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const MOST_PAUSE: Duration = Duration::from_secs(5);

/// A consumer that is being made, with the sequence behind which it begins.
type Making = Pin<Box<dyn Future<Output = Result<(NatsPull, u64), Fault>> + Send>>;

/// A look for the message that breaks the connection.
type Searching = Pin<Box<dyn Future<Output = Result<Option<(StoredMessage, u64)>, Fault>> + Send>>;

/// How often the connection may be lost before a message came, until one that breaks it is looked
/// for where it is not known which messages come next.
const LOSSES: u32 = 2;

/// An ordered consumer's messages.
pub(crate) struct NatsOrdered {
    nats: Nats,
    stream: String,
    filters: Vec<Subject>,
    /// Where the next consumer begins.
    from: DeliverFrom,
    pull: NatsPull,
    room: usize,
    /// How many messages of this consumer came; each has its number.
    number: u64,
    making: Option<Making>,
    /// How many consumers were made since a message came.
    made: u32,
    /// The last message that came; where none did, the one before the first.
    last: u64,
    /// Resolves when the connection has come back.
    reconnected: Pin<Box<dyn Future<Output = ()> + Send>>,
    /// How often it did since a message came.
    losses: u32,
    searching: Option<Searching>,
    /// What was found, and the last message that comes before it.
    found: Option<(StoredMessage, u64)>,
    /// Whether all messages behind `last` come, and not only some.
    is_whole: bool,
    ended: bool,
}

impl NatsOrdered {
    pub(super) async fn open(
        nats: &Nats,
        stream: &str,
        filters: Vec<Subject>,
        from: DeliverFrom,
        room: usize,
    ) -> Result<Self, Fault> {
        let is_whole = matches!(from, DeliverFrom::Beginning | DeliverFrom::Sequence(_));
        let last = match from {
            DeliverFrom::Sequence(sequence) => sequence.saturating_sub(1),
            _ => 0,
        };
        let (pull, behind) = nats.ordered(stream, &filters, from, room).await?;
        // What is new is so from now on, also for a consumer that is made later.
        let from = match from {
            DeliverFrom::New => DeliverFrom::Sequence(behind + 1),
            from => from,
        };
        Ok(Self {
            nats: nats.clone(),
            stream: stream.to_owned(),
            filters,
            from,
            pull,
            room,
            number: 0,
            making: None,
            made: 0,
            last,
            reconnected: nats.reconnected(),
            losses: 0,
            searching: None,
            found: None,
            is_whole,
            ended: false,
        })
    }

    /// How many more messages may be on the way, or here and not yielded.
    pub(crate) fn set_room(&mut self, room: usize) {
        self.room = room;
        self.pull.set_room(room);
    }

    /// Makes one more consumer: at once, unless the last one was of no use.
    fn make(&mut self) {
        let pause = match self.made {
            0 => Duration::ZERO,
            made => jittered((FIRST_PAUSE * 2_u32.saturating_pow(made.min(10))).min(MOST_PAUSE)),
        };
        self.made = self.made.saturating_add(1);
        let (nats, stream, filters) =
            (self.nats.clone(), self.stream.clone(), self.filters.clone());
        let (from, room) = (self.from, self.room);
        self.making = Some(Box::pin(async move {
            sleep(pause).await;
            nats.ordered(&stream, &filters, from, room).await
        }));
    }

    /// A message that came; `None` if one is missing before it.
    fn read(&mut self, incoming: Incoming) -> Option<Incoming> {
        if self.pull.number() != self.number + 1 {
            return None;
        }
        self.number += 1;
        if let Some(receipt) = &incoming.receipt {
            (self.last, self.losses, self.made) = (receipt.sequence, 0, 0);
            self.from = DeliverFrom::Sequence(receipt.sequence + 1);
        }
        Some(incoming)
    }

    /// What the consumer reports; `None` if another one takes its place.
    fn heed(&mut self, fault: Fault) -> Option<Fault> {
        match fault {
            Fault::Closed => {
                self.ended = true;
                return None;
            }
            // It is asked again.
            Fault::Denied(_) => return Some(fault),
            fault => {
                let stream = self.stream.as_str();
                tracing::debug!(stream, %fault, "a replay goes on with a new consumer");
            }
        }
        self.make();
        None
    }

    /// A consumer that could not be made: the fault, if it is to be told.
    fn not_made(&mut self, fault: Fault) -> Option<Fault> {
        let is_gone = |error: &ApiError| error.code == ApiError::STREAM_NOT_FOUND;
        match fault {
            Fault::Api(error) if error.status == 404 && is_gone(&error) => {
                self.ended = true;
                return Some(error.into());
            }
            Fault::Closed => {
                self.ended = true;
                return None;
            }
            Fault::Denied(denial) => {
                self.make();
                return Some(Fault::Denied(denial));
            }
            fault => {
                let stream = self.stream.as_str();
                tracing::warn!(stream, %fault, "a replay can't go on; it is tried again");
            }
        }
        self.make();
        None
    }
}

#[derive(serde::Serialize)]
struct Create<'a> {
    stream_name: &'a str,
    config: jetstream::consumer::Config,
    action: &'static str,
}

#[derive(serde::Deserialize)]
struct Created {
    delivered: Position,
}

#[derive(serde::Deserialize)]
struct Position {
    stream_seq: u64,
}

impl Nats {
    /// Makes a consumer for one replay, and gives the sequence behind which it begins.
    async fn ordered(
        &self,
        stream: &str,
        filters: &[Subject],
        from: DeliverFrom,
        room: usize,
    ) -> Result<(NatsPull, u64), Fault> {
        let name = Uuid::now_v7().simple().to_string();
        let known = ConsumerConfig { filters: filters.to_vec(), from, ..ConsumerConfig::new(name) };
        let config = config::ordered(&known, INACTIVE)?;
        let create = Create { stream_name: stream, config, action: "create" };
        let call = format!("CONSUMER.CREATE.{stream}.{}", known.name);
        let created: Created = self.api(call, &create).await?;
        let pull = NatsPull::of_unsettled(self, stream, known, room).await?;
        Ok((pull, created.delivered.stream_seq))
    }
}

impl Stream for NatsOrdered {
    type Item = Result<Incoming, Fault>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            if this.ended {
                return Poll::Ready(None);
            }
            if let Some(making) = &mut this.making {
                let Poll::Ready(made) = making.poll_unpin(cx) else {
                    return this.poll_unreadable(cx);
                };
                this.making = None;
                match made {
                    Ok((pull, _)) => (this.pull, this.number) = (pull, 0),
                    Err(fault) => {
                        if let Some(fault) = this.not_made(fault) {
                            return Poll::Ready(Some(Err(fault)));
                        }
                        continue;
                    }
                }
                this.pull.set_room(this.room);
            }
            match Pin::new(&mut this.pull).poll_next(cx) {
                Poll::Ready(Some(Ok(incoming))) => match this.read(incoming) {
                    Some(incoming) => return Poll::Ready(Some(Ok(incoming))),
                    None => this.make(),
                },
                Poll::Ready(Some(Err(fault))) => {
                    if let Some(fault) = this.heed(fault) {
                        return Poll::Ready(Some(Err(fault)));
                    }
                }
                Poll::Ready(None) if this.nats.is_closed() => this.ended = true,
                Poll::Ready(None) => this.make(),
                Poll::Pending => return this.poll_unreadable(cx),
            }
        }
    }
}

impl NatsOrdered {
    /// Ends with the message that breaks one connection after the other, if there is one: what is
    /// behind it would never come, since the next consumer begins with it again.
    fn poll_unreadable(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Incoming, Fault>>> {
        while self.reconnected.poll_unpin(cx).is_ready() {
            if self.nats.is_over() {
                self.ended = true;
                return Poll::Ready(None);
            }
            self.reconnected = self.nats.reconnected();
            self.losses += 1;
            if self.is_whole || self.losses >= LOSSES {
                let (nats, stream) = (self.nats.clone(), self.stream.clone());
                let (filters, last) = (self.filters.clone(), self.last);
                self.searching =
                    Some(Box::pin(
                        async move { nats.first_unreadable(&stream, &filters, last).await },
                    ));
            }
        }
        if let Some(searching) = &mut self.searching
            && let Poll::Ready(found) = searching.poll_unpin(cx)
        {
            self.searching = None;
            // Where it can't be looked for, the next loss asks again.
            self.found = found.unwrap_or_default();
        }
        // Those before it come, with one connection or the next.
        let is_next =
            |(_, before): &mut (StoredMessage, u64)| !self.is_whole || self.last >= *before;
        let Some((message, _)) = self.found.take_if(is_next) else { return Poll::Pending };
        let receipt = Receipt {
            stream: self.stream.as_str().into(),
            consumer: "".into(),
            sequence: message.sequence,
            attempt: 1,
            pending: 0,
            stored_at: message.stored_at,
        };
        self.ended = true;
        let unreadable = Unreadable { message, receipt, settle: None };
        Poll::Ready(Some(Err(Fault::Unreadable(Box::new(unreadable)))))
    }
}

impl fmt::Debug for NatsOrdered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NatsOrdered").field("pull", &self.pull).finish_non_exhaustive()
    }
}
