//! Work of a pull beside taking what has come: asking for more, and noticing what goes wrong.

use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_util::{FutureExt as _, StreamExt as _};
use tokio::time::Instant;

use super::idle::Broken;
use super::{NatsPull, PAUSE, denied};
use crate::transport::{ApiError, DeniedAction, Fault, Incoming};

/// Wait before a server that has denied it is asked again.
const DENIED: Duration = Duration::from_secs(5);

impl NatsPull {
    /// Does what is to be done beside taking what has come. Whether nothing is there is known where
    /// somebody has looked.
    pub(super) fn poll_other(
        &mut self,
        cx: &mut Context<'_>,
        into: &mut Incoming,
        mut is_empty: bool,
    ) -> Poll<Option<Result<(), Fault>>> {
        let this = self;
        loop {
            if this.ended {
                return Poll::Ready(None);
            }
            if this.reconnected.poll_unpin(cx).is_ready() {
                if this.deliverer.nats.is_over() {
                    this.ended = true;
                    continue;
                }
                this.reconnected = this.deliverer.nats.reconnected();
                if this.outstanding.messages() > 0 && this.deliverer.settled {
                    this.scan.begin();
                }
                this.forget();
            }
            if let Some(unreadable) = this.scan.poll(cx) {
                return Poll::Ready(Some(Err(Fault::Unreadable(Box::new(unreadable)))));
            }
            if let Poll::Ready(denial) = this.denied.poll_unpin(cx) {
                this.denied = denied(&this.deliverer.nats, &this.next, &this.inbox);
                // Without its inbox it hears nothing, also when it is allowed again.
                this.ended = denial.action == DeniedAction::Subscribe;
                this.forget_for(DENIED);
                return Poll::Ready(Some(Err(Fault::Denied(denial))));
            }
            if let Some(asking) = &mut this.asking
                && let Poll::Ready(asked) = asking.poll_unpin(cx)
            {
                this.asking = None;
                if let Err(fault) = asked {
                    this.ended = matches!(fault, Fault::Closed);
                    let is_denied = matches!(fault, Fault::Denied(_));
                    this.forget_for(if is_denied { DENIED } else { PAUSE });
                    return Poll::Ready(Some(Err(fault)));
                }
            }
            if let Some(looking) = &mut this.looking
                && let Poll::Ready(found) = looking.poll_unpin(cx)
            {
                this.looking = None;
                if matches!(found, Ok(false)) {
                    this.ended = true;
                    return Poll::Ready(Some(Err(ApiError::consumer_not_found().into())));
                }
                return Poll::Ready(Some(Err(Fault::NoResponders)));
            }
            if this.asking.is_none() && !this.idle.is_paused() && this.is_short() {
                this.ask();
                is_empty = false;
                continue;
            }
            if std::mem::take(&mut this.nudges) && this.asking.is_none() {
                this.listen();
                continue;
            }
            if !is_empty {
                match this.messages.poll_next_unpin(cx) {
                    Poll::Ready(Some(message)) => match this.read(message, into) {
                        Some(next) => return Poll::Ready(Some(next)),
                        None => continue,
                    },
                    Poll::Ready(None) => return Poll::Ready(None),
                    Poll::Pending => {}
                }
            }
            if this.outstanding.messages() > 0 {
                if this.lost.poll(cx, &this.deliverer, &this.stream).is_ready() {
                    let (stream, consumer) = (&*this.stream, &this.deliverer.config.name);
                    let lost = this.outstanding.messages();
                    tracing::warn!(stream, consumer, lost, "requests for messages were lost");
                    this.forget();
                    continue;
                }
                // It may have found that more is to be asked for.
                if this.asking.is_none() && !this.idle.is_paused() && this.is_short() {
                    continue;
                }
            } else if !this.idle.is_paused() {
                // Nothing is to come.
                return Poll::Pending;
            }
            match ready!(this.idle.poll(cx)) {
                Broken::Pause => {}
                Broken::Listen => {
                    this.pass(Instant::now());
                    this.listen();
                }
                Broken::TooLong => {
                    this.forget();
                    return Poll::Ready(Some(Err(this.deliverer.nats.too_late())));
                }
            }
        }
    }

    /// Adds a request with heartbeats, since nothing has come for a while, to those of a flow. There is
    /// room for it, unless that has become less since.
    fn listen(&mut self) {
        let expected = self.outstanding.messages();
        if expected > 0 && self.asking.is_none() {
            self.request(self.room.saturating_sub(expected).max(1), true);
        }
    }
}
