//! A stream's messages in order (ADR-17): a consumer without acks, which is made anew behind the
//! last message when one is missing.

mod create;
mod feed;
mod unreadable;

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::task::coop::has_budget_remaining;
use tokio::time::sleep;

use self::create::Made;
use self::feed::{Delivery, SLOW};
use crate::backoff::Backoff;
use crate::jitter::jittered;
use crate::subject::Subject;
use crate::transport::nats::connection::nats::Nats;
use crate::transport::{
    ApiError, ConsumerKind, DeliverFrom, Extent, Fault, Identity, Incoming, PollInto, Sent,
    StoredMessage,
};

/// Text of the fault that a stream is not the one that was begun with.
const ANOTHER: &str = "its stream was deleted, and made again: its sequences begin anew";
/// The waits before one more consumer is made, where the last was of no use.
const REMAKE: Backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(5));

/// A look for the message that breaks the connection.
type Searching = Pin<Box<dyn Future<Output = Result<Option<(StoredMessage, u64)>, Fault>> + Send>>;

/// A consumer that is being made.
type Making = Pin<Box<dyn Future<Output = Result<Made, Fault>> + Send>>;

/// An ordered consumer's messages.
pub(crate) struct NatsOrdered {
    nats: Nats,
    stream: String,
    /// Identity of the stream among those of its name; `None` where that may not be asked.
    identity: Option<Identity>,
    filters: Vec<Subject>,
    extent: Extent,
    /// Position at which the next consumer begins.
    from: DeliverFrom,
    /// The stream's last message when its last messages of the subjects began to come, while they come.
    lasts: Option<u64>,
    /// `true` if the consumer is another one than at first.
    is_again: bool,
    made: Made,
    room: usize,
    /// Way in which the next consumer sends its messages.
    kind: ConsumerKind,
    /// Number of messages of this consumer that came; each has its number.
    number: u64,
    making: Option<Making>,
    /// Number of consumers that were made since a message came.
    tries: u32,
    /// The last message that came; where none did, the one before the first.
    last: u64,
    /// Resolves when the connection has come back.
    reconnected: Pin<Box<dyn Future<Output = ()> + Send>>,
    /// Number of times that the connection has come back since a message came.
    losses: u32,
    /// Number of reconnections since it was opened.
    interruptions: u64,
    searching: Option<Searching>,
    /// Unreadable message that was found, and the last sequence before it that comes.
    found: Option<(StoredMessage, u64)>,
    /// `true` if all messages behind `last` come, and not only some.
    is_whole: bool,
    ended: bool,
}

impl NatsOrdered {
    pub(crate) async fn open(
        nats: &Nats,
        stream: &str,
        filters: Vec<Subject>,
        from: DeliverFrom,
        room: usize,
        extent: Extent,
        kind: ConsumerKind,
    ) -> Result<Self, Fault> {
        let is_whole = matches!(from, DeliverFrom::Beginning | DeliverFrom::Sequence(_));
        let last = match from {
            DeliverFrom::Sequence(sequence) => sequence.saturating_sub(1),
            _ => 0,
        };
        let snapshot = match nats.stream_snapshot(stream).await {
            Ok(None) => return Err(ApiError::stream_not_found("stream not found").into()),
            // A replay does not need it, unless its consumer is lost.
            Err(Fault::Denied(_)) => None,
            snapshot => snapshot?,
        };
        // Where what is new begins is known of a consumer that has delivered nothing.
        let may_push = from != DeliverFrom::New && nats.can_be_pushed_to();
        let mut kind = if may_push { kind } else { ConsumerKind::Pull };
        let consumer =
            |kind| Box::pin(nats.ordered(stream, &filters, from, Delivery { room, kind }, extent));
        let made = tokio::select! {
            biased;
            made = consumer(kind) => made?,
            // What is pushed may break the connection before the answer is here: it is asked for.
            () = nats.reconnected(), if kind == ConsumerKind::Push => {
                kind = ConsumerKind::Pull;
                consumer(kind).await?
            }
        };
        // What is new is so from now on, also for a consumer that is made later.
        let from = match from {
            DeliverFrom::New => DeliverFrom::Sequence(made.behind + 1),
            from => from,
        };
        let is_of_lasts = from == DeliverFrom::LastPerSubject;
        Ok(Self {
            nats: nats.clone(),
            stream: stream.to_owned(),
            lasts: snapshot.as_ref().filter(|_| is_of_lasts).map(|snapshot| snapshot.last),
            identity: snapshot.map(|snapshot| snapshot.identity),
            filters,
            extent,
            from,
            is_again: false,
            made,
            room,
            kind,
            number: 0,
            making: None,
            tries: 0,
            last,
            reconnected: nats.reconnected(),
            losses: 0,
            interruptions: 0,
            searching: None,
            found: None,
            is_whole,
            ended: false,
        })
    }

    /// Sets the maximum number of messages that are on the way, or here and not yielded, where they are asked for.
    /// Who is pushed to and is given little room is slow, and asks from now on.
    pub(crate) fn set_room(&mut self, room: usize) {
        let before = std::mem::replace(&mut self.room, room);
        self.made.feed.set_room(room);
        if self.kind == ConsumerKind::Push && self.making.is_none() && room <= SLOW && room < before
        {
            self.kind = ConsumerKind::Pull;
            self.make();
        }
    }

    /// Number of reconnections since it was opened.
    pub(crate) fn interruptions(&self) -> u64 {
        self.interruptions
    }

