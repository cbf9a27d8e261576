//! Probes, which observe a bus and interfere with it. Only a test's bus has a probe; every other one pays a
//! look at an `Option`.
#![cfg_attr(
    not(feature = "testing"),
    expect(dead_code, reason = "only the recorder of a test reads what a probe is told")
)]

use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::task::coop;

use crate::message::{Declaration, Outcome};
use crate::publish_ack::PublishAck;
use crate::transport::{Incoming, Outgoing, Settlement, SettlementReason};

/// Told of all that happens on a bus, and asked whether it shall.
pub(crate) trait Probe: fmt::Debug + Send + Sync {
    /// Something begins; the number that this gives stands for it.
    fn begin(&self, work: Work<'_>) -> u64;

    /// Tells how some work ended. Nothing is told of what was dropped half-way.
    fn tell(&self, work: u64, end: End<'_>);

    /// Tells that some work is over.
    fn over(&self, work: u64);

    /// Returns `true` if something is to go wrong with this message: it is held back, its ack is lost, or it
    /// is delivered again.
    fn disturbs(&self, work: u64) -> bool;

    /// Returns `true` if this publish fails, and nothing of it is sent.
    fn fails(&self, declaration: &'static Declaration) -> bool;

    /// Returns `true` if the object that holds a payload of these is out of reach this time.
    fn hides_object(&self, declarations: &'static [&'static Declaration]) -> bool;

    /// Time that the message waits before its handler gets it.
    fn hold(&self, work: u64) -> Option<Duration>;

    /// Returns `true` if the ack of this message is lost.
    fn loses_ack(&self, work: u64) -> bool;

    /// Returns `true` if this message is delivered again, although it is acked.
    fn redelivers(&self, work: u64) -> bool;

    /// A route begins to listen, until [`Probe::gone`].
    fn listen(&self, listening: Listening<'_>) -> u64;

    /// The call that a listener is to answer once it has nothing to handle; the waker is woken at
    /// the next one.
    fn call(&self, listener: u64, waker: &Waker) -> u64;

    /// A listener had nothing to handle after this call.
    fn idle(&self, listener: u64, call: u64);

    /// A listener takes something to handle, or has handled it.
    fn takes(&self);

    /// A listener has ended.
    fn gone(&self, listener: u64);
}

/// Work that begins.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Work<'a> {
    Publish(&'static Declaration, &'a Outgoing),
    /// A record: which declaration it is of is not known where it is sent.
    Record(&'a Outgoing),
    Ask(&'static Declaration, &'a Outgoing),
    /// A message is here for the handler of a route that handles these.
    Handle {
        declarations: &'static [&'static Declaration],
        incoming: &'a Incoming,
    },
}

/// End of some work: what came of it.
#[derive(Clone, Copy)]
pub(crate) enum End<'a> {
    /// Sent; a stream's event was stored.
    Published(Option<&'a PublishAck>),
    /// Unpublished.
    NotPublished(&'a dyn fmt::Display),
    /// A reply came.
    Replied,
    /// No reply came, or an error.
    NotReplied(&'a dyn fmt::Display),
    /// A handler returned; a stream's message was settled in this way.
    Returned(&'a Outcome, Option<&'a Settlement>),
    /// A handler panicked.
    Panicked(&'a str, Option<&'a Settlement>),
    /// A handler did not end in time, or was not called any more.
    Failed(&'a dyn fmt::Display, Option<&'a Settlement>),
    /// A message could not be decoded.
    Undecodable(&'a dyn fmt::Display),
    /// A stream's message was put aside: the error, and the word for why it does not come again.
    PutAside(&'a dyn fmt::Display, &'a str),
}

/// A route, and what it listens on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Listening<'a> {
    pub(crate) route: &'a str,
    pub(crate) declarations: &'static [&'static Declaration],
    /// Stream and name of its durable consumer; `None` for core subscriptions.
    pub(crate) durable: Option<(&'static str, &'a str)>,
}

/// Something that has begun; it is over when this is dropped.
#[derive(Debug, Default)]
pub(crate) struct Span(Option<(Arc<dyn Probe>, u64)>);

impl Span {
    #[inline]
    pub(crate) fn begin(probe: Option<&Arc<dyn Probe>>, work: Work<'_>) -> Self {
        Self(probe.map(|probe| (Arc::clone(probe), probe.begin(work))))
    }

    /// Returns `true` if there is a probe.
    #[inline]
    pub(crate) fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// Returns `true` if a test wants something to go wrong with the message.
    #[inline]
    pub(crate) fn is_disturbed(&self) -> bool {
        self.0.as_ref().is_some_and(|(probe, work)| probe.disturbs(*work))
    }

    /// Tells how the work ended.
    #[inline]
    pub(crate) fn tell(&self, end: End<'_>) {
        if let Some((probe, work)) = &self.0 {
            probe.tell(*work, end);
        }
    }

    /// Waits as long as the probe holds the message back.
    pub(crate) async fn hold(&self) {
        if let Some((probe, work)) = &self.0
            && let Some(time) = probe.hold(*work)
        {
            tokio::time::sleep(time).await;
        }
    }

    /// The settlement, or what becomes of it where the probe loses it: the message comes again.
    pub(crate) fn settlement(&self, settlement: Settlement) -> Settlement {
        match &self.0 {
            Some((probe, work)) if settlement.is_ack() && probe.loses_ack(*work) => {
                Settlement::of(SettlementReason::AckLost)
            }
            _ => settlement,
        }
    }

    /// Returns `true` if the message is delivered once more, now that it is acked.
    pub(crate) fn redelivers(&self) -> bool {
        self.0.as_ref().is_some_and(|(probe, work)| probe.redelivers(*work))
    }
}

impl Drop for Span {
    #[inline]
    fn drop(&mut self) {
        if let Some((probe, work)) = &self.0 {
            probe.over(*work);
        }
    }
}

/// A route that listens, until it is dropped.
#[derive(Debug)]
pub(crate) struct Listener(Option<(Arc<dyn Probe>, u64)>);

impl Listener {
    pub(crate) fn begin(probe: Option<&Arc<dyn Probe>>, listening: Listening<'_>) -> Self {
        Self(probe.map(|probe| (Arc::clone(probe), probe.listen(listening))))
    }

    /// Looks for what comes next, and answers each call when there is nothing yet.
    #[inline]
    pub(crate) fn attend<T>(
        &self,
        cx: &mut Context<'_>,
        look: impl FnOnce(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        let asks = |(probe, listener): &(Arc<dyn Probe>, u64)| probe.call(*listener, cx.waker());
        // Read first: what is there when the call is made is seen by the look that follows.
        let call = self.0.as_ref().map(asks);
        let polled = look(cx);
        // Without budget the look has looked at nothing.
        if let (Some((probe, listener)), Some(call)) = (&self.0, call)
            && polled.is_pending()
            && coop::has_budget_remaining()
        {
            probe.idle(*listener, call);
        }
        polled
    }

    /// Waits until it is called after the call that it has answered; gives the call.
    pub(crate) async fn called(&self, answered: u64) -> u64 {
        poll_fn(|cx| match &self.0 {
            Some((probe, listener)) => match probe.call(*listener, cx.waker()) {
                call if call > answered => Poll::Ready(call),
                _ => Poll::Pending,
            },
            None => Poll::Pending,
        })
        .await
    }

    /// Answers a call: there was nothing to handle after it.
    pub(crate) fn answer(&self, call: u64) {
        if let Some((probe, listener)) = &self.0 {
            probe.idle(*listener, call);
        }
    }

    /// Takes something to handle that no work stands for, or has handled it.
    pub(crate) fn takes(&self) {
        if let Some((probe, _)) = &self.0 {
            probe.takes();
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Some((probe, listener)) = self.0.take() {
            probe.gone(listener);
        }
    }
}
