//! What is done about a message once its handler has ended: it is settled, kept, put aside or
//! answered.

pub(super) mod dead_letter;
pub(super) mod reply;
pub(super) mod unreadable;

use std::sync::Arc;
use std::time::Duration;

use self::dead_letter::KEPT;
use self::reply::ErrorReply;
use super::execute::Shared;
use crate::context::HandledMessage;
use crate::dead_letter::DeadLetterReason;
use crate::jitter::random_unit;
use crate::runner::execute::permit::Health;
use crate::runner::in_flight::backlog::QueuedMessage;
use crate::runner::in_flight::cumulative_ack::AckWindow;
use crate::runner::policy::give_back_note::GiveBackNote;
use crate::runner::policy::handler_exit::HandlerExit;
use crate::runner::policy::{Attempt, Disposition, Why};
use crate::transport::{Fault, Incoming, Receipt, Settle, Settlement};

/// How often the ack of a last attempt is sent, until the server says that it has it.
const LAST_ACKS: usize = 5;

/// What a message means for the handler, and the message itself where it is to wait here.
pub(crate) type Settled = (Health, Option<(QueuedMessage, Duration)>);

impl Shared {
    /// Whether a message that was handled, and that nobody watches, has nothing to be done about it
    /// but an ack.
    #[inline]
    pub(crate) fn is_plain(&self, message: &Incoming) -> bool {
        let Incoming { settle, receipt, reply, .. } = message;
        let is_first = receipt.as_ref().is_none_or(|receipt| receipt.attempt <= 1);
        is_first && !self.confirms && (settle.is_some() || reply.is_none() || !self.is_asked())
    }

    /// Settles or answers a message that was handled in this way, or gives it back with the time
    /// that it is to wait here; says what it means for the handler.
    pub(crate) async fn conclude(
        self: &Arc<Self>,
        mut queued: QueuedMessage,
        handled: HandlerExit,
        took: Duration,
    ) -> Settled {
        let mut disposition = self.disposition(&queued, &handled);
        if let Some(Disposition::DeadLetter(DeadLetterReason::Attempts)) = disposition
            && !matches!(handled, HandlerExit::UsedUp)
            && let Some(receipt) = &queued.incoming.receipt
            && receipt.attempt > self.history.failures(receipt)
            && Box::pin(GiveBackNote::may_be(&self.link, receipt)).await
        {
            disposition = Some(self.disposition_by_history(receipt, &handled));
        }
        if let Some(disposition) = &disposition {
            self.log_disposition(&queued, &handled, disposition);
        }
        self.counters.count(&handled, disposition.as_ref(), took);
        let health = handled.health(disposition.as_ref());
        let sent = match disposition {
            Some(Disposition::Defer(delay)) => {
                handled.tell(&queued.underway, Some(&Settlement::Nak(Some(delay))));
                let underway = self.begin(&queued.incoming);
                // Its next run counts anew what it publishes.
                let incoming = Arc::new(queued.incoming.anew());
                return (health, Some((QueuedMessage { incoming, underway, ..queued }, delay)));
            }
            // Those behind it wait as long as it does.
            Some(Disposition::Retry(delay))
                if self.acks_all && !matches!(handled, HandlerExit::Aborted) =>
            {
                handled.tell(&queued.underway, Some(&Settlement::Nak(Some(delay))));
                return (health, Some((self.once_more(queued), delay)));
            }
            // Another instance is to read in this one's place, and to begin with this message.
            Some(Disposition::GiveBack(delay)) if self.acks_all => {
                Box::pin(self.note_given_back(&queued)).await;
                handled.tell(&queued.underway, Some(&Settlement::Nak(Some(delay))));
                self.in_flight.ack_window(AckWindow::make_way);
                let underway = self.begin(&queued.incoming);
                let incoming = Arc::new(queued.incoming.anew());
                return (health, Some((QueuedMessage { incoming, underway, ..queued }, delay)));
            }
            // Boxed, as what is rare is here: each task has room for all that may come.
            Some(Disposition::DeadLetter(reason)) => {
                let aside = Box::pin(self.put_aside(queued, handled, reason)).await;
                let Some((back, sent)) = aside else { return (health, None) };
                queued = back;
                sent
            }
            Some(disposition) => self.settle(&mut queued, &handled, disposition).await,
            None => self.answer(&queued, handled).await,
        };
        self.unsettled(&queued.incoming, sent);
        // Never, but where a test says so.
        if queued.underway.redelivers() && queued.incoming.receipt.is_some() {
            return (health, Some((self.once_more(queued), Duration::ZERO)));
        }
        (health, None)
    }

