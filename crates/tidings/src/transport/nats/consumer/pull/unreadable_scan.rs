//! Looking for what broke a connection, once it has come back.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::FutureExt as _;

use crate::transport::nats::consumer::settle::Deliverer;
use crate::transport::nats::consumer::unreadable::ScanResult;
use crate::transport::{Fault, Unreadable};

/// A look on its way.
type Looking = Pin<Box<dyn Future<Output = Result<ScanResult, Fault>> + Send>>;

/// The looks at what a consumer has delivered, and what they have found.
pub(super) struct UnreadableScan {
    deliverer: Arc<Deliverer>,
    stream: String,
    looking: Option<Looking>,
    found: VecDeque<Unreadable>,
    /// Up to here all that was delivered can be read.
    readable: u64,
}

impl UnreadableScan {
    pub(super) fn new(deliverer: &Arc<Deliverer>, stream: &str) -> Self {
        Self {
            deliverer: Arc::clone(deliverer),
            stream: stream.to_owned(),
            looking: None,
            found: VecDeque::new(),
            readable: 0,
        }
    }

    /// Looks for what may have broken the connection.
    pub(super) fn begin(&mut self) {
        let (deliverer, stream) = (Arc::clone(&self.deliverer), self.stream.clone());
        let readable = self.readable;
        self.looking = Some(Box::pin(async move {
            deliverer.nats.scan_unsettled(&stream, &deliverer, readable).await
        }));
    }

    /// Returns `true` if something was found that is not told yet.
    pub(super) fn has_found(&self) -> bool {
        !self.found.is_empty()
    }

    /// Goes on; gives what was found. Whatever more there is to know wakes the task.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Option<Unreadable> {
        while let Some(looking) = &mut self.looking
            && let Poll::Ready(look) = looking.poll_unpin(cx)
        {
            self.looking = None;
            self.record_result(look);
        }
        self.found.pop_front()
    }

    /// Records the result of a look: what it has found is told, each time until it is settled.
    fn record_result(&mut self, look: Result<ScanResult, Fault>) {
        match look {
            Ok(look) => {
                let first = look.found.first().map(|unreadable| unreadable.message.sequence);
                self.readable = first.map_or(look.looked, |first| first - 1);
                self.found.extend(look.found);
                if look.more && self.found.is_empty() {
                    self.begin();
                }
            }
            // The next loss of the connection asks again.
            Err(fault) => tracing::warn!(%fault, "what was delivered last can't be looked through"),
        }
    }
}

impl fmt::Debug for UnreadableScan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnreadableScan").field("readable", &self.readable).finish_non_exhaustive()
    }
}
