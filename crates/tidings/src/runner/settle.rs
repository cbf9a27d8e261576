//! Settling a message once its handler has ended: it is acknowledged, kept, put aside or
//! answered.

pub(super) mod acknowledge;
pub(super) mod dead_letter;
mod decide;
pub(super) mod redelivered;
pub(super) mod reply;
pub(super) mod unreadable;

use std::sync::Arc;
use std::time::Duration;

use self::acknowledge::{
    acknowledge, acknowledge_all, note_given_back, settle_in_order, unsettled,
};
use self::dead_letter::put_aside;
use self::decide::{disposition, disposition_by_history, log_disposition};
use self::redelivered::redelivered;
use self::reply::ErrorReply;
use self::unreadable::set_aside;
use crate::context::HandledMessage;
use crate::dead_letter::DeadLetterReason;
use crate::probe::Span;
use crate::runner::active_route::{ActiveRoute, ErrorDetail};
use crate::runner::in_flight::cumulative_ack::AckWindow;
use crate::runner::in_flight::queued_message::QueuedMessage;
use crate::runner::policy::Policy;
use crate::runner::policy::disposition::{Disposition, Health};
use crate::runner::policy::give_back_note::GiveBackNote;
use crate::runner::policy::handler_exit::HandlerExit;
use crate::runner::status::route_state::RouteFault;
use crate::traces::HandlerSpan;
use crate::transport::{Fault, Incoming, Settlement};

/// A message's word on its handler, and the message itself where it is to wait here.
pub(crate) type Settled = (Health, Option<(QueuedMessage, Duration)>);

/// Returns `true` if a message that was handled has nothing to be done about it but an ack.
#[inline]
fn is_plain(active: &ActiveRoute, message: &Incoming) -> bool {
    let Incoming { settle, receipt, reply, .. } = message;
    let is_first = receipt.as_ref().is_none_or(|receipt| receipt.attempt <= 1);
    is_first && !active.confirms && (settle.is_some() || reply.is_none() || !active.is_asked())
}

/// Settles an event whose handler has ended, as far as nothing waits; `None` where more is to be
/// done than an ack, or an ack finds no room on its way to the server: that is for [`settle`].
#[inline]
pub(crate) fn settle_at_once(
    active: &Arc<ActiveRoute>,
    message: &Arc<HandledMessage>,
    span: &Span,
    handled: &HandlerExit,
) -> Option<()> {
    if !is_plain(active, message) {
        return None;
    }
    let reason = Policy::decide_at_once(handled)?;
    let Some(settle) = &message.settle else {
        handled.tell(span, None);
        message.span.end(handled.ended(None));
        return Some(());
    };
    if active.acks_all {
        message.span.end(handled.ended(Some("ack")));
        handled.tell(span, Some(&Settlement::of(reason)));
        let due = active.in_flight.ack_window(|window| window.handled(message));
        acknowledge_all(active, due);
        return Some(());
    }
    let acked = settle.ack_at_once(reason)?;
    message.span.end(handled.ended(Some("ack")));
    let settlement = Settlement::of(reason);
    active.spans.settle(&message.span, &settlement, message, &active.link.transport).end(&acked);
    handled.tell(span, Some(&settlement));
    if acked.is_err() {
        unsettled(active, message, acked);
    }
    Some(())
}

/// Settles or answers a message that was handled in this way, or gives it back with the time
/// that it is to wait here; says what it means for the handler.
pub(crate) async fn settle(
    active: &Arc<ActiveRoute>,
    mut queued: QueuedMessage,
    handled: HandlerExit,
    took: Duration,
) -> Settled {
    let mut disposition = disposition(active, &queued, &handled);
    if let Some(Disposition::DeadLetter(DeadLetterReason::Attempts)) = disposition
        && !matches!(handled, HandlerExit::UsedUp)
        && let Some(receipt) = &queued.incoming.receipt
        && receipt.attempt > active.history.failures(receipt)
        && Box::pin(GiveBackNote::may_be(&active.link, receipt)).await
    {
        disposition = Some(disposition_by_history(active, receipt, &handled));
    }
    if let Some(disposition) = &disposition {
        log_disposition(active, &queued, &handled, disposition);
    }
    let settled = disposition.as_ref().map(Disposition::word);
    queued.incoming.span.end(handled.ended(settled));
    active.counters.count(&handled, disposition.as_ref(), took);
    let health = Health::of(&handled, disposition.as_ref());
    // What waits here is told of as if it were given back.
    let tell_kept = |disposition: &Disposition, queued: &QueuedMessage| {
        let settlement = disposition.settlement_reason().map(Settlement::of);
        handled.tell(&queued.span, settlement.as_ref());
    };
    let sent = match disposition {
        Some(kept @ Disposition::Defer(delay)) => {
            tell_kept(&kept, &queued);
            let span = active.begin(&queued.incoming);
            // The next run counts anew what the handler publishes.
            let incoming = Arc::new(queued.incoming.fresh_copy());
            return (health, Some((QueuedMessage { incoming, span, ..queued }, delay)));
        }
        // The messages behind this one wait as long as it does.
        Some(kept @ Disposition::Retry(delay))
            if active.acks_all && !matches!(handled, HandlerExit::Aborted) =>
        {
            tell_kept(&kept, &queued);
            return (health, Some((redelivered(active, queued), delay)));
        }
        // Another instance is to read in this one's place, and to begin with this message.
        Some(kept @ Disposition::GiveBack(delay)) if active.acks_all => {
            Box::pin(note_given_back(active, &queued)).await;
            tell_kept(&kept, &queued);
            active.in_flight.ack_window(AckWindow::yield_to_other);
            let span = active.begin(&queued.incoming);
            let incoming = Arc::new(queued.incoming.fresh_copy());
            return (health, Some((QueuedMessage { incoming, span, ..queued }, delay)));
        }
        // Boxed, as what is rare is here: each task has room for all that may come.
        Some(Disposition::DeadLetter(reason)) => {
            let aside = Box::pin(put_aside(active, queued, handled, reason)).await;
            let Some((back, sent)) = aside else { return (health, None) };
            queued = back;
            sent
        }
        Some(disposition) => send_settlement(active, &mut queued, &handled, disposition).await,
        None => answer(active, &queued, handled).await,
    };
    unsettled(active, &queued.incoming, sent);
    // Never, but where a test says so.
    if queued.span.redelivers() && queued.incoming.receipt.is_some() {
        return (health, Some((redelivered(active, queued), Duration::ZERO)));
    }
    (health, None)
}

