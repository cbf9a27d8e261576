//! Telling a handler what becomes of a bucket: one after the other, each until it is handled or given up.

use std::future::poll_fn;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::time::{Instant, sleep};

use super::active_route::Lifecycle;
use super::policy::disposition::Disposition;
use super::policy::handler_exit::HandlerExit;
use super::status::counters::Counters;
use super::status::route_state::{RouteFault, StateCell};
use crate::context::{Context, HandledMessage, RouteContext};
use crate::dead_letter::DeadLetterReason;
use crate::failure::{Failure, Verdict};
use crate::handler::WatchDispatch;
use crate::jitter::random_unit;
use crate::key_value::{News, NewsFeed, NewsReader, WatchError};
use crate::message::Outcome;
use crate::probe::{Listener, Listening};
use crate::retry::{Retry, RetryDecision};
use crate::route::WatchSpec;
use crate::traces::{Ended, RouteSpans};
use crate::transport::{Incoming, IncomingHeaders, Receipt, StoredHeaders, StoredMessage};
use crate::user_code::{guarded, panic_text};

/// Wait before it is looked again whether all is told, where a test's bus asks for that.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// A route of a bucket that is running.
pub(crate) struct ActiveWatch {
    label: &'static str,
    dispatch: Arc<dyn WatchDispatch>,
    retry: Retry,
    deadline: Option<Duration>,
    /// Stands for a durable consumer in the ids of what the handler publishes.
    consumer: Arc<str>,
    stream: Arc<str>,
    spans: RouteSpans,
    listener: Listener,
    route_context: Arc<RouteContext>,
    state: Arc<StateCell>,
    counters: Arc<Counters>,
    lifecycle: Lifecycle,
}

/// The next step after an attempt.
enum After {
    Next,
    Again { wait: Duration, counts: bool },
    End,
}

impl ActiveWatch {
    pub(crate) fn new(
        spec: &WatchSpec,
        registry: &str,
        route_context: RouteContext,
        lifecycle: &Lifecycle,
    ) -> Self {
        Self {
            label: spec.label(),
            dispatch: Arc::clone(&spec.dispatch),
            retry: spec.retry.clone(),
            deadline: spec.deadline,
            consumer: format!("{registry}-{}", spec.label()).into(),
            stream: spec.stream.name.into(),
            spans: RouteSpans::of_watch(&route_context.link.traces, spec.keys(), spec.label()),
            listener: route_context.link.listen(Listening {
                route: spec.label(),
                declarations: &[],
                durable: None,
            }),
            route_context: Arc::new(route_context),
            state: Arc::default(),
            counters: Arc::default(),
            lifecycle: lifecycle.clone(),
        }
    }

    pub(crate) fn counters(&self) -> Arc<Counters> {
        Arc::clone(&self.counters)
    }

    pub(crate) fn state(&self) -> Arc<StateCell> {
        Arc::clone(&self.state)
    }

    /// Tells the handler of all that comes, until the registry stops or the bus is closed.
    pub(super) async fn run(&self, mut feed: NewsFeed) {
        let reader = feed.reader();
        let stop = &self.lifecycle.stop;
        let mut answered = 0;
        loop {
            let next = tokio::select! {
                biased;
                () = stop.cancelled() => return,
                next = async {
                    tokio::select! {
                        biased;
                        () = self.state.is_paused(false) => {}
                        () = self.answer(&mut feed, &mut answered) => {}
                    }
                    tokio::select! {
                        biased;
                        () = self.state.is_paused(true) => None,
                        next = self.next(&mut feed, &mut answered) => Some(next),
                    }
                } => next,
            };
            match next {
                None => {}
                Some(None) => return,
                Some(Some(Ok(news))) => {
                    self.state.clear_fault(RouteFault::Feed);
                    self.listener.takes();
                    let goes_on = self.handle(&reader, news).await;
                    // The handler may have changed another bucket, which is news there.
                    self.listener.takes();
                    if !goes_on {
                        return;
                    }
                }
                Some(Some(Err(error))) => {
                    let route = self.label;
                    tracing::warn!(route, %error, "a watch goes on when it can");
                    self.fails(RouteFault::Feed, error.to_string());
                }
            }
        }
    }

    /// The next of the news. A test's bus that asks is told once there is none.
    async fn next(
        &self,
        feed: &mut NewsFeed,
        answered: &mut u64,
    ) -> Option<Result<News, WatchError>> {
        loop {
            let call = tokio::select! {
                biased;
                next = feed.next() => return next,
                call = self.listener.called(*answered) => call,
            };
            if feed.is_told().await {
                *answered = call;
                self.listener.answer(call);
                continue;
            }
            tokio::select! {
                biased;
                next = feed.next() => return next,
                () = sleep(LOOK_AGAIN) => {}
            }
        }
    }

    /// Answers a test's bus that asks whether there are news, and takes none.
    async fn answer(&self, feed: &mut NewsFeed, answered: &mut u64) {
        loop {
            let call = self.listener.called(*answered).await;
            if feed.is_told().await {
                *answered = call;
                self.listener.answer(call);
            } else {
                sleep(LOOK_AGAIN).await;
            }
        }
    }

    fn fails(&self, fault: RouteFault, error: String) {
        let now = self.route_context.link.transport.now();
        self.state.failing(fault, now, error);
    }

