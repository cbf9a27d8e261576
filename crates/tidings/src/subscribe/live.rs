//! Live subscriptions: what is published from now on, at most once.

use std::future::IntoFuture;
use std::marker::PhantomData;
use std::pin::Pin;

use super::common::common;
use super::subscription::{Receiver, Subscription};
use crate::link::Link;
use crate::message::{Decode, Event};
use crate::subject::{Subject, SubjectError};
use crate::subscribe::SubscribeError;
use crate::transport::Inbox;

/// A live subscription to be made: await it, or first make it one of a queue group.
///
/// The server knows of the interest when the future ends.
///
/// Messages come in the order in which one publisher sent them, as far as one subject filter carries
/// them. Events of an enum whose subjects are as long as each other, and begin with the same token,
/// come under one: of `orders.*.created` and `orders.*.shipped` that is `orders.*.*`, and what else
/// comes under it is passed over here. Events of other enums come under a filter each, and so do
/// those of a queue group, whose members would lose what they pass over, and where the server's
/// permissions deny the one filter: then events of different subjects may overtake each other.
///
/// # Errors
/// Awaited, [`SubscribeError`].
///
/// # Cancel safety
/// Dropping the future ends the interest.
#[derive(Debug)]
#[must_use = "await it to subscribe"]
pub struct Subscribe<E> {
    link: Link,
    filters: Result<Vec<Subject>, SubjectError>,
    group: Option<String>,
    capacity: Option<usize>,
    event: PhantomData<fn() -> E>,
}

impl<E: Event + Decode> Subscribe<E> {
    pub(crate) fn new(link: Link, filters: Result<Vec<Subject>, SubjectError>) -> Self {
        Self { link, filters, group: None, capacity: None, event: PhantomData }
    }

    /// Shares the messages with all other subscriptions of this group: each goes to one of them.
    /// The name holds no white space, `.`, `*`, `>`, `/` or `\`, and at most 255 bytes.
    pub fn queue_group(mut self, group: impl Into<String>) -> Self {
        self.group = Some(group.into());
        self
    }

    /// Sets the maximum number of messages that wait here and nobody has taken yet, at least 1; the
    /// default is what the bus says, and that is 65,536. One that comes when as many wait is
    /// dropped, and [`Subscription::dropped`] counts it. Where each event of an enum has a filter
    /// of its own, each has as many of its own.
    pub fn capacity(mut self, messages: usize) -> Self {
        self.capacity = Some(messages);
        self
    }

    async fn open(self) -> Result<Subscription<E>, SubscribeError> {
        if let Some(group) = &self.group {
            check_name(group, "queue group")?;
        }
        let (filters, within) = (self.filters?, self.link.timeouts.request);
        let opened = |receiver| Subscription::new(receiver, &self.link, self.group.as_deref());
        let opening = async {
            if let (None, Some(all)) = (&self.group, common(&filters)) {
                let (transport, only) = (&self.link.transport, filters.clone());
                let inbox = transport.subscribe_with(all, None, self.capacity, only).await;
                let inbox = inbox.map_err(SubscribeError::core)?;
                transport.allowed(within).await.map_err(SubscribeError::core)?;
                if inbox.denied().is_none() {
                    return Ok(opened(Receiver::Core([inbox].into_iter().collect())));
                }
                // Each of the filters may be allowed all the same.
            }
            let mut inboxes = Vec::with_capacity(filters.len());
            for filter in filters {
                let group = self.group.as_deref();
                let transport = &self.link.transport;
                let inbox = transport.subscribe_with(filter, group, self.capacity, Vec::new());
                let inbox = inbox.await;
                inboxes.push(inbox.map_err(SubscribeError::core)?);
            }
            // The interest is known to the server when this returns, not some time later.
            self.link.transport.allowed(within).await.map_err(SubscribeError::core)?;
            if let Some(denial) = inboxes.iter().find_map(Inbox::denied) {
                return Err(SubscribeError::Denied(denial));
            }
            Ok(opened(Receiver::Core(inboxes.into_iter().collect())))
        };
        let late = |_| SubscribeError::core(self.link.transport.too_late_to_listen());
        tokio::time::timeout(within, opening).await.map_err(late)?
    }
}

impl<E: Event + Decode> IntoFuture for Subscribe<E> {
    type Output = Result<Subscription<E>, SubscribeError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.open())
    }
}

/// Refuses what can't name a queue group or a consumer.
pub(crate) fn check_name(name: &str, what: &'static str) -> Result<(), SubscribeError> {
    tidings_subject::check_consumer_name(name).map_err(|problem| SubscribeError::Name {
        name: name.to_owned(),
        what,
        problem: problem.to_string(),
    })
}
