//! The scheduler of a route: takes messages while there is room, and begins them while they
//! may begin.

mod begin;
mod capacity;
mod circuit_breaker;
mod drain;
pub(super) mod message_feed;
mod prefetch;
mod rate_limit;
mod timer;

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::sync::mpsc;
use tokio::time::{Instant, Sleep};

use self::circuit_breaker::CircuitState;
use self::message_feed::{MessageBuffer, MessageFeed, StopReason};
pub(crate) use self::prefetch::PrefetchLimits;
use self::rate_limit::RateLimit;
use super::in_flight::InFlight;
use crate::context::HandledMessage;
use crate::probe::{Listener, Work};
use crate::route::{BatchRule, RouteSpec};
use crate::runner::active_route::ActiveRoute;
use crate::runner::execute::inline::InlineExecutor;
use crate::runner::execute::permit::Released;
use crate::runner::execute::stage::Stage;
use crate::runner::in_flight::cumulative_ack::AckWindow;
use crate::runner::in_flight::queued_message::QueuedMessage;
use crate::runner::policy::disposition::Health;
use crate::runner::settle::acknowledge::acknowledge_all;
use crate::runner::settle::acknowledge::pass;
use crate::runner::settle::feed_fails;
use crate::runner::status::route_state::RouteFault;
use crate::transport::Incoming;

/// Number of messages that are begun before other tasks have their turn.
const AT_ONCE: usize = 64;

/// Scheduler of a route's messages that are here.
#[expect(clippy::struct_excessive_bools, reason = "each is so or not, whatever the others are")]
pub(crate) struct Scheduler {
    pub(crate) route: Arc<ActiveRoute>,
    concurrency: usize,
    /// Size and wait of a batch, on a route of batches.
    batch: Option<BatchRule>,
    /// Maximum number of messages that are handled at a time, and of those that wait beside them.
    at_a_time: usize,
    prefetch: PrefetchLimits,
    pub(crate) in_flight: Arc<InFlight>,
    /// Allocation that the next message is written into.
    buffer: MessageBuffer,
    /// Executor of messages that need no task of their own.
    inline: InlineExecutor,
    /// Number of handlers that run in tasks, and of the messages that they have.
    pub(crate) running: usize,
    handled: usize,
    /// `true` if no more messages are to come.
    pub(crate) ends: bool,
    rate_limit: Option<RateLimit>,
    circuit: CircuitState,
    /// Instant until which nothing begins: the handler keeps failing.
    pub(crate) open: Option<Instant>,
    /// Ends of handlers that run in tasks, from the first one on: most routes never have any.
    released: Option<(mpsc::UnboundedSender<Released>, mpsc::UnboundedReceiver<Released>)>,
    /// `true` if anything came since it was asked last.
    delivered: bool,
    /// `true` if anything came in this turn.
    heard: bool,
    /// `true` if it is known that nothing is to be fetched ahead.
    crowded: bool,
    /// Timer of what is due next, and when that is.
    timer: Option<(Instant, Pin<Box<Sleep>>)>,
}

impl Scheduler {
    pub(crate) fn new(
        active: Arc<ActiveRoute>,
        route: &RouteSpec,
        prefetch: PrefetchLimits,
    ) -> Self {
        let in_flight = Arc::clone(&active.in_flight);
        let buffer = MessageBuffer::new(&active.route_context);
        Self {
            route: active,
            concurrency: route.concurrency,
            batch: route.batch_rule(),
            at_a_time: route.at_a_time(),
            prefetch,
            in_flight,
            buffer,
            inline: InlineExecutor::default(),
            running: 0,
            handled: 0,
            ends: false,
            rate_limit: route.rate.map(RateLimit::new),
            circuit: CircuitState::new(route.breaker.clone()),
            open: None,
            released: None,
            delivered: false,
            heard: false,
            crowded: false,
            timer: None,
        }
    }

