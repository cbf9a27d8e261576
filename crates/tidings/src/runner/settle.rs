//! What is done about a message once its handler has ended: it is settled, kept, put aside or
//! answered.

pub(super) mod dead_letter;
pub(super) mod first_failure;
pub(super) mod give_back_note;
pub(super) mod handler_exit;
pub(super) mod message_set;
pub(super) mod policy;
pub(super) mod progress;
pub(super) mod reply;
pub(super) mod unreadable;

use std::sync::Arc;
use std::time::Duration;

use self::dead_letter::KEPT;
use self::give_back_note::GivenBack;
use self::handler_exit::Handled;
use self::policy::{Attempt, Fate, Why};
use self::reply::Told;
use super::execute::Shared;
use crate::context::Matter;
use crate::dead_letter::DeadLetterReason;
use crate::jitter::random_unit;
use crate::runner::execute::permit::Health;
use crate::runner::in_flight::backlog::Taken;
use crate::runner::in_flight::cumulative_ack::Cover;
use crate::transport::{Fault, Incoming, Receipt, Settle, Settlement};

/// How often the ack of a last attempt is sent, until the server says that it has it.
const LAST_ACKS: usize = 5;

/// What a message means for the handler, and the message itself where it is to wait here.
pub(crate) type Concluded = (Health, Option<(Taken, Duration)>);

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
        mut taken: Taken,
        handled: Handled,
        took: Duration,
    ) -> Concluded {
        let mut fate = self.fate(&taken, &handled);
        if let Some(Fate::Aside(DeadLetterReason::Attempts)) = fate
            && !matches!(handled, Handled::UsedUp)
            && let Some(receipt) = &taken.incoming.receipt
            && receipt.attempt > self.history.failures(receipt)
            && Box::pin(GivenBack::may_be(&self.link, receipt)).await
        {
            fate = Some(self.fate_here(receipt, &handled));
        }
        if let Some(fate) = &fate {
            self.tell_fate(&taken, &handled, fate);
        }
        self.tally.count(&handled, fate.as_ref(), took);
        let health = handled.health(fate.as_ref());
        let sent = match fate {
            Some(Fate::Later(delay)) => {
                handled.tell(&taken.underway, Some(&Settlement::Nak(Some(delay))));
                let underway = self.begin(&taken.incoming);
                // Its next run counts anew what it publishes.
                let incoming = Arc::new(taken.incoming.anew());
                return (health, Some((Taken { incoming, underway, ..taken }, delay)));
            }
            // Those behind it wait as long as it does.
            Some(Fate::Again(delay)) if self.acks_all && !matches!(handled, Handled::Aborted) => {
                handled.tell(&taken.underway, Some(&Settlement::Nak(Some(delay))));
                return (health, Some((self.once_more(taken), delay)));
            }
            // Another instance is to read in this one's place, and to begin with this message.
            Some(Fate::Back(delay)) if self.acks_all => {
                Box::pin(self.note_given_back(&taken)).await;
                handled.tell(&taken.underway, Some(&Settlement::Nak(Some(delay))));
                self.ledger.cover(Cover::make_way);
                let underway = self.begin(&taken.incoming);
                let incoming = Arc::new(taken.incoming.anew());
                return (health, Some((Taken { incoming, underway, ..taken }, delay)));
            }
            // Boxed, as what is rare is here: each task has room for all that may come.
            Some(Fate::Aside(reason)) => {
                let aside = Box::pin(self.put_aside(taken, handled, reason)).await;
                let Some((back, sent)) = aside else { return (health, None) };
                taken = back;
                sent
            }
            Some(fate) => self.settle(&mut taken, &handled, fate).await,
            None => self.answer(&taken, handled).await,
        };
        self.unsettled(&taken.incoming, sent);
        // Never, but where a test says so.
        if taken.underway.redelivers() && taken.incoming.receipt.is_some() {
            return (health, Some((self.once_more(taken), Duration::ZERO)));
        }
        (health, None)
    }

    /// The same message, as if it came again.
    fn once_more(&self, taken: Taken) -> Taken {
        let mut again = taken.incoming.anew();
        if let Some(receipt) = &mut again.renew().receipt {
            receipt.attempt += 1;
        }
        let incoming = Arc::new(again);
        let underway = self.begin(&incoming);
        Taken { incoming, underway, ..taken }
    }

    /// Settles a message where an ack covers all before it: what is done is acknowledged with
    /// others.
    pub(crate) async fn settle_in_order(
        &self,
        message: &Arc<Matter>,
        settle: &Settle,
        settlement: Settlement,
    ) -> Result<(), Fault> {
        if matches!(settlement, Settlement::Ack | Settlement::Term(_)) {
            return match self.ledger.cover(|cover| cover.handled(message)) {
                Some(due) => due.send(Settlement::Ack).await,
                None => Ok(()),
            };
        }
        if let Some(receipt) = &message.receipt {
            self.ledger.cover(|cover| cover.give_back(receipt.sequence));
        }
        settle.send(settlement).await
    }

    /// Acknowledges a message that is not handled: it is done.
    pub(crate) fn pass(self: &Arc<Self>, message: &Arc<Matter>) {
        if self.acks_all {
            return self.acknowledge_all(self.ledger.cover(|cover| cover.handled(message)));
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
    fn fate(&self, taken: &Taken, handled: &Handled) -> Option<Fate> {
        taken.incoming.settle.as_ref()?;
        let receipt = taken.incoming.receipt.as_ref();
        let number = receipt.map_or(1, |receipt| receipt.attempt);
        if let Handled::Undecodable(error) = handled
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
    fn fate_here(&self, receipt: &Receipt, handled: &Handled) -> Fate {
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
    pub(crate) async fn note_given_back(&self, taken: &Taken) {
        if let Some(receipt) = &taken.incoming.receipt {
            // What is not known here comes by a filter that may not be known here either.
            self.look.notify_one();
            self.given_back.note(&self.link, self.letters.as_deref(), receipt).await;
        }
    }

    fn tell_fate(&self, taken: &Taken, handled: &Handled, fate: &Fate) {
        let number = taken.incoming.receipt.as_ref().map_or(1, |receipt| receipt.attempt);
        let (route, subject) = (&self.label, taken.incoming.subject.as_str());
        let why = Why(handled);
        match fate {
            Fate::Ack => {}
            Fate::Back(delay) => {
                tracing::warn!(route, subject, delivery = number, ?delay, %why, "a message is not known here, and given back");
            }
            Fate::Later(delay) => {
                tracing::debug!(route, subject, ?delay, %why, "a message came too early");
            }
            Fate::Again(delay) => {
                tracing::warn!(route, subject, attempt = number, ?delay, %why, "a message is handled again");
            }
            Fate::Aside(reason) => {
                tracing::error!(route, subject, attempt = number, %reason, %why, "a message is given up");
            }
        }
    }

    /// Says what becomes of a stream's message that is not put aside.
    async fn settle(&self, taken: &mut Taken, handled: &Handled, fate: Fate) -> Result<(), Fault> {
        let settlement = match &fate {
            Fate::Ack => Settlement::Ack,
            Fate::Again(wait) => Settlement::Nak(Some(*wait).filter(|wait| !wait.is_zero())),
            Fate::Back(wait) => {
                Box::pin(self.note_given_back(taken)).await;
                Settlement::Nak(Some(*wait))
            }
            // It was not given back: it waits here, or in a task of its own.
            Fate::Later(_) | Fate::Aside(_) => Settlement::Progress,
        };
        if matches!(settlement, Settlement::Nak(_)) {
            self.account.owe(&taken.incoming);
        }
        // From here on the server is told no more that it is in good hands.
        taken.entry = None;
        let Taken { incoming, underway, .. } = &*taken;
        let Some(settle) = &incoming.settle else { return Ok(()) };
        // What was acked at its first attempt has no history: nobody is asked for it.
        if let Some(receipt) = &incoming.receipt
            && receipt.attempt > 1
            && !matches!(settlement, Settlement::Nak(_))
        {
            self.history.forget(receipt);
            self.account.settle(incoming);
        }
        let settlement = underway.settlement(settlement);
        handled.tell(underway, Some(&settlement));
        if self.acks_all {
            return self.settle_in_order(incoming, settle, settlement).await;
        }
        if settlement == Settlement::Ack && self.is_last_attempt(taken) {
            return Box::pin(self.acknowledge(incoming, settle)).await;
        }
        settle.send(settlement).await
    }

    /// Whether a message is not to be tried again after this delivery.
    pub(crate) fn is_last_attempt(&self, taken: &Taken) -> bool {
        let attempt = taken.incoming.receipt.as_ref().map_or(1, |receipt| receipt.attempt);
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
    async fn answer(&self, taken: &Taken, handled: Handled) -> Result<(), Fault> {
        handled.tell(&taken.underway, None);
        let told = Told::of(&handled, self.telling);
        reply::report(&self.label, &handled, told.as_ref());
        if let Some(told) = &told {
            self.tally.told(told.description());
        }
        match &taken.incoming.reply {
            Some(to) if self.is_asked() && self.tally.refused.allows(&self.label, to) => {
                reply::reply(&self.link, to.clone(), handled, told.as_ref()).await
            }
            // An event's reply subject is its publisher's, who waits for a stream's ack.
            _ => Ok(()),
        }
    }
}
