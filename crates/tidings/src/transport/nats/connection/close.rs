//! The end of a bus's connections, and of what ends with them.

use std::pin::pin;
use std::sync::atomic::Ordering;
use std::task::{Context, Waker};
use std::time::Duration;

use bytes::Bytes;
use tokio::task::unconstrained;
use tokio::time::timeout;

use crate::subject::Subject;
use crate::transport::Fault;
use crate::transport::nats::codec::subject::subject_of;
use crate::transport::nats::connection::nats::{Nats, Shared};
use crate::transport::nats::reply::coalescer::Put;
use crate::transport::nats::reply::queued_request::QueuedRequest;

impl Nats {
    /// Sends what is left and ends all subscriptions, for as long as `within`. It is closed in any
    /// case: it does not come back, and nothing is received any more.
    pub(crate) async fn close(&self, within: Duration) -> Result<(), Fault> {
        self.shared.closed.store(true, Ordering::Relaxed);
        let (main, listening) = (&self.shared.main, self.shared.listening.get());
        let connections = || [main].into_iter().chain(listening);
        connections().for_each(|connection| connection.supervisor.cut());
        self.shared.delete_ephemerals();
        self.announcer().close(main.supervisor.address());
        let late = self.too_late();
        let closing = async {
            main.leave().await?;
            match listening {
                None => Ok(()),
                // While that is away nothing is to be had there.
                Some(listening) => tokio::select! {
                    left = listening.leave() => left,
                    () = listening.supervisor.over().cancelled() => Ok(()),
                },
            }
        };
        if !within.is_zero()
            && let Ok(Ok(())) = timeout(within, closing).await
        {
            return Ok(());
        }
        self.shared.replies.close();
        for connection in connections() {
            connection.supervisor.end();
            connection.answers.close();
            // It leaves as soon as it can; the second question has it look up from waiting.
            let client = connection.client.clone();
            self.shared.runtime.spawn(async move {
                if client.drain().await.is_ok() {
                    let _ = client.flush().await;
                }
            });
        }
        Err(late)
    }
}

impl Shared {
    /// Deletes those that are left.
    pub(crate) fn delete_ephemerals(&self) {
        let all = std::mem::take(&mut *self.ephemerals.all());
        for delete in all {
            self.delete(delete);
        }
    }

    /// Tells the server, behind all that it was asked before. Nobody listens for the answer.
    pub(crate) fn delete(&self, subject: Subject) {
        let question = QueuedRequest {
            subject: subject_of(subject),
            reply: subject_of(self.new_inbox()),
            headers: None,
            payload: Bytes::new(),
        };
        let question = match self.coalescer.put(question) {
            Put::PassedOn(question) => question,
            // Where there is no room now, it is forgotten after its time.
            Put::Held | Put::Full => return,
        };
        let client = self.main.client.clone();
        let mut given = Box::pin(async move { question.give(&client).await });
        let at_once = pin!(unconstrained(given.as_mut()));
        if at_once.poll(&mut Context::from_waker(Waker::noop())).is_pending() {
            // A runtime that has ended drops it.
            self.runtime.spawn(given);
        }
    }
}