    pub(crate) fn route(&self) -> &Arc<ActiveRoute> {
        &self.route
    }

    /// Begins anew where its task panicked: the message it was at comes again, what others handle
    /// goes on.
    pub(crate) fn recover(&mut self) {
        self.in_flight.end_inline();
        self.in_flight.detach();
        self.buffer = MessageBuffer::new(&self.route.route_context);
        self.inline = InlineExecutor::default();
        self.timer = None;
        self.ends = false;
    }

    /// Returns `true` if anything came since the last call.
    pub(crate) fn has_delivered(&mut self) -> bool {
        std::mem::take(&mut self.delivered)
    }

    /// Takes and handles messages until there is a reason not to.
    pub(crate) async fn run(&mut self, feed: &mut MessageFeed, listener: &Listener) -> StopReason {
        let (active, state) = (self.route.clone(), self.route.state());
        let mut stopped = pin!(active.stopped());
        let mut paused = pin!(state.is_paused(true));
        let reason = poll_fn(|cx| {
            // First: a feed that always has something must not keep them waiting.
            if stopped.as_mut().poll(cx).is_ready() {
                return Poll::Ready(StopReason::Stopped);
            }
            if paused.as_mut().poll(cx).is_ready() {
                return Poll::Ready(StopReason::Paused);
            }
            self.poll_turn(cx, Some((feed, listener)))
        });
        reason.await
    }

