//! Deliveries of a consumer, without what is for another one only and without what is no event.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use crate::header::Headers;
use crate::transport::waiting::{Passing, Waiting};
use crate::transport::{
    Fault, Incoming, IncomingHeaders, PollInto, Receipt, Settle, Settlement, SettlementReason,
    SkipCounters, Transport, WarrantVerifier,
};

/// A message that says that it was put back, and what finds out whether a redrive says so too: its
/// headers then.
struct Judging {
    incoming: Incoming,
    verdict: Pin<Box<dyn Future<Output = Option<Headers>> + Send>>,
}

/// A flow of messages, in which each one that was put back for another consumer only, and each one
/// that the server wrote itself, is acknowledged and passed over, and counted. So is one that waits
/// until it is due, but where an ack would cancel it: there it is given back until then. What the
/// headers of the others say of a redrive is known to be true, or is not looked at.
pub(crate) struct DeliveryFilter<S> {
    pub(super) flow: S,
    pub(super) skip_counters: SkipCounters,
    passing: Option<Passing>,
    /// `true` if it leaves even those to whoever takes the messages: an ack of one would be an ack
    /// of all before it.
    all: bool,
    waiting: Waiting,
    verifier: WarrantVerifier,
    judging: Option<Box<Judging>>,
}

impl<S> DeliveryFilter<S> {
    pub(super) fn new(flow: S, all: bool, of: &Transport) -> Self {
        Self {
            flow,
            skip_counters: SkipCounters::default(),
            passing: None,
            all,
            waiting: Waiting::new(of),
            verifier: WarrantVerifier::new(of),
            judging: None,
        }
    }

    pub(super) fn is_judging(&self) -> bool {
        self.judging.is_some()
    }

    /// Ends it: the flow, and what is still to be done about what comes of that.
    pub(super) fn end(self) -> (S, Rest) {
        let Self { flow, skip_counters, all, verifier, judging, .. } = self;
        let judged = judging.map(|judging| judging.incoming);
        (flow, Rest { skip_counters, all, verifier, judged })
    }
}

/// Work that is left about messages of a flow that has ended.
pub(super) struct Rest {
    skip_counters: SkipCounters,
    all: bool,
    verifier: WarrantVerifier,
    judged: Option<Incoming>,
}

impl Rest {
    /// Keeps those that somebody is to take.
    pub(super) async fn of(self, left: Vec<Incoming>) -> Vec<Incoming> {
        let Self { skip_counters, all, verifier, judged } = self;
        let mut taken = Vec::with_capacity(left.len());
        for mut incoming in judged.into_iter().chain(left) {
            if incoming.headers.claims() {
                let verdict = verdict(&verifier, &incoming).await;
                judge(&mut incoming, verdict, &skip_counters);
            }
            match &incoming.settle {
                Some(settle) if !all && is_for_another(&incoming) => {
                    skip_counters.count_skipped(incoming.subject.as_str());
                    let passed = Settlement::of(SettlementReason::ForAnother);
                    if let Err(fault) = settle.send(passed).await {
                        tracing::warn!(%fault, "a message that is passed over comes again");
                    }
                }
                _ => taken.push(incoming),
            }
        }
        taken
    }
}

/// Finds out whether a redrive has signed a message: its headers then.
fn verdict(
    verifier: &WarrantVerifier,
    incoming: &Incoming,
) -> impl Future<Output = Option<Headers>> + Send + use<> {
    let (verifier, subject) = (verifier.clone(), incoming.subject.clone());
    let (headers, payload) = (Headers::clone(&incoming.headers), incoming.payload.clone());
    async move { verifier.verifies(subject.as_str(), &headers, &payload).await.then_some(headers) }
}

/// Believes what the headers say, or counts that they are not believed.
fn judge(incoming: &mut Incoming, verdict: Option<Headers>, skip_counters: &SkipCounters) {
    match verdict {
        Some(headers) => incoming.headers = IncomingHeaders::Warranted(Box::new(headers)),
        None => skip_counters.count_unwarranted(incoming.subject.as_str()),
    }
}

fn is_for_another(message: &Incoming) -> bool {
    let Incoming { headers, receipt, .. } = message;
    let is = |receipt: &Receipt| headers.is_for_another(&receipt.stream, &receipt.consumer);
    receipt.as_ref().is_some_and(is)
}

impl<S: PollInto> PollInto for DeliveryFilter<S> {
    #[inline]
    fn poll_into(
        &mut self,
        cx: &mut Context<'_>,
        into: &mut Incoming,
    ) -> Poll<Option<Result<(), Fault>>> {
        loop {
            if let Some(passing) = &mut self.passing {
                let passed = ready!(passing.as_mut().poll(cx));
                self.passing = None;
                if let Err(fault) = passed {
                    tracing::warn!(%fault, "a message that is passed over comes again");
                }
            }
            if self.judging.is_some() {
                ready!(self.poll_verdict(cx, into));
            } else {
                let next = ready!(self.flow.poll_into(cx, into));
                if !matches!(next, Some(Ok(()))) {
                    return Poll::Ready(next);
                }
                if is_no_event(into) {
                    match &into.settle {
                        // In a replay nothing is acknowledged.
                        None => continue,
                        Some(_) if self.all => {}
                        Some(_) if into.waits() => {
                            self.skip_counters.count_skipped(into.subject.as_str());
                            self.passing = self.waiting.leave(into);
                            continue;
                        }
                        Some(settle) => {
                            self.skip_counters.count_skipped(into.subject.as_str());
                            self.passing = Some(pass(settle, SettlementReason::NoEvent));
                            continue;
                        }
                    }
                }
                if into.headers.claims() {
                    self.begin_to_judge(into);
                    continue;
                }
                return Poll::Ready(Some(Ok(())));
            }
            match &into.settle {
                Some(settle) if !self.all && is_for_another(into) => {
                    self.skip_counters.count_skipped(into.subject.as_str());
                    self.passing = Some(pass(settle, SettlementReason::ForAnother));
                }
                _ => return Poll::Ready(Some(Ok(()))),
            }
        }
    }
}

impl<S> DeliveryFilter<S> {
    #[cold]
    fn begin_to_judge(&mut self, into: &mut Incoming) {
        let incoming = std::mem::take(into);
        let verdict = Box::pin(verdict(&self.verifier, &incoming));
        self.judging = Some(Box::new(Judging { incoming, verdict }));
    }

    /// The message that was judged, written in the place of `into`.
    #[cold]
    fn poll_verdict(&mut self, cx: &mut Context<'_>, into: &mut Incoming) -> Poll<()> {
        let Some(judging) = &mut self.judging else { return Poll::Ready(()) };
        let verdict = ready!(judging.verdict.as_mut().poll(cx));
        *into = std::mem::take(&mut judging.incoming);
        self.judging = None;
        judge(into, verdict, &self.skip_counters);
        Poll::Ready(())
    }
}

fn pass(settle: &Settle, reason: SettlementReason<'_>) -> Passing {
    let (settle, settlement) = (settle.clone(), Settlement::of(reason));
    Box::pin(async move { settle.send(settlement).await })
}

/// Returns `true` if a message is no event; where it is none, that is logged.
#[inline]
pub(super) fn is_no_event(message: &Incoming) -> bool {
    let is_no_event = message.is_no_event();
    if is_no_event {
        let subject = message.subject.as_str();
        tracing::debug!(
            subject,
            "a server's marker, or what waits until it is due, is passed over"
        );
    }
    is_no_event
}

impl<S: fmt::Debug> fmt::Debug for DeliveryFilter<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.flow.fmt(f)
    }
}

#[cfg(test)]
mod tests;
