//! Live subscriptions without a type: all that comes under a subject filter.

use std::fmt;
use std::future::IntoFuture;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_util::stream::{Stream, StreamExt as _};

use super::error::{ReceiveError, SubscribeError};
use super::live::check_name;
use crate::link::Link;
use crate::observe::Received;
use crate::subject::Subject;
use crate::transport::{Inbox, Incoming, RawMessage};

/// A subscription without a type to be made: await it, or first make it one of a queue group.
///
/// The server knows of the interest when the future ends.
///
/// # Errors
/// Awaited, [`SubscribeError`], also for what is no subject filter.
///
/// # Cancel safety
/// Dropping the future ends the interest.
#[derive(Debug)]
#[must_use = "await it to subscribe"]
pub struct SubscribeRaw {
    link: Link,
    filter: String,
    group: Option<String>,
    capacity: Option<usize>,
}

impl SubscribeRaw {
    pub(crate) fn new(link: Link, filter: String) -> Self {
        Self { link, filter, group: None, capacity: None }
    }

    /// Shares the messages with all other subscriptions of this group: each goes to one of them.
    pub fn queue_group(mut self, group: impl Into<String>) -> Self {
        self.group = Some(group.into());
        self
    }

    /// Sets the maximum number of messages that wait here and nobody has taken yet, at least 1; the
    /// default is what the bus says, and that is 65,536. One that comes when as many wait is
    /// dropped, and [`RawSubscription::dropped`] counts it.
    pub fn capacity(mut self, messages: usize) -> Self {
        self.capacity = Some(messages);
        self
    }

    async fn open(self) -> Result<RawSubscription, SubscribeError> {
        if let Some(group) = &self.group {
            check_name(group, "queue group")?;
        }
        let Self { link, filter, group, capacity } = self;
        tidings_subject::check_filter(&filter).map_err(|problem| SubscribeError::Name {
            name: filter.clone(),
            what: "subject filter",
            problem: problem.to_string(),
        })?;
        let (transport, within) = (&link.transport, link.timeouts.request);
        let received = link.receives([filter.as_str()].into_iter(), group.as_deref());
        let opening = async {
            let filter = Subject::from(filter);
            let inbox = transport.subscribe_with(filter, group.as_deref(), capacity, Vec::new());
            let inbox = inbox.await.map_err(SubscribeError::core)?;
            transport.allowed(within).await.map_err(SubscribeError::core)?;
            match inbox.denied() {
                Some(denial) => Err(SubscribeError::Denied(denial)),
                None => Ok(RawSubscription { inbox, received }),
            }
        };
        let late = |_| SubscribeError::core(transport.too_late_to_listen());
        tokio::time::timeout(within, opening).await.map_err(late)?
    }
}

impl IntoFuture for SubscribeRaw {
    type Output = Result<RawSubscription, SubscribeError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.open())
    }
}

/// A flow of messages without a type: a [`Stream`] that also has a [`next`](RawSubscription::next) of its
/// own. Dropping it ends the interest.
pub struct RawSubscription {
    inbox: Inbox,
    received: Received,
}

impl RawSubscription {
    /// The next message; `None` once the bus is closed.
    ///
    /// # Errors
    /// [`ReceiveError`] if the server denies what was allowed before. The flow goes on after it.
    ///
    /// # Cancel safety
    /// Nothing is lost if the future is dropped.
    pub async fn next(&mut self) -> Option<Result<RawMessage, ReceiveError>> {
        Some(match self.inbox.next().await? {
            Ok(incoming) => {
                self.received.count();
                Ok(RawMessage::listened(incoming))
            }
            Err(fault) => Err(fault.into()),
        })
    }

    /// Number of messages that were lost here because they came faster than they were taken. It is
    /// logged too; the flow goes on behind the gap.
    pub fn dropped(&self) -> u64 {
        self.inbox.dropped().count()
    }

    /// Number of times that the connection on which it listens was lost and made again: what was
    /// published meanwhile did not come here.
    pub fn interruptions(&self) -> u64 {
        self.inbox.dropped().interruptions()
    }
}

impl Stream for RawSubscription {
    type Item = Result<RawMessage, ReceiveError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut incoming = Incoming::default();
        let next = ready!(self.inbox.poll_into(cx, &mut incoming));
        Poll::Ready(match next {
            Some(Ok(())) => {
                self.received.count();
                Some(Ok(RawMessage::listened(incoming)))
            }
            Some(Err(fault)) => Some(Err(fault.into())),
            None => None,
        })
    }
}

impl fmt::Debug for RawSubscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RawSubscription")
    }
}