    /// Waits for something else, while what is here goes on.
    pub(crate) async fn run_until<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        poll_fn(|cx| match work.as_mut().poll(cx) {
            Poll::Ready(done) => Poll::Ready(done),
            Poll::Pending => {
                let _ = self.poll_turn(cx, None);
                Poll::Pending
            }
        })
        .await
    }

    /// Does all that can be done now: ends what was handled, takes what comes where there is room,
    /// begins what may begin. Whatever makes more of it possible wakes the task; `Ready` is why no
    /// more can come.
    pub(crate) fn poll_turn(
        &mut self,
        cx: &mut Context<'_>,
        source: Option<(&mut MessageFeed, &Listener)>,
    ) -> Poll<StopReason> {
        let polled = self.poll_steps(cx, source);
        if std::mem::take(&mut self.heard) {
            self.route.state.clear_fault(RouteFault::Feed);
        }
        // The last message's content is freed now, not when the next one comes.
        self.buffer.clear();
        self.inline.rest(&self.route);
        polled
    }

    fn poll_steps(
        &mut self,
        cx: &mut Context<'_>,
        mut source: Option<(&mut MessageFeed, &Listener)>,
    ) -> Poll<StopReason> {
        let mut left = AT_ONCE;
        #[cfg(test)]
        tests::count();
        // Whether what comes next may begin as it comes.
        let mut is_clear = false;
        loop {
            if !is_clear {
                if let Some(reason) = self.stop_reason(source.as_ref().map(|(feed, _)| &**feed)) {
                    return Poll::Ready(reason);
                }
                is_clear = self.begin(&mut left);
            }
            // What no stream keeps goes to other instances meanwhile; a stream's waits.
            if let (Some(until), Some((MessageFeed::Core(_), _))) = (self.open, &source)
                && !self.ends
            {
                return Poll::Ready(StopReason::Open(until));
            }
            if left == 0 {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            if self.poll_released(cx) {
                is_clear = false;
                continue;
            }
            if let Some((feed, listener)) = &mut source {
                let room = if is_clear { self.room_if_none_waits() } else { self.room() };
                if (room > 0 || feed.expects())
                    && let Some(slot) = self.buffer.next_slot()
                {
                    let state = &self.route.state;
                    match listener.attend(cx, |cx| feed.poll_next(cx, room, state, slot)) {
                        Poll::Ready(Some(Ok(()))) if is_clear => {
                            left -= 1;
                            is_clear = self.handle_now();
                            continue;
                        }
                        Poll::Ready(Some(next)) => {
                            match next {
                                Ok(()) => self.put(Arc::clone(self.buffer.message())),
                                Err(fault) => feed_fails(&self.route, fault),
                            }
                            is_clear = false;
                            continue;
                        }
                        Poll::Ready(None) => return Poll::Ready(StopReason::Dry),
                        Poll::Pending if self.route.acks_all => {
                            let holds = feed.is_judging();
                            self.in_flight.ack_window(|window| window.set_on_hold(holds));
                        }
                        Poll::Pending => {}
                    }
                }
            }
            #[cfg(test)]
            tests::count();
            if !self.poll_timer(cx, source.is_some()) {
                self.acknowledge();
                return Poll::Pending;
            }
            is_clear = false;
        }
    }

    /// Begins the message that has just come, since none waits, its route is well and nothing comes
    /// again that is settled. Says whether it is done, and nothing else has come meanwhile.
    #[inline]
    fn handle_now(&mut self) -> bool {
        (self.delivered, self.heard) = (true, true);
        let Self { route, inline, buffer, .. } = self;
        let message = buffer.message();
        if route.acks_all {
            route.in_flight.ack_window(|window| window.add(message));
        }
        let work = Work::Handle { declarations: route.declarations, incoming: message };
        let mut span = route.link.begin(work);
        let begun = if let Some(reason) = route.passed_over(message) {
            pass(route, message, reason);
            Ok((Health::Unknown, true))
        } else if inline.is_free(&span) {
            inline.handle(route, message, &mut span)
        } else {
            Err(Stage::Fresh)
        };
        match begun {
            Ok((Health::Well, alone)) => alone,
            Ok((health, alone)) => {
                self.apply_health(health);
                alone && self.open.is_none() && self.circuit.is_closed()
            }
            Err(stage) => {
                let queued = QueuedMessage::new(Arc::clone(message), span, None);
                self.continue_in_task(queued, stage)
            }
        }
    }

    /// Acknowledges what is handled, where that is done for many messages at once.
    pub(crate) fn acknowledge(&self) {
        let active = &self.route;
        if active.acks_all {
            acknowledge_all(active, self.in_flight.ack_window(AckWindow::due));
        }
    }

    /// Reason why no more is to be taken, for now, beside those of the circuit.
    #[inline]
    fn stop_reason(&mut self, source: Option<&MessageFeed>) -> Option<StopReason> {
        let feed = source?;
        if self.route.acks_all {
            if self.in_flight.ack_window(AckWindow::take_yield) {
                return Some(StopReason::Yielding);
            }
            if self.is_broken() {
                return Some(StopReason::Broken);
            }
        }
        if self.in_flight.is_crowded() != self.crowded {
            self.crowded = !self.crowded;
            return (self.crowded && feed.expects()).then_some(StopReason::Crowded);
        }
        None
    }

    /// Returns `true` if others have messages, so that none may be acknowledged for all before it.
    fn is_broken(&self) -> bool {
        self.in_flight.ack_window(|window| window.is_broken(Instant::now))
    }

    /// Returns `true` if a handler has ended in its task.
    #[inline]
    fn poll_released(&mut self, cx: &mut Context<'_>) -> bool {
        if self.running == 0 {
            return false;
        }
        match self.released.as_mut().map(|(_, released)| released.poll_recv(cx)) {
            Some(Poll::Ready(Some(released))) => {
                self.end(released);
                true
            }
            _ => false,
        }
    }

    /// A message that came, and waits.
    pub(crate) fn take(&mut self, incoming: Incoming) {
        self.put(self.route.message(incoming));
    }

    fn put(&mut self, message: Arc<HandledMessage>) {
        self.record_arrival();
        let queued = self.route.take(message);
        self.in_flight.push(queued);
    }

    /// Messages come.
    fn record_arrival(&mut self) {
        (self.delivered, self.heard) = (true, true);
    }
}

#[cfg(test)]
mod tests;