    /// The same message, as if it came again.
    fn once_more(&self, queued: QueuedMessage) -> QueuedMessage {
        let mut again = queued.incoming.anew();
        if let Some(receipt) = &mut again.renew().receipt {
            receipt.attempt += 1;
        }
        let incoming = Arc::new(again);
        let underway = self.begin(&incoming);
        QueuedMessage { incoming, underway, ..queued }
    }

    /// Settles a message where an ack covers all before it: what is done is acknowledged with
    /// others.
    pub(crate) async fn settle_in_order(
        &self,
        message: &Arc<HandledMessage>,
        settle: &Settle,
        settlement: Settlement,
    ) -> Result<(), Fault> {
        if matches!(settlement, Settlement::Ack | Settlement::Term(_)) {
            return match self.in_flight.ack_window(|window| window.handled(message)) {
                Some(due) => due.send(Settlement::Ack).await,
                None => Ok(()),
            };
        }
        if let Some(receipt) = &message.receipt {
            self.in_flight.ack_window(|window| window.give_back(receipt.sequence));
        }
        settle.send(settlement).await
    }

    /// Acknowledges a message that is not handled: it is done.
    pub(crate) fn pass(self: &Arc<Self>, message: &Arc<HandledMessage>) {
        if self.acks_all {
            return self
                .acknowledge_all(self.in_flight.ack_window(|window| window.handled(message)));
        }
        self.acknowledge_all(message.settle.clone());
    }

    /// Sends the ack of many messages, without waiting for it.
    pub(crate) fn acknowledge_all(self: &Arc<Self>, due: Option<Settle>) {
        let Some(due) = due else { return };
        if let Some(sent) = due.ack_at_once() {
            return self.not_acknowledged(sent);
        }
        let shared = Arc::clone(self);
        self.spawn(async move {
            let sent = due.send(Settlement::Ack).await;
            shared.not_acknowledged(sent);
        });
    }

    pub(crate) fn not_acknowledged(&self, sent: Result<(), Fault>) {
        if let Err(fault) = sent {
            let route = &self.label;
            tracing::error!(route, %fault, "handled messages could not be acknowledged");
        }
    }

    /// Says so, if a message could not be settled.
    pub(crate) fn unsettled(&self, message: &Incoming, sent: Result<(), Fault>) {
        if let Err(fault) = sent {
            let (route, subject) = (&self.label, message.subject.as_str());
            tracing::error!(route, subject, %fault, "a handled message could not be settled");
        }
    }

    /// What becomes of a stream's message; `None` for one that is not settled.
    fn disposition(&self, queued: &QueuedMessage, handled: &HandlerExit) -> Option<Disposition> {
        queued.incoming.settle.as_ref()?;
        let receipt = queued.incoming.receipt.as_ref();
        let number = receipt.map_or(1, |receipt| receipt.attempt);
        if let HandlerExit::Undecodable(error) = handled
            && error.is_of_another()
        {
            return Some(self.policy.unknown(number, random_unit()));
        }
        Some(self.policy.decide(handled, || {
            let now = self.link.transport.now();
            let first = receipt.map_or(now, |receipt| self.history.failed(receipt, now).0);
            let since_first = now.duration_since(first).unwrap_or_default();
            Attempt { number, since_first, chance: random_unit() }
        }))
    }

    /// The same by what failed here, where other deliveries may have been no attempts.
    fn disposition_by_history(&self, receipt: &Receipt, handled: &HandlerExit) -> Disposition {
        self.policy.decide(handled, || {
            let now = self.link.transport.now();
            let since_first = now.duration_since(self.history.first_failure(receipt, now));
            Attempt {
                number: self.history.failures(receipt),
                since_first: since_first.unwrap_or_default(),
                chance: random_unit(),
            }
        })
    }

    /// Lets all instances know that a message is given back that was not tried.
    pub(crate) async fn note_given_back(&self, queued: &QueuedMessage) {
        if let Some(receipt) = &queued.incoming.receipt {
            // What is not known here comes by a filter that may not be known here either.
            self.look.notify_one();
            self.given_back.note(&self.link, self.letters.as_deref(), receipt).await;
        }
    }