    /// Has one of the news handled, or given up; `false` if the registry ended meanwhile.
    async fn handle(&self, reader: &NewsReader, news: News) -> bool {
        let begun = Instant::now();
        let mut attempt = 1;
        loop {
            let Some((exit, took)) = self.attempt(reader, news.clone(), attempt).await else {
                return true;
            };
            let (wait, counts) = match self.judge(&exit, attempt, begun.elapsed(), took) {
                After::Next => {
                    self.state.clear_fault(RouteFault::Handler);
                    return true;
                }
                After::End => return false,
                After::Again { wait, counts } => (wait, counts),
            };
            self.fails(RouteFault::Handler, exit.to_string());
            attempt += u64::from(counts);
            if self.lifecycle.stop.run_until_cancelled(sleep(wait)).await.is_none() {
                return false;
            }
        }
    }

    /// Has it handled once; `None` where the handler can't be told, since it is not of the bucket's type.
    async fn attempt(
        &self,
        reader: &NewsReader,
        news: News,
        attempt: u64,
    ) -> Option<(HandlerExit, Duration)> {
        let begun = Instant::now();
        let message = self.message(&news, attempt);
        let (cx, span) = (Context::new(&message), &message.span);
        span.begin(&self.spans, &message, &self.route_context.link.transport);
        self.counters.are_in_flight(1);
        let dispatched = guarded(|| span.within(|| self.dispatch.dispatch(reader, news, cx)));
        let exit = match dispatched {
            Err(panic) => HandlerExit::Panicked(panic),
            Ok(Err(error)) => {
                let route = self.label;
                tracing::error!(route, %error, "a bucket's value is not of its type");
                self.counters.unreadable();
                self.counters.are_in_flight(0);
                let (word, is_fault) = (Some("undecodable"), true);
                span.end(Ended { error: word, is_fault, why: &error, settled: None });
                return None;
            }
            Ok(Ok(mut work)) => self.guard(poll_fn(|cx| span.within(|| work.poll_unpin(cx)))).await,
        };
        self.counters.are_in_flight(0);
        span.end(exit.ended(None));
        Some((exit, begun.elapsed()))
    }

    /// Runs a handler: a panic is caught, and the deadline kept.
    async fn guard(&self, work: impl Future<Output = Result<(), Failure>>) -> HandlerExit {
        let overdue = async {
            match self.deadline {
                Some(deadline) => {
                    sleep(deadline).await;
                    deadline
                }
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            done = AssertUnwindSafe(work).catch_unwind() => match done {
                Ok(result) => HandlerExit::Returned(Outcome::of_event(result)),
                Err(panic) => HandlerExit::Panicked(panic_text(panic)),
            },
            () = self.lifecycle.abort.cancelled() => HandlerExit::Aborted,
            deadline = overdue => HandlerExit::Overdue(deadline),
        }
    }

    /// Decides what follows an attempt, and counts it.
    fn judge(&self, exit: &HandlerExit, attempt: u64, since: Duration, took: Duration) -> After {
        let asked = match exit {
            HandlerExit::Aborted => {
                self.counters.count(exit, None, took);
                return After::End;
            }
            HandlerExit::Returned(Outcome::Failed(failure)) => match failure.verdict() {
                Verdict::Retry => None,
                Verdict::RetryAfter(wait) => Some(wait),
                Verdict::Defer(wait) => {
                    self.counters.count(exit, Some(&Disposition::Defer(wait)), took);
                    return After::Again { wait, counts: false };
                }
                Verdict::Reject => {
                    let rejected = Disposition::DeadLetter(DeadLetterReason::Rejected);
                    self.counters.count(exit, Some(&rejected), took);
                    return self.given_up(exit, attempt);
                }
            },
            HandlerExit::Returned(_) => {
                self.counters.done(1, took);
                return After::Next;
            }
            _ => None,
        };
        match self.retry.next(attempt, since, asked, random_unit()) {
            RetryDecision::Again(wait) => {
                self.counters.count(exit, Some(&Disposition::Retry(wait)), took);
                let (route, ms) = (self.label, wait.as_millis());
                tracing::warn!(route, attempt, error = %exit, ms, "a watch's handler failed; it is tried again");
                After::Again { wait, counts: true }
            }
            RetryDecision::NoAttempts | RetryDecision::NoTime => {
                self.counters.count(exit, None, took);
                self.given_up(exit, attempt)
            }
        }
    }

    fn given_up(&self, exit: &HandlerExit, attempt: u64) -> After {
        let route = self.label;
        tracing::error!(route, attempt, error = %exit, "a change of a bucket is given up");
        After::Next
    }

    /// Message to be handled: a change as the message that it is, and an empty one for what only the watch says.
    fn message(&self, news: &News, attempt: u64) -> Arc<HandledMessage> {
        let incoming = match news {
            News::Change(StoredMessage { subject, sequence, stored_at, headers, payload }) => {
                let headers = match headers {
                    StoredHeaders::Read(headers) => IncomingHeaders::Read(headers.clone()),
                    StoredHeaders::Unreadable(_) => IncomingHeaders::default(),
                };
                let receipt = Receipt {
                    stream: Arc::clone(&self.stream),
                    consumer: Arc::clone(&self.consumer),
                    sequence: *sequence,
                    attempt,
                    pending: 0,
                    stored_at: *stored_at,
                };
                let (subject, payload) = (subject.clone(), payload.clone());
                Incoming {
                    subject,
                    headers,
                    payload,
                    receipt: Some(receipt),
                    ..Incoming::default()
                }
            }
            News::Current | News::Resynchronised => Incoming::default(),
        };
        Arc::new(HandledMessage::new(&self.route_context, incoming))
    }
}
