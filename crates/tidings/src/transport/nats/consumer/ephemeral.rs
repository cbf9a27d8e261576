//! A consumer that ends with whoever reads it: a server would keep it for a while else, and has room
//! for so many only.

use std::fmt;
use std::sync::Arc;

use crate::subject::Subject;
use crate::transport::nats::connection::ephemerals::DELETE;
use crate::transport::nats::connection::nats::Nats;
use crate::transport::nats::connection::nats::Shared;

/// A consumer of one reader. Dropping this deletes it, without waiting for that.
pub(crate) struct Ephemeral {
    shared: Arc<Shared>,
    delete: Subject,
}

impl Ephemeral {
    /// Notes the consumer before the server is asked to make it: whoever gives up meanwhile leaves
    /// none behind.
    pub(crate) fn new(nats: &Nats, stream: &str, consumer: &str) -> Self {
        let delete = nats.shared.api_subject(format_args!("{DELETE}{stream}.{consumer}"));
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
