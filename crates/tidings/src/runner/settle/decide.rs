//! Asking the policy what becomes of a stream's message, and logging what it says.

use crate::jitter::random_unit;
use crate::runner::active_route::ActiveRoute;
use crate::runner::in_flight::queued_message::QueuedMessage;
use crate::runner::policy::Attempt;
use crate::runner::policy::disposition::Disposition;
use crate::runner::policy::handler_exit::HandlerExit;
use crate::transport::Receipt;

/// Asks the policy about a stream's message; `None` for one that is not settled.
pub(super) fn disposition(
    active: &ActiveRoute,
    queued: &QueuedMessage,
    handled: &HandlerExit,
) -> Option<Disposition> {
    queued.incoming.settle.as_ref()?;
    let receipt = queued.incoming.receipt.as_ref();
    let number = receipt.map_or(1, |receipt| receipt.attempt);
    if let HandlerExit::Undecodable(error) = handled
        && error.is_of_another()
    {
        return Some(active.policy.unknown(number, random_unit()));
    }
    Some(active.policy.decide(handled, || {
        let now = active.link.transport.now();
        let first = receipt.map_or(now, |receipt| active.history.failed(receipt, now).0);
        let since_first = now.duration_since(first).unwrap_or_default();
        Attempt { number, since_first, chance: random_unit() }
    }))
}

/// Asks the policy by what failed here, where other deliveries may have been no attempts.
pub(super) fn disposition_by_history(
    active: &ActiveRoute,
    receipt: &Receipt,
    handled: &HandlerExit,
) -> Disposition {
    active.policy.decide(handled, || {
        let now = active.link.transport.now();
        let since_first = now.duration_since(active.history.first_failure(receipt, now));
        Attempt {
            number: active.history.failures(receipt),
            since_first: since_first.unwrap_or_default(),
            chance: random_unit(),
        }
    })
}

pub(super) fn log_disposition(
    active: &ActiveRoute,
    queued: &QueuedMessage,
    handled: &HandlerExit,
    disposition: &Disposition,
) {
    let number = queued.incoming.receipt.as_ref().map_or(1, |receipt| receipt.attempt);
    let (route, subject) = (&active.label, queued.incoming.subject.as_str());
    let why = handled;
    match disposition {
        Disposition::Ack => {}
        Disposition::GiveBack(delay) => {
            tracing::warn!(route, subject, delivery = number, ?delay, %why, "a message is not known here, and given back");
        }
        Disposition::Defer(delay) => {
            tracing::debug!(route, subject, ?delay, %why, "a message came too early");
        }
        Disposition::Retry(delay) => {
            tracing::warn!(route, subject, attempt = number, ?delay, %why, "a message is handled again");
        }
        Disposition::DeadLetter(reason) => {
            tracing::error!(route, subject, attempt = number, %reason, %why, "a message is given up");
        }
    }
}