/// Settles a stream's message that is not put aside, as the policy has decided.
async fn send_settlement(
    active: &ActiveRoute,
    queued: &mut QueuedMessage,
    handled: &HandlerExit,
    disposition: Disposition,
) -> Result<(), Fault> {
    // A dead letter's message is settled by who stores the letter.
    let Some(reason) = disposition.settlement_reason() else { return Ok(()) };
    if matches!(disposition, Disposition::GiveBack(_)) {
        Box::pin(note_given_back(active, queued)).await;
    }
    let settlement = Settlement::of(reason);
    if settlement.is_nak() {
        active.ack_floor.mark_unsettled(&queued.incoming);
    }
    // From here on the server is told no more that it is in good hands.
    queued.in_flight = None;
    let QueuedMessage { incoming, span, .. } = &*queued;
    let Some(settle) = &incoming.settle else { return Ok(()) };
    // What was acked at its first attempt has no history: nobody is asked for it.
    if let Some(receipt) = &incoming.receipt
        && receipt.attempt > 1
        && !settlement.is_nak()
    {
        active.history.forget(receipt);
        active.ack_floor.settle(incoming);
    }
    let settlement = span.settlement(settlement);
    handled.tell(span, Some(&settlement));
    if active.acks_all {
        return settle_in_order(active, incoming, settle, settlement).await;
    }
    let settling =
        active.spans.settle(&incoming.span, &settlement, incoming, &active.link.transport);
    let sent = if settlement.is_ack() && active.is_last_attempt(queued) {
        Box::pin(acknowledge(active, incoming, settle, reason)).await
    } else {
        settle.send(settlement).await
    };
    settling.end(&sent);
    sent
}

/// Answers who asked; logs what nobody asked for.
async fn answer(
    active: &ActiveRoute,
    queued: &QueuedMessage,
    handled: HandlerExit,
) -> Result<(), Fault> {
    handled.tell(&queued.span, None);
    let told = ErrorReply::of(&handled, active.telling);
    reply::report(&active.label, &handled, told.as_ref());
    if let Some(told) = &told {
        active.counters.told(told.description());
    }
    match &queued.incoming.reply {
        Some(to) if active.is_asked() && active.counters.refused.allows(&active.label, to) => {
            let span = &queued.incoming.span;
            reply::reply(&active.link, to.clone(), handled, told.as_ref(), span).await
        }
        // An event's reply subject is its publisher's, who waits for a stream's ack.
        _ => Ok(()),
    }
}

/// Counts a message that will not be handled; who asked is told.
pub(crate) async fn leave(active: &Arc<ActiveRoute>, incoming: &Incoming) {
    let ActiveRoute { counters, link, .. } = &**active;
    counters.left();
    let told = ErrorReply::of(&HandlerExit::Aborted, ErrorDetail::Reference);
    let none = HandlerSpan::default();
    if let Some(to) = &incoming.reply
        && active.is_asked()
        && counters.refused.allows(active.label(), to)
        && let Err(fault) =
            reply::reply(link, to.clone(), HandlerExit::Aborted, told.as_ref(), &none).await
    {
        tracing::warn!(route = active.label(), %fault, "an asker could not be told");
    }
}

/// Reports a fault of the feed: a message that can't be read, or that none come.
pub(crate) fn feed_fails(active: &Arc<ActiveRoute>, fault: Fault) {
    if let Fault::Unreadable(unreadable) = fault {
        return set_aside(active, *unreadable);
    }
    let (route, now) = (active.label(), active.link.transport.now());
    tracing::warn!(route, %fault, "a route's messages do not come");
    active.state.failing(RouteFault::Feed, now, fault.to_string());
}
