//! Answers to what was asked: one wildcard inbox for all requests and publish acks of a
//! connection. What nobody waits for any more is forgotten.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use async_nats::{Client, Message, StatusCode, Subscriber};
use futures_util::StreamExt;
use tokio::sync::{OnceCell, oneshot};
use tokio_util::task::AbortOnDropHandle;

use super::denial::publish_subject;
use crate::subject::Subject;
use crate::transport::{Denial, DeniedAction, Fault};

/// Who waits for which answer.
#[derive(Debug)]
pub(super) struct Waiting {
    /// `_INBOX.<id>.`: every answer's subject begins with it.
    prefix: String,
    waiters: Mutex<HashMap<u64, Waiter>>,
    /// The server does not let the answers come; it is asked anew with the next question.
    denied: AtomicBool,
}

#[derive(Debug)]
struct Waiter {
    /// Where the question went.
    subject: Subject,
    sender: oneshot::Sender<Result<Message, Denial>>,
}

impl Waiting {
    pub(super) fn new(inbox_prefix: &str) -> Self {
        let prefix = format!("{inbox_prefix}.{}.", uuid::Uuid::now_v7().simple());
        Self { prefix, waiters: Mutex::default(), denied: AtomicBool::new(false) }
    }

    fn waiters(&self) -> MutexGuard<'_, HashMap<u64, Waiter>> {
        self.waiters.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What all answers' subjects match.
    fn filter(&self) -> String {
        format!("{}*", self.prefix)
    }

    /// That answers may not come.
    fn denial(&self) -> Denial {
        Denial {
            action: DeniedAction::Subscribe,
            subject: self.filter(),
            queue_group: None,
            is_inbox: true,
        }
    }

    /// Tells everybody whose question or whose answer is denied; says whether there was anybody.
    pub(super) fn deny(&self, denial: &Denial) -> bool {
        let mut waiters = self.waiters();
        let denied: Vec<u64> = match denial.action {
            DeniedAction::Publish => {
                let is_denied =
                    |waiter: &Waiter| publish_subject(waiter.subject.as_str()) == denial.subject;
                let denied = waiters.iter().filter(|(_, waiter)| is_denied(waiter));
                denied.map(|(token, _)| *token).collect()
            }
            DeniedAction::Subscribe if denial.subject == self.filter() => {
                self.denied.store(true, Ordering::Release);
                waiters.keys().copied().collect()
            }
            DeniedAction::Subscribe => return false,
        };
        for token in &denied {
            if let Some(waiter) = waiters.remove(token) {
                // Whoever asked may have gone since.
                let _ = waiter.sender.send(Err(denial.clone()));
            }
        }
        !denied.is_empty()
    }
}

pub(super) struct Replies {
    client: Client,
    next: AtomicU64,
    waiting: Arc<Waiting>,
    /// Reads the answers; begun with the first question, ended with this value. (A subscription
    /// left behind would keep the connection open for ever.)
    reader: OnceCell<Mutex<AbortOnDropHandle<()>>>,
}

impl Replies {
    pub(super) fn new(client: Client, waiting: Arc<Waiting>) -> Self {
        Self { client, next: AtomicU64::new(0), waiting, reader: OnceCell::new() }
    }

    /// A subject for one answer to what is sent on `subject`, and the answer to come.
    pub(super) async fn expect(&self, subject: &Subject) -> Result<(Subject, Reply), Fault> {
        let init = || async { self.read().await.map(Mutex::new) };
        let reader = self.reader.get_or_try_init(init).await?;
        if self.waiting.denied.load(Ordering::Acquire) {
            // It may be allowed by now. The old subscription ends with its reader.
            self.waiting.denied.store(false, Ordering::Release);
            let again = self.read().await?;
            *reader.lock().unwrap_or_else(PoisonError::into_inner) = again;
        }
        let token = self.next.fetch_add(1, Ordering::Relaxed);
        let (sender, receiver) = oneshot::channel();
        let waiter = Waiter { subject: subject.clone(), sender };
        self.waiting.waiters().insert(token, waiter);
        let reply = Reply { token, receiver, waiting: Arc::clone(&self.waiting) };
        if self.waiting.denied.load(Ordering::Acquire) {
            // The server said so before there was anybody to tell.
            return Err(Fault::Denied(self.waiting.denial()));
        }
        Ok((Subject::from(format!("{}{token}", self.waiting.prefix)), reply))
    }

    async fn read(&self) -> Result<AbortOnDropHandle<()>, Fault> {
        let answers = self.client.subscribe(self.waiting.filter()).await.map_err(Fault::client)?;
        let waiting = Arc::clone(&self.waiting);
        Ok(AbortOnDropHandle::new(tokio::spawn(forward(answers, waiting))))
    }
}

async fn forward(mut answers: Subscriber, waiting: Arc<Waiting>) {
    while let Some(message) = answers.next().await {
        let token = message.subject.get(waiting.prefix.len()..);
        let token = token.and_then(|token| token.parse().ok());
        let waiter = token.and_then(|token: u64| waiting.waiters().remove(&token));
        if let Some(waiter) = waiter {
            // Whoever asked may have gone since.
            let _ = waiter.sender.send(Ok(message));
        }
    }
    // The connection was closed: nobody will be answered.
    waiting.waiters().clear();
}

/// The answer to one question. Dropping it forgets the question.
#[derive(Debug)]
pub(super) struct Reply {
    token: u64,
    receiver: oneshot::Receiver<Result<Message, Denial>>,
    waiting: Arc<Waiting>,
}

impl Future for Reply {
    type Output = Result<Message, Fault>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.receiver).poll(cx).map(|answer| match answer {
            Ok(Ok(message)) if message.status == Some(StatusCode::NO_RESPONDERS) => {
                Err(Fault::NoResponders)
            }
            Ok(Ok(message)) => Ok(message),
            Ok(Err(denial)) => Err(Fault::Denied(denial)),
            Err(_) => Err(Fault::Closed),
        })
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        self.waiting.waiters().remove(&self.token);
    }
}
