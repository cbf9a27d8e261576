//! A consumer that ends with whoever reads it: a server would keep it for a while else, and has room
//! for so many only.

use std::collections::HashSet;
use std::fmt;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Waker};

use bytes::Bytes;
use tokio::task::unconstrained;

use crate::subject::Subject;
use crate::transport::nats::Nats;
use crate::transport::nats::Shared;
use crate::transport::nats::codec::subject::subject_of;
use crate::transport::nats::reply::coalescer::Put;
use crate::transport::nats::request::Letter;
use crate::transport::{Denial, DeniedAction};

/// What deletes a consumer begins with.
const DELETE: &str = "$JS.API.CONSUMER.DELETE.";

/// The consumers of a connection that end with their readers, by what deletes them.
#[derive(Debug, Default)]
pub(crate) struct Ephemerals(Mutex<HashSet<Subject>>);

impl Ephemerals {
    fn all(&self) -> MutexGuard<'_, HashSet<Subject>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A consumer of one reader. Dropping this deletes it, without waiting for that.
pub(crate) struct Ephemeral {
    shared: Arc<Shared>,
    delete: Subject,
}

impl Ephemeral {
    /// Before the server is asked to make it: whoever gives up meanwhile leaves none behind.
    pub(crate) fn new(nats: &Nats, stream: &str, consumer: &str) -> Self {
        let delete = Subject::from(format!("{DELETE}{stream}.{consumer}"));
        nats.shared.ephemerals.all().insert(delete.clone());
        Self { shared: Arc::clone(&nats.shared), delete }
    }
}

impl fmt::Debug for Ephemeral {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Ephemeral").field(&self.delete).finish()
    }
}

impl Drop for Ephemeral {
    fn drop(&mut self) {
        // Where the connection is closed, they are deleted already.
        if self.shared.ephemerals.all().remove(&self.delete) {
            self.shared.delete(self.delete.clone());
        }
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
    fn delete(&self, subject: Subject) {
        let letter = Letter {
            subject: subject_of(subject),
            reply: subject_of(self.new_inbox()),
            headers: None,
            payload: Bytes::new(),
        };
        let letter = match self.outbox.put(letter) {
            Put::Passed(letter) => letter,
            // Where there is no room now, it is forgotten after its time.
            Put::Held | Put::Full => return,
        };
        let client = self.main.client.clone();
        let mut given = Box::pin(async move { letter.give(&client).await });
        let at_once = pin!(unconstrained(given.as_mut()));
        if at_once.poll(&mut Context::from_waker(Waker::noop())).is_pending() {
            // A runtime that has ended drops it.
            self.runtime.spawn(given);
        }
    }
}

/// Whether it says that a reader's consumer may not be deleted, which nobody has asked for.
pub(crate) fn is_of_ephemeral(denial: &Denial) -> bool {
    denial.action == DeniedAction::Publish && denial.subject.starts_with(DELETE)
}
