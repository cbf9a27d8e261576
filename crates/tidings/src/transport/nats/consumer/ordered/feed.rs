//! Ways in which a replay's messages come: asked for, or pushed.
//!
//! A server has less work with what it pushes, and sends 2 MB ahead at first, and 32 MB in the end. So who is slow
//! asks for a few messages at a time from then on.

use std::task::{Context, Poll};

use crate::transport::nats::connection::connect::API;
use crate::transport::nats::connection::nats::Nats;
use crate::transport::nats::consumer::pull::NatsPull;
use crate::transport::nats::consumer::push::NatsPush;
use crate::transport::nats::jetstream::consumer_config as config;
use crate::transport::{ConsumerConfig, ConsumerKind, Fault, Incoming, PollInto as _};

/// Room of a reader that has become slow: from here on it asks again.
pub(super) const SLOW: usize = 64;

/// The messages of a consumer that were sent to whoever reads.
#[derive(Debug)]
pub(super) enum Feed {
    Pull(Box<NatsPull>),
    Push(Box<NatsPush>),
}

/// Way in which messages come.
#[derive(Debug, Clone, Copy)]
pub(super) struct Delivery {
    /// Number of messages that may be on the way where they are asked for.
    pub(super) room: usize,
    /// Way in which they are sent.
    pub(super) kind: ConsumerKind,
}

impl Nats {
    /// Returns `true` if a consumer can push to this connection: behind another prefix its answers may have no way.
    pub(super) fn can_be_pushed_to(&self) -> bool {
        *self.shared.api == *API
    }
}

impl Feed {
    /// Listens to a consumer that is about to be made, with this configuration.
    pub(super) async fn open(
        nats: &Nats,
        stream: &str,
        known: ConsumerConfig,
        delivery: Delivery,
        config: &mut config::Config,
    ) -> Result<Self, Fault> {
        if delivery.kind == ConsumerKind::Push {
            let inbox = nats.new_inbox();
            let push = NatsPush::listen(nats, stream, &known.name, &inbox).await?;
            config::push_to(config, &inbox);
            return Ok(Self::Push(Box::new(push)));
        }
        let pull = NatsPull::of_unsettled(nats, stream, known, delivery.room).await?;
        Ok(Self::Pull(Box::new(pull)))
    }

    /// Name of its consumer.
    pub(super) fn consumer(&self) -> &str {
        match self {
            Self::Pull(pull) => pull.consumer(),
            Self::Push(push) => push.consumer(),
        }
    }

    /// Number of deliveries, with the message that was yielded last.
    #[inline]
    pub(super) fn number(&self) -> u64 {
        match self {
            Self::Pull(pull) => pull.number(),
            Self::Push(push) => push.number(),
        }
    }

    /// Sets the maximum number of messages that are on the way, where they are asked for.
    pub(super) fn set_room(&mut self, room: usize) {
        if let Self::Pull(pull) = self {
            pull.set_room(room);
        }
    }

    #[inline]
    pub(super) fn poll_into(
        &mut self,
        cx: &mut Context<'_>,
        into: &mut Incoming,
    ) -> Poll<Option<Result<(), Fault>>> {
        match self {
            Self::Pull(pull) => pull.poll_into(cx, into),
            Self::Push(push) => push.poll_into(cx, into),
        }
    }
}
