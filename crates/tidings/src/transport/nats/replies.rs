//! Answers to what was asked: one wildcard inbox for all requests and publish acks of a
//! connection. What nobody waits for any more is forgotten.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use async_nats::{Client, Message, StatusCode, Subscriber};
use futures_util::StreamExt as _;
use tokio::sync::{OnceCell, oneshot};
use tokio_util::task::AbortOnDropHandle;

use crate::subject::Subject;
use crate::transport::Fault;

/// Who waits for which answer.
type Waiting = Mutex<HashMap<u64, oneshot::Sender<Message>>>;

pub(super) struct Replies {
    client: Client,
    /// `_INBOX.<id>.`: every answer's subject begins with it.
    prefix: String,
    next: AtomicU64,
    waiting: Arc<Waiting>,
    /// Reads the answers; begun with the first question, ended with this value. (A subscription
    /// left behind would keep the connection open for ever.)
    reader: OnceCell<AbortOnDropHandle<()>>,
}

impl Replies {
    pub(super) fn new(client: Client, inbox_prefix: &str) -> Self {
        let prefix = format!("{inbox_prefix}.{}.", uuid::Uuid::now_v7().simple());
        let waiting = Arc::default();
        Self { client, prefix, next: AtomicU64::new(0), waiting, reader: OnceCell::new() }
    }

    /// A subject for one answer, and the answer to come.
    pub(super) async fn expect(&self) -> Result<(Subject, Reply), Fault> {
        self.reader.get_or_try_init(|| self.read()).await?;
        let token = self.next.fetch_add(1, Ordering::Relaxed);
        let (sender, receiver) = oneshot::channel();
        lock(&self.waiting).insert(token, sender);
        let reply = Reply { token, receiver, waiting: Arc::clone(&self.waiting) };
        Ok((Subject::from(format!("{}{token}", self.prefix)), reply))
    }

    async fn read(&self) -> Result<AbortOnDropHandle<()>, Fault> {
        let filter = format!("{}*", self.prefix);
        let answers = self.client.subscribe(filter).await.map_err(Fault::client)?;
        let waiting = Arc::clone(&self.waiting);
        let prefix_len = self.prefix.len();
        Ok(AbortOnDropHandle::new(tokio::spawn(forward(answers, waiting, prefix_len))))
    }
}

async fn forward(mut answers: Subscriber, waiting: Arc<Waiting>, prefix_len: usize) {
    while let Some(message) = answers.next().await {
        let token = message.subject.get(prefix_len..).and_then(|token| token.parse().ok());
        let sender = token.and_then(|token: u64| lock(&waiting).remove(&token));
        if let Some(sender) = sender {
            // Whoever asked may have gone since.
            let _ = sender.send(message);
        }
    }
    // The connection was closed: nobody will be answered.
    lock(&waiting).clear();
}

fn lock(waiting: &Waiting) -> std::sync::MutexGuard<'_, HashMap<u64, oneshot::Sender<Message>>> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The answer to one question. Dropping it forgets the question.
#[derive(Debug)]
pub(super) struct Reply {
    token: u64,
    receiver: oneshot::Receiver<Message>,
    waiting: Arc<Waiting>,
}

impl Future for Reply {
    type Output = Result<Message, Fault>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.receiver).poll(cx).map(|answer| match answer {
            Ok(message) if message.status == Some(StatusCode::NO_RESPONDERS) => {
                Err(Fault::NoResponders)
            }
            Ok(message) => Ok(message),
            Err(_) => Err(Fault::Closed),
        })
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        lock(&self.waiting).remove(&self.token);
    }
}
