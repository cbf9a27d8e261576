//! What can't be handled is put aside: its letter is stored in a task of its own, and where that
//! takes its time no handler's place is kept for it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::backoff::Backoff;
use crate::context::HandledMessage;
use crate::dead_letter::{self, Cause, DeadLetterReason};
use crate::probe::End;
use crate::runner::execute::Shared;
use crate::runner::in_flight::backlog::QueuedMessage;
use crate::runner::in_flight::cumulative_ack::AckWindow;
use crate::runner::policy::Why;
use crate::runner::policy::handler_exit::HandlerExit;
use crate::runner::status::route_state::RouteFault;
use crate::transport::{Fault, Incoming, Settlement};

/// The first and the longest wait before a dead letter that can't be stored is stored again.
pub(crate) const STORE_RETRY: Backoff =
    Backoff::new(Duration::from_millis(500), Duration::from_secs(30));
/// How long a message keeps its place while its letter is on its way.
const HELD: Duration = Duration::from_secs(2);
/// When a message comes again to which a letter refers, and which its stream would not keep once it
/// is settled.
pub(crate) const KEPT: Duration = Duration::from_secs(30 * 60);

/// A message that was put aside, and how its settlement was sent.
type PutAside = (QueuedMessage, Result<(), Fault>);

/// Says of a message that its letter is being stored, until it is dropped: if it comes again, nobody
/// else is to handle it.
struct Pending(Arc<Shared>, Arc<HandledMessage>);

impl Pending {
    fn new(shared: &Arc<Shared>, message: &Arc<HandledMessage>) -> Self {
        shared.pending.remember(message);
        shared.ack_floor.owe(message);
        Self(Arc::clone(shared), Arc::clone(message))
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        let Self(shared, message) = self;
        shared.pending.forget(message);
    }
}

/// Counts among what is given up and has no letter yet, until it is dropped.
pub(crate) struct UnstoredCount(Arc<Shared>);

impl UnstoredCount {
    /// A letter can't be stored, for this reason.
    pub(crate) fn new(shared: &Arc<Shared>, error: String) -> Self {
        let mut count = shared.counters.unstored();
        *count += 1;
        shared.state.failing(RouteFault::Letters, shared.link.transport.now(), error);
        Self(Arc::clone(shared))
    }

    /// Refused again, for this reason.
    pub(crate) fn goes_on(&self, error: String) {
        let Self(shared) = self;
        shared.state.failing(RouteFault::Letters, shared.link.transport.now(), error);
    }
}

impl Drop for UnstoredCount {
    fn drop(&mut self) {
        let Self(shared) = self;
        let mut count = shared.counters.unstored();
        *count = count.saturating_sub(1);
        if *count == 0 {
            shared.state.well(RouteFault::Letters);
        }
    }
}

impl Shared {
    /// Stores a message as a dead letter and settles it; `None` where that takes its time: it goes on
    /// without a place then, until the shutdown's deadline.
    pub(crate) async fn put_aside(
        self: &Arc<Self>,
        queued: QueuedMessage,
        handled: HandlerExit,
        reason: DeadLetterReason,
    ) -> Option<PutAside> {
        let (tell, told) = oneshot::channel();
        // Where others wait for their letters this one is not waited for.
        let tell = (*self.counters.unstored() == 0).then_some(tell);
        let (shared, pending) = (Arc::clone(self), Pending::new(self, &queued.incoming));
        self.spawn(async move { shared.aside(queued, &handled, reason, tell, pending).await });
        timeout(HELD, told).await.ok()?.ok()
    }

