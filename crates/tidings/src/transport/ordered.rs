//! A stream's messages in order, all of them: those too that a server wrote itself.

use std::sync::Arc;
use std::task::{Context, Poll};

use crate::subject::Subject;
#[cfg(feature = "memory")]
use crate::transport::memory::MemoryPull;
use crate::transport::nats::NatsOrdered;
use crate::transport::{DeliverFrom, Fault, Incoming, PollInto as _, Transport};

/// Number of messages that are asked for at first; whoever reads says more.
const ROOM: usize = 16;

/// Extent to which each message is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    Whole,
    /// Headers alone, without the payload, where that is on a server.
    Headers,
}

/// Kind of the consumer through which a stream on a server is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ConsumerKind {
    /// A pull consumer: messages are asked for, so many at a time.
    Pull,
    /// A push consumer, as long as messages are read quickly: the server has less work, and sends 32 MB ahead at
    /// most.
    Push,
}

/// Messages of a stream in order, and of those that follow, until it is dropped.
#[derive(Debug)]
pub(crate) enum Ordered {
    Nats(Box<NatsOrdered>),
    #[cfg(feature = "memory")]
    Memory(MemoryPull),
}

/// Deliveries of a consumer, by a look at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sent {
    /// Name of the consumer: another one may take its place.
    pub(crate) consumer: Arc<str>,
    /// Number of its deliveries.
    pub(crate) deliveries: u64,
    /// `true` if nothing was left to be sent.
    pub(crate) is_all: bool,
}

impl Transport {
    /// Reads a stream in order, and goes on as messages arrive.
    pub(crate) async fn ordered(
        &self,
        stream: &str,
        filter: Subject,
        from: DeliverFrom,
        extent: Extent,
        kind: ConsumerKind,
    ) -> Result<Ordered, Fault> {
        let filters = vec![filter];
        match self {
            Self::Nats(t) => {
                let ordered = t.ordered_of(stream, filters, from, ROOM, extent, kind).await?;
                Ok(Ordered::Nats(Box::new(ordered)))
            }
            #[cfg(feature = "memory")]
            Self::Memory(t) => Ok(Ordered::Memory(t.replay(stream, filters, from)?)),
        }
    }
}

impl Ordered {
    /// The next message, written in the place of `into`.
    pub(crate) fn poll_into(
        &mut self,
        cx: &mut Context<'_>,
        into: &mut Incoming,
    ) -> Poll<Option<Result<(), Fault>>> {
        match self {
            Self::Nats(ordered) => ordered.poll_into(cx, into),
            #[cfg(feature = "memory")]
            Self::Memory(pull) => pull.poll_into(cx, into),
        }
    }

    /// Sets the number of messages that may be on the way, or here and not yielded.
    pub(crate) fn set_room(&mut self, room: usize) {
        match self {
            Self::Nats(ordered) => ordered.set_room(room),
            // Nothing is on the way in memory.
            #[cfg(feature = "memory")]
            Self::Memory(_) => {}
        }
    }

    /// Number of times that the connection was lost since it began.
    pub(crate) fn interruptions(&self) -> u64 {
        match self {
            Self::Nats(ordered) => ordered.interruptions(),
            #[cfg(feature = "memory")]
            Self::Memory(_) => 0,
        }
    }

    /// Number of messages that there were when it began.
    pub(crate) fn begun_with(&self) -> u64 {
        match self {
            Self::Nats(ordered) => ordered.begun_with(),
            #[cfg(feature = "memory")]
            Self::Memory(pull) => pull.undelivered(),
        }
    }

    /// Returns `true` if it has delivered a message that the stream has, or is not to; `last` is the last that came of it.
    pub(crate) fn has_come_to(&self, sequence: u64, last: u64) -> bool {
        match self {
            Self::Nats(ordered) => sequence <= last.max(ordered.begun_behind()),
            #[cfg(feature = "memory")]
            Self::Memory(pull) => sequence <= last || pull.undelivered() == 0,
        }
    }

    /// Looks how much of it is sent.
    pub(crate) fn sent(&self) -> impl Future<Output = Result<Sent, Fault>> + Send + use<> {
        let asked = match self {
            Self::Nats(ordered) => Ok(ordered.sent()),
            // What is taken is sent by that.
            #[cfg(feature = "memory")]
            Self::Memory(pull) => Err(Sent {
                consumer: Arc::default(),
                deliveries: 0,
                is_all: pull.undelivered() == 0,
            }),
        };
        async move {
            match asked {
                Ok(asked) => asked.await,
                Err(known) => Ok(known),
            }
        }
    }

    /// Returns `true` if all has come here of what was sent by a look, and that was all that there was. What is on its
    /// way, or here and not yielded, has not come.
    pub(crate) fn has_come(&self, sent: &Sent) -> bool {
        sent.is_all
            && match self {
                Self::Nats(ordered) => ordered.has_come(sent),
                #[cfg(feature = "memory")]
                Self::Memory(_) => true,
            }
    }
}
