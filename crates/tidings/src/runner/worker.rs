//! One route's handler at work: bounded, guarded against panics, and ended when asked to.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use futures_util::FutureExt as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::lane::Lanes;
use super::{Runner, Tally, reply, settle};
use crate::context::Context;
use crate::envelope::DecodeError;
use crate::handler::Dispatch;
use crate::link::Link;
use crate::message::{Declaration, MessageKind, Outcome};
use crate::probe::{End, Listener, Listening, Underway, Work};
use crate::retry::Retry;
use crate::route::{Key, RouteSpec};
use crate::transport::{Incoming, Settlement};

/// What became of one message in a handler.
#[derive(Debug)]
pub(super) enum Handled {
    /// The handler returned.
    Returned(Outcome),
    /// The handler panicked, with this text.
    Panicked(String),
    /// The message never reached the handler.
    Undecodable(DecodeError),
    /// The handler was dropped: the shutdown's deadline passed.
    Aborted,
}

impl Handled {
    /// Says what came of a message, and how a stream's was settled.
    fn tell(&self, underway: &Underway, settlement: Option<&Settlement>) {
        match self {
            Self::Returned(outcome) => underway.tell(End::Returned(outcome, settlement)),
            Self::Panicked(text) => underway.tell(End::Panicked(text, settlement)),
            Self::Undecodable(error) => underway.tell(End::Undecodable(error)),
            Self::Aborted => {}
        }
    }
}

/// One route's handler; clones share it.
#[derive(Clone)]
pub(crate) struct Worker {
    shared: Arc<Shared>,
}

struct Shared {
    label: String,
    declarations: &'static [&'static Declaration],
    dispatch: Arc<dyn Dispatch>,
    retry: Retry,
    link: Link,
    permits: Arc<Semaphore>,
    key: Option<Key>,
    lanes: Lanes,
    tally: Arc<Tally>,
    tasks: TaskTracker,
    stop: CancellationToken,
    abort: CancellationToken,
}

impl Worker {
    pub(crate) fn new(route: &RouteSpec, link: Link, runner: &Runner) -> Self {
        Self {
            shared: Arc::new(Shared {
                label: route.label(),
                declarations: route.declarations,
                dispatch: Arc::clone(&route.dispatch),
                retry: route.retry.clone().unwrap_or_default(),
                link,
                permits: Arc::new(Semaphore::new(route.concurrency)),
                key: route.key.clone(),
                lanes: Lanes::default(),
                tally: Arc::default(),
                tasks: runner.tasks.clone(),
                stop: runner.stop.clone(),
                abort: runner.abort.clone(),
            }),
        }
    }

    pub(crate) fn tally(&self) -> Arc<Tally> {
        Arc::clone(&self.shared.tally)
    }

    pub(super) fn label(&self) -> &str {
        &self.shared.label
    }

    pub(super) fn link(&self) -> &Link {
        &self.shared.link
    }

