//! Answers to what was asked: one wildcard inbox for all that a connection asks of other programs, and
//! one for all that it asks of the server. What nobody waits for any more is forgotten.

pub(crate) mod coalescer;
pub(crate) mod pending_replies;
pub(crate) mod queued_request;
pub(crate) mod reply_token;
pub(crate) mod secret;

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker, ready};

use async_nats::{Client, Message, StatusCode, Subject, Subscriber};
use futures_util::StreamExt as _;
use tokio::runtime::Handle;
use tokio::sync::OnceCell;
use tokio::task::coop;
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;

use crate::lock::locked;
use crate::transport::Fault;
use crate::transport::nats::reply::coalescer::{Coalescer, MANY};
use crate::transport::nats::reply::pending_replies::PendingReplies;
use crate::transport::nats::reply::queued_request::QueuedRequest;
use crate::transport::nats::reply::reply_token::ReplyToken;

/// Number of answers that are handed out at a time, where so many are here.
const AT_ONCE: usize = 128;

pub(crate) struct Replies {
    client: Client,
    pending: Arc<PendingReplies>,
    /// Reads the answers; begun with the first question, ended with this value. (A subscription
    /// left behind would keep the connection open for ever.)
    reader: OnceCell<Mutex<AbortOnDropHandle<()>>>,
    /// Tells whoever has waited long enough: one task for all of them, and not a timer for each.
    _time: AbortOnDropHandle<()>,
    runtime: Handle,
    /// Opened where many are answered together.
    coalescer: Arc<Coalescer<QueuedRequest>>,
}

impl Replies {
    /// Replies over a client, on the runtime of the client's own task.
    pub(crate) fn new(
        client: Client,
        pending: Arc<PendingReplies>,
        runtime: &Handle,
        ended: impl FnOnce() + Send + 'static,
        coalescer: &Arc<Coalescer<QueuedRequest>>,
    ) -> Self {
        let kept = PendingGuard { pending: Arc::clone(&pending), ended: Some(Box::new(ended)) };
        let time = runtime.spawn(async move { kept.pending.keep_time().await });
        let (reader, time) = (OnceCell::new(), AbortOnDropHandle::new(time));
        let (runtime, coalescer) = (runtime.clone(), Arc::clone(coalescer));
        Self { client, pending, reader, _time: time, runtime, coalescer }
    }

    /// Ends all questions: nobody is answered any more.
    pub(crate) fn close(&self) {
        self.pending.close();
    }

    /// A subject for one answer to what is sent on `subject`, and the answer to come.
    pub(crate) async fn expect(&self, subject: Subject) -> Result<(Subject, Reply), Fault> {
        if !self.listens() {
            self.listen().await?;
        }
        self.take(subject, None)
    }

    /// A subject and the answer to come, as [`expect`](Self::expect) gives them, with a time that
    /// the answer has; `None` where something is to be done first.
    pub(crate) fn expect_now(
        &self,
        subject: Subject,
        by: Option<Instant>,
    ) -> Option<Result<(Subject, Reply), Fault>> {
        self.listens().then(|| self.take(subject, by))
    }

    fn listens(&self) -> bool {
        self.reader.initialized() && !self.pending.is_denied()
    }

    fn take(&self, subject: Subject, by: Option<Instant>) -> Result<(Subject, Reply), Fault> {
        let (token, inbox) = self.pending.take(subject, by)?;
        let reply = Reply { token: Some(token), pending: Arc::clone(&self.pending) };
        if self.pending.is_denied() {
            // The server said so before there was anybody to tell.
            return Err(Fault::Denied(self.pending.denial()));
        }
        Ok((inbox, reply))
    }

    async fn listen(&self) -> Result<(), Fault> {
        let init = || async { self.read().await.map(Mutex::new) };
        let reader = self.reader.get_or_try_init(init).await?;
        if self.pending.is_denied() {
            // It may be allowed by now. The old subscription ends with its reader.
            self.pending.ask_again();
            let again = self.read().await?;
            *locked(reader) = again;
        }
        Ok(())
    }

    async fn read(&self) -> Result<AbortOnDropHandle<()>, Fault> {
        // Only a client that is gone takes none.
        let answers = self.client.subscribe(self.pending.filter()).await;
        let answers = answers.map_err(|_| Fault::Closed)?;
        let pending = Arc::clone(&self.pending);
        Ok(AbortOnDropHandle::new(self.runtime.spawn(forward(
            answers,
            pending,
            Arc::clone(&self.coalescer),
        ))))
    }
}

/// Table of those who wait, while somebody keeps the time for them.
struct PendingGuard {
    pending: Arc<PendingReplies>,
    ended: Option<Box<dyn FnOnce() + Send>>,
}

impl Drop for PendingGuard {
    /// Ends the waits where the runtime ends that it was kept on: nobody is left waiting, nor waits again.
    fn drop(&mut self) {
        if let Some(ended) = self.ended.take() {
            ended();
        }
        self.pending.close();
    }
}

/// Hands out the answers as they come, all that are here under one lock.
async fn forward(
    mut answers: Subscriber,
    pending: Arc<PendingReplies>,
    coalescer: Arc<Coalescer<QueuedRequest>>,
) {
    let (mut here, mut wakers) = (Vec::new(), Vec::new());
    while gather(&mut answers, &mut here).await {
        pending.answer(&mut here, &mut wakers);
        let are_many = wakers.len() >= MANY;
        wakers.drain(..).for_each(Waker::wake);
        if are_many {
            coalescer.open();
        }
    }
    pending.close();
}

/// Waits for answers, and takes those that are here; says whether there can be any more.
async fn gather(answers: &mut Subscriber, here: &mut Vec<Message>) -> bool {
    poll_fn(|cx| {
        while here.len() < AT_ONCE {
            match answers.poll_next_unpin(cx) {
                Poll::Ready(Some(answer)) => here.push(answer),
                Poll::Ready(None) => return Poll::Ready(!here.is_empty()),
                Poll::Pending if here.is_empty() => return Poll::Pending,
                Poll::Pending => break,
            }
        }
        Poll::Ready(true)
    })
    .await
}

/// The answer to one question. Dropping it forgets the question.
#[derive(Debug)]
pub(crate) struct Reply {
    /// `None` once the answer is taken.
    token: Option<ReplyToken>,
    pending: Arc<PendingReplies>,
}

impl Reply {
    /// Takes the answer if it is here. Nobody is woken when it comes later.
    pub(crate) fn take(&mut self) -> Option<Result<Message, Fault>> {
        let answer = self.pending.take_answer(self.token?)?;
        self.token = None;
        Some(read(answer))
    }
}

impl Future for Reply {
    type Output = Result<Message, Fault>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(token) = self.token else { return Poll::Ready(Err(Fault::Closed)) };
        // Answers that are always here must not keep the other tasks from running.
        let coop = ready!(coop::poll_proceed(cx));
        let answer = ready!(self.pending.poll(token, cx));
        coop.made_progress();
        self.token = None;
        Poll::Ready(read(answer))
    }
}

/// The server answers where nobody listens.
fn read(answer: Result<Message, Fault>) -> Result<Message, Fault> {
    match answer {
        Ok(message) if message.status == Some(StatusCode::NO_RESPONDERS) => {
            Err(Fault::NoResponders)
        }
        answer => answer,
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        if let Some(token) = self.token {
            self.pending.forget(token);
        }
    }
}
