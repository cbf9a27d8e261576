//! Events of a client, for those whom they concern.

use std::sync::Arc;

use async_nats::{Event, ServerError};

use crate::transport::nats::connection::ephemerals::is_of_ephemeral;
use crate::transport::nats::connection::permission::Denials;
use crate::transport::nats::reply::pending_replies::PendingReplies;
use crate::user_code::log;

/// Keeps what was denied, and tells those who wait for an answer why none comes.
#[derive(Clone)]
pub(crate) struct EventListener {
    pub(crate) denials: Arc<Denials>,
    pub(crate) pending: Vec<Arc<PendingReplies>>,
    /// Prefix of the subjects of the JetStream API.
    pub(crate) api: Arc<str>,
}

impl EventListener {
    /// Passes on what concerns others here; says whether there is more to say about it.
    pub(crate) fn on_event(&self, event: &Event) -> bool {
        match event {
            Event::Connected => self.denials.forget(),
            Event::ServerError(ServerError::Other(text)) => {
                let Some(denial) = self.denials.read(text) else { return true };
                // A denial is told to who waits for an answer; else it is kept, and told once.
                let tell = |told, pending: &Arc<PendingReplies>| pending.deny(&denial) | told;
                let told = self.pending.iter().fold(false, tell);
                let text = denial.to_string();
                if !told && is_of_ephemeral(&denial, &self.api) {
                    log(|| {
                        tracing::debug!("a replay's consumer is forgotten after its time: {text}");
                    });
                    return false;
                }
                if !told && self.denials.keep(denial) {
                    log(|| tracing::error!("{text}"));
                }
                return false;
            }
            _ => {}
        }
        true
    }
}