    /// Tells a test's bus that the route listens, on the durable consumer of this stream and name
    /// or on core subscriptions.
    pub(super) fn listen(&self, durable: Option<(&'static str, &str)>) -> Listener {
        let Shared { label, declarations, link, .. } = &*self.shared;
        link.listen(Listening { route: label, declarations, durable })
    }

    /// Resolves when no new messages are to be taken.
    pub(super) async fn stopped(&self) {
        self.shared.stop.cancelled().await;
    }

    /// Resolves when handlers are to be dropped.
    pub(super) async fn aborted(&self) {
        self.shared.abort.cancelled().await;
    }

    /// Waits until one more message may be handled; `None` once handlers are to be dropped.
    pub(super) async fn permit(&self) -> Option<OwnedSemaphorePermit> {
        let permits = Arc::clone(&self.shared.permits);
        tokio::select! {
            biased;
            () = self.shared.abort.cancelled() => None,
            permit = permits.acquire_owned() => permit.ok(),
        }
    }

    /// Counts a message that will not be handled; who asked is told.
    pub(super) async fn leave(&self, incoming: Incoming) {
        self.shared.tally.left();
        if let Some(to) = incoming.reply
            && self.shared.is_asked()
            && let Err(fault) = reply::reply(&self.shared.link, to, Handled::Aborted).await
        {
            tracing::warn!(route = self.label(), %fault, "an asker could not be told");
        }
    }

    /// Handles a message in a task of its own; the permit is given back when it is settled.
    pub(super) fn handle(&self, incoming: Incoming, permit: OwnedSemaphorePermit) {
        let shared = Arc::clone(&self.shared);
        // Here messages still come one after the other: this is where their order is fixed.
        // A key that panics is none; the handler's own decoding will say so again.
        let key = shared
            .key
            .as_ref()
            .and_then(|key| catch_unwind(AssertUnwindSafe(|| key(&incoming))).ok().flatten());
        let turn = key.map(|key| shared.lanes.queue(key));
        let underway = shared.begin(&incoming);
        self.shared.tasks.spawn(async move {
            if let Some(turn) = turn {
                let end = turn.begin().await;
                shared.work(incoming, underway).await;
                shared.lanes.leave(end);
            } else {
                shared.work(incoming, underway).await;
            }
            drop(permit);
        });
    }
}

impl Shared {
    fn begin(&self, incoming: &Incoming) -> Underway {
        self.link.begin(Work::Handle { declarations: self.declarations, incoming })
    }

    /// Whether somebody waits for an answer.
    fn is_asked(&self) -> bool {
        self.declarations.iter().any(|declaration| declaration.kind == MessageKind::Request)
    }

    async fn work(&self, mut incoming: Incoming, mut underway: Underway) {
        self.handle(&incoming, &underway).await;
        // Never, but where a test says so.
        while underway.redelivers()
            && let Some(receipt) = &mut incoming.receipt
        {
            receipt.attempt += 1;
            underway = self.begin(&incoming);
            self.handle(&incoming, &underway).await;
        }
    }

    async fn handle(&self, incoming: &Incoming, underway: &Underway) {
        let begun = Instant::now();
        let handled = self.call(incoming, underway).await;
        self.tally.count(&handled, begun.elapsed());
        let sent = match (&incoming.settle, &incoming.reply) {
            (Some(settle), _) => {
                let settlement = settle::settlement(incoming, &handled, &self.retry);
                let settlement = underway.settlement(settlement);
                handled.tell(underway, Some(&settlement));
                settle.send(settlement).await
            }
            (None, reply) => {
                handled.tell(underway, None);
                reply::report(&self.label, &handled);
                match reply {
                    Some(to) if self.is_asked() => {
                        reply::reply(&self.link, to.clone(), handled).await
                    }
                    // An event's reply subject is its publisher's, who waits for a stream's ack.
                    _ => Ok(()),
                }
            }
        };
        if let Err(fault) = sent {
            let (route, subject) = (&self.label, incoming.subject.as_str());
            tracing::error!(route, subject, %fault, "a handled message could not be settled");
        }
    }

    async fn call(&self, incoming: &Incoming, underway: &Underway) -> Handled {
        let cx = Context::new(self.link.clone(), incoming, self.stop.clone());
        // Decoding runs the user's code too: a panic there is caught as well.
        let handled = AssertUnwindSafe(async {
            underway.hold().await;
            match self.dispatch.dispatch(incoming, cx) {
                Ok(outcome) => Handled::Returned(outcome.await),
                Err(error) => Handled::Undecodable(error),
            }
        })
        .catch_unwind();
        tokio::select! {
            biased;
            handled = handled => handled.unwrap_or_else(|panic| Handled::Panicked(text(&*panic))),
            () = self.abort.cancelled() => Handled::Aborted,
        }
    }
}

/// What a panic says.
fn text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without text".to_owned())
}