    fn log_disposition(
        &self,
        queued: &QueuedMessage,
        handled: &HandlerExit,
        disposition: &Disposition,
    ) {
        let number = queued.incoming.receipt.as_ref().map_or(1, |receipt| receipt.attempt);
        let (route, subject) = (&self.label, queued.incoming.subject.as_str());
        let why = Why(handled);
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

    /// Says what becomes of a stream's message that is not put aside.
    async fn settle(
        &self,
        queued: &mut QueuedMessage,
        handled: &HandlerExit,
        disposition: Disposition,
    ) -> Result<(), Fault> {
        let settlement = match &disposition {
            Disposition::Ack => Settlement::Ack,
            Disposition::Retry(wait) => Settlement::Nak(Some(*wait).filter(|wait| !wait.is_zero())),
            Disposition::GiveBack(wait) => {
                Box::pin(self.note_given_back(queued)).await;
                Settlement::Nak(Some(*wait))
            }
            // It was not given back: it waits here, or in a task of its own.
            Disposition::Defer(_) | Disposition::DeadLetter(_) => Settlement::Progress,
        };
        if matches!(settlement, Settlement::Nak(_)) {
            self.ack_floor.owe(&queued.incoming);
        }
        // From here on the server is told no more that it is in good hands.
        queued.in_flight = None;
        let QueuedMessage { incoming, underway, .. } = &*queued;
        let Some(settle) = &incoming.settle else { return Ok(()) };
        // What was acked at its first attempt has no history: nobody is asked for it.
        if let Some(receipt) = &incoming.receipt
            && receipt.attempt > 1
            && !matches!(settlement, Settlement::Nak(_))
        {
            self.history.forget(receipt);
            self.ack_floor.settle(incoming);
        }
        let settlement = underway.settlement(settlement);
        handled.tell(underway, Some(&settlement));
        if self.acks_all {
            return self.settle_in_order(incoming, settle, settlement).await;
        }
        if settlement == Settlement::Ack && self.is_last_attempt(queued) {
            return Box::pin(self.acknowledge(incoming, settle)).await;
        }
        settle.send(settlement).await
    }

    /// Whether a message is not to be tried again after this delivery.
    pub(crate) fn is_last_attempt(&self, queued: &QueuedMessage) -> bool {
        let attempt = queued.incoming.receipt.as_ref().map_or(1, |receipt| receipt.attempt);
        self.policy.is_used_up(attempt.saturating_add(1))
    }

    /// Acks until the server has it: an ack that is lost would make a dead letter of a message that
    /// was handled, since nobody may handle it again. If the server never says that it has it, the
    /// message is remembered here, and acknowledged once more when it comes again.
    pub(crate) async fn acknowledge(
        &self,
        message: &Incoming,
        settle: &Settle,
    ) -> Result<(), Fault> {
        let mut acked = Ok(());
        for _ in 0..LAST_ACKS {
            acked = settle.confirm(Settlement::Ack, self.link.patience.ack).await;
            if acked.is_ok() {
                self.done.forget(message);
                return acked;
            }
            self.done.remember(message);
        }
        acked
    }

    /// Whether a message has come again that is given up: its letter is on its way, or refers to it.
    pub(crate) fn is_kept(&self, message: &Incoming) -> bool {
        let comes_again = message.receipt.as_ref().is_some_and(|receipt| receipt.attempt > 1);
        comes_again && (self.kept.knows(message) || self.pending.knows(message))
    }

    /// Settles a message as before that has come again and that this route is done with; `false` if
    /// it is not.
    pub(crate) async fn is_done(&self, message: &Incoming) -> bool {
        let Some(settle) = &message.settle else { return false };
        // Whoever stores its letter settles it.
        if self.pending.knows(message) {
            return true;
        }
        if self.is_kept(message) {
            let sent = settle.send(Settlement::Nak(Some(KEPT))).await;
            self.unsettled(message, sent);
            return true;
        }
        if !self.done.knows(message) {
            return false;
        }
        let acked = Box::pin(self.acknowledge(message, settle)).await;
        self.unsettled(message, acked);
        true
    }

    /// Answers who asked; logs what nobody asked for.
    async fn answer(&self, queued: &QueuedMessage, handled: HandlerExit) -> Result<(), Fault> {
        handled.tell(&queued.underway, None);
        let told = ErrorReply::of(&handled, self.telling);
        reply::report(&self.label, &handled, told.as_ref());
        if let Some(told) = &told {
            self.counters.told(told.description());
        }
        match &queued.incoming.reply {
            Some(to) if self.is_asked() && self.counters.refused.allows(&self.label, to) => {
                reply::reply(&self.link, to.clone(), handled, told.as_ref()).await
            }
            // An event's reply subject is its publisher's, who waits for a stream's ack.
            _ => Ok(()),
        }
    }
}