    /// Number of messages that its first consumer had to deliver.
    pub(crate) fn begun_with(&self) -> u64 {
        self.made.undelivered
    }

    /// The message behind which its consumer began.
    pub(crate) fn begun_behind(&self) -> u64 {
        self.made.behind
    }

    /// Looks how much its consumer has sent.
    pub(crate) fn sent(&self) -> impl Future<Output = Result<Sent, Fault>> + Send + use<> {
        let (nats, stream) = (self.nats.clone(), self.stream.clone());
        let consumer = Arc::from(self.made.feed.consumer());
        async move {
            let state = nats.consumer_state(&stream, &consumer).await?;
            Ok(Sent { consumer, deliveries: state.delivered, is_all: state.pending == 0 })
        }
    }

    /// Returns `true` if all has come that was sent by a look. An answer may overtake what was sent before it.
    pub(crate) fn has_come(&self, sent: &Sent) -> bool {
        self.making.is_none()
            && *self.made.feed.consumer() == *sent.consumer
            && self.number >= sent.deliveries
    }

    /// Makes one more consumer: at once, unless the last one was of no use.
    fn make(&mut self) {
        let pause = match self.tries {
            0 => Duration::ZERO,
            tries => jittered(REMAKE.after(tries.into())),
        };
        self.tries = self.tries.saturating_add(1);
        let (nats, stream, filters) =
            (self.nats.clone(), self.stream.clone(), self.filters.clone());
        let (from, extent) = (self.from, self.extent);
        let delivery = Delivery { room: self.room, kind: self.kind };
        let identity = self.identity.clone();
        self.making = Some(Box::pin(async move {
            sleep(pause).await;
            let made = nats.ordered(&stream, &filters, from, delivery, extent).await?;
            // The identity is asked for once the consumer is made: then it is that of its stream.
            if let Some(identity) = identity {
                let snapshot = nats.stream_snapshot(&stream).await?;
                if snapshot.is_none_or(|snapshot| snapshot.identity != identity) {
                    return Err(ApiError::stream_not_found(ANOTHER).into());
                }
            }
            Ok(made)
        }));
    }

    /// Decides what is to be done with a message that came.
    fn read(&mut self, incoming: &Incoming) -> Next {
        if self.made.feed.number() != self.number + 1 {
            return Next::Missing;
        }
        self.number += 1;
        let Some(receipt) = &incoming.receipt else { return Next::Yield };
        let sequence = receipt.sequence;
        if let Some(behind) = self.lasts {
            let is_last = sequence <= behind;
            if is_last && sequence <= self.last {
                return Next::Known;
            }
            if !is_last && self.is_again {
                // It leaves out what was stored since and is no more the last of its subject.
                self.lasts = None;
                self.from = DeliverFrom::Sequence(behind.max(self.last) + 1);
                self.tries = 0;
                return Next::Missing;
            }
            self.lasts = self.lasts.filter(|_| is_last);
        }
        (self.last, self.losses, self.tries) = (sequence, 0, 0);
        if self.lasts.is_none() {
            self.from = DeliverFrom::Sequence(sequence + 1);
        }
        Next::Yield
    }

    /// Handles a fault of the consumer: gives it if it is to be told, `None` if another consumer
    /// takes its place or the flow ends.
    fn handle_fault(&mut self, fault: Fault) -> Option<Fault> {
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
        // A push consumer that has failed may fail again: the next one is a pull consumer.
        self.kind = ConsumerKind::Pull;
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
                self.kind = ConsumerKind::Pull;
                self.make();
                return Some(Fault::Denied(denial));
            }
            fault => {
                let stream = self.stream.as_str();
                tracing::warn!(stream, %fault, "a replay can't go on; it is tried again");
            }
        }
        self.kind = ConsumerKind::Pull;
        self.make();
        None
    }
}

/// Step that follows a message.
enum Next {
    Yield,
    /// Passes the message over: it came before.
    Known,
    /// A message is missing before this one: another consumer is to be made.
    Missing,
}

impl PollInto for NatsOrdered {
    fn poll_into(
        &mut self,
        cx: &mut Context<'_>,
        into: &mut Incoming,
    ) -> Poll<Option<Result<(), Fault>>> {
        let this = self;
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
                    Ok(made) => (this.made, this.number, this.is_again) = (made, 0, true),
                    Err(fault) => {
                        if let Some(fault) = this.not_made(fault) {
                            return Poll::Ready(Some(Err(fault)));
                        }
                        continue;
                    }
                }
                this.made.feed.set_room(this.room);
            }
            match this.made.feed.poll_into(cx, into) {
                Poll::Ready(Some(Ok(()))) => match this.read(into) {
                    Next::Yield => return Poll::Ready(Some(Ok(()))),
                    Next::Known => {}
                    Next::Missing => this.make(),
                },
                Poll::Ready(Some(Err(fault))) => {
                    if let Some(fault) = this.handle_fault(fault) {
                        return Poll::Ready(Some(Err(fault)));
                    }
                }
                Poll::Ready(None) if this.nats.is_closed() => this.ended = true,
                Poll::Ready(None) => this.make(),
                // A task that has had its turn is told nothing of what is here (tokio's budget): its next one tells.
                Poll::Pending if !has_budget_remaining() => {
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Poll::Pending => return this.poll_unreadable(cx),
            }
        }
    }
}

impl fmt::Debug for NatsOrdered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NatsOrdered").field("feed", &self.made.feed).finish_non_exhaustive()
    }
}