    /// Notes the outcome, and wakes whoever waits for it.
    async fn aside(
        self: &Arc<Self>,
        mut queued: QueuedMessage,
        handled: &HandlerExit,
        reason: DeadLetterReason,
        mut tell: Option<oneshot::Sender<PutAside>>,
        pending: Pending,
    ) {
        let why = Why(handled).to_string();
        // From here on the task itself tells the server that it is in good hands.
        queued.in_flight = None;
        let stored = tokio::select! {
            biased;
            stored = self.store(&queued.incoming, reason.clone(), why.clone(), &mut tell) => Some(stored),
            () = self.abort.cancelled() => None,
            never = self.progress.report(queued.incoming.settle.as_ref()) => match never {},
        };
        drop(pending);
        let sent = match stored {
            Some(true) => self.let_go(&queued, handled, &reason, Settlement::term(&why)).await,
            // The letter refers to it: its stream would let go of what is settled.
            Some(false) => {
                self.kept.remember(&queued.incoming);
                self.keep(&queued, Some(KEPT)).await
            }
            None => self.keep(&queued, None).await,
        };
        let untold = match tell {
            Some(tell) => tell.send((queued, sent)).err(),
            None => Some((queued, sent)),
        };
        if let Some((queued, sent)) = untold {
            self.unsettled(&queued.incoming, sent);
            // No intake turns for it any more.
            if self.acks_all {
                self.acknowledge_all(self.in_flight.ack_window(AckWindow::due));
            }
        }
    }

    /// Settles a message that has its letter.
    async fn let_go(
        &self,
        queued: &QueuedMessage,
        handled: &HandlerExit,
        reason: &DeadLetterReason,
        settlement: Settlement,
    ) -> Result<(), Fault> {
        let QueuedMessage { incoming, underway, .. } = queued;
        let Some(settle) = &incoming.settle else { return Ok(()) };
        if let Some(receipt) = &incoming.receipt {
            self.history.forget(receipt);
        }
        self.ack_floor.settle(incoming);
        let settlement = underway.settlement(settlement);
        match handled {
            HandlerExit::Undecodable(_) => handled.tell(underway, Some(&settlement)),
            _ => underway.tell(End::PutAside(&Why(handled), reason.as_str())),
        }
        if self.acks_all {
            return self.settle_in_order(incoming, settle, settlement).await;
        }
        if settlement == Settlement::Ack && self.is_last_attempt(queued) {
            return Box::pin(self.acknowledge(incoming, settle)).await;
        }
        settle.send(settlement).await
    }

    /// Leaves a message where it is.
    async fn keep(&self, queued: &QueuedMessage, wait: Option<Duration>) -> Result<(), Fault> {
        let incoming = &queued.incoming;
        let Some(settle) = &incoming.settle else { return Ok(()) };
        if self.acks_all {
            return self.settle_in_order(incoming, settle, Settlement::Nak(wait)).await;
        }
        settle.send(Settlement::Nak(wait)).await
    }

    /// Stores the letter, however long that takes, and says whether the message may be settled then.
    async fn store(
        self: &Arc<Self>,
        message: &Incoming,
        reason: DeadLetterReason,
        error: String,
        tell: &mut Option<oneshot::Sender<PutAside>>,
    ) -> bool {
        let Some(letters) = &self.letters else {
            self.counters.put_aside();
            return true;
        };
        let receipt = message.receipt.as_ref();
        let now = self.link.transport.now();
        let first = receipt.map(|receipt| self.history.first_failure(receipt, now));
        let attempts = self.policy.attempts_of(receipt.map_or(1, |receipt| receipt.attempt));
        let cause = Cause { reason, error, attempts, first_failed_at: first, last_failed_at: now };
        let (mut waits, mut unstored) = (STORE_RETRY.waits(), None);
        loop {
            let fault = match self.store_letter(letters, message, &cause).await {
                Ok(may_go) => {
                    self.counters.put_aside();
                    // The others need not wait any longer to be tried again.
                    self.stored.notify_waiters();
                    return may_go;
                }
                Err(fault) => fault,
            };
            let error = format!("dead letter in `{letters}`: {fault}");
            tracing::error!(route = self.label, error, "a dead letter can't be stored");
            match &unstored {
                None => unstored = Some(UnstoredCount::new(self, error)),
                Some(unstored) => UnstoredCount::goes_on(unstored, error),
            }
            // Its place is free from now on.
            *tell = None;
            let _ = timeout(waits.lengthen(), self.stored.notified()).await;
        }
    }

    /// Stores a letter, once, and says whether its original may be settled.
    async fn store_letter(
        &self,
        letters: &str,
        message: &Incoming,
        cause: &Cause,
    ) -> Result<bool, Fault> {
        let stored = dead_letter::store(&self.link, letters, message, cause).await?;
        match &message.receipt {
            Some(receipt) => dead_letter::may_go(&self.link, stored, &receipt.stream).await,
            None => Ok(true),
        }
    }
}
