//! Dead-letter policy of a registry.

use std::time::Duration;

use super::naming;
use crate::stream::StreamConfig;

/// Dead-letter policy: the stream for what handlers can't handle; for `Registry::dead_letters`.
///
/// The default is a file stream named `<registry>-dead-letters`, which keeps everything for ever,
/// on as many servers as the streams of the handlers. It is created where it is missing. One that
/// is there is left as it is, except that subjects are added to it.
///
/// Two streams can't keep the same subjects: a registry that is to use another dead-letter stream
/// starts once the `$JS.EVENT.ADVISORY.…` subjects of its consumers are taken from the first one.
///
/// ```
/// # use tidings::prelude::*;
/// use tidings::DeadLetterPolicy;
///
/// let registry = Registry::new("shop").dead_letters(DeadLetterPolicy::stream("DEAD").max_messages(100_000));
/// let registry = Registry::new("cache").dead_letters(DeadLetterPolicy::off());
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeadLetterPolicy {
    stream: Option<String>,
    off: bool,
    replicas: Option<u8>,
    max_age: Option<Duration>,
    max_messages: Option<u64>,
    max_bytes: Option<u64>,
}

impl DeadLetterPolicy {
    /// Into the stream of this name, which several registries may share.
    pub fn stream(name: impl Into<String>) -> Self {
        Self { stream: Some(name.into()), ..Self::default() }
    }

    /// Nowhere: a message that can't be handled is given up, and only the log and the server's
    /// advisory say so.
    pub fn off() -> Self {
        Self { off: true, ..Self::default() }
    }

    /// Sets the number of servers of a cluster that keep the letters: 1 to 5.
    #[must_use]
    pub fn replicas(mut self, replicas: u8) -> Self {
        self.replicas = Some(replicas);
        self
    }

    /// Sets the time for which letters are kept. Then they are gone, and with them the last of
    /// their originals.
    #[must_use]
    pub fn max_age(mut self, max_age: Duration) -> Self {
        self.max_age = Some(max_age);
        self
    }

    /// Sets the maximum number of letters. A full stream takes no more: what can't be handled then
    /// stays in its own stream, unsettled, until there is room. It keeps no handler's place, and
    /// counts for the consumer's `max_ack_pending`: with as many of those nothing more is
    /// delivered. The route's status says so, and
    /// [`RouteReport::unstored`](crate::RouteReport::unstored) how many there are.
    #[must_use]
    pub fn max_messages(mut self, messages: u64) -> Self {
        self.max_messages = Some(messages);
        self
    }

    /// Sets the maximum size of all letters together, in bytes; as
    /// [`max_messages`](Self::max_messages).
    #[must_use]
    pub fn max_bytes(mut self, bytes: u64) -> Self {
        self.max_bytes = Some(bytes);
        self
    }

    /// The dead-letter stream of a registry of this name; `None` if it has none.
    pub(crate) fn stream_of(&self, registry: &str) -> Option<String> {
        let named = || self.stream.clone().unwrap_or_else(|| naming::stream_of(registry));
        (!self.off).then(named)
    }

    /// The stream as it is created, for the letters of these streams and their consumers.
    pub(crate) fn config<'a>(
        &self,
        name: &str,
        streams: impl IntoIterator<Item = &'a StreamConfig>,
        routes: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> StreamConfig {
        let mut config = naming::stream_config(name, routes);
        // A letter is as safe as its original was.
        let replicas = streams.into_iter().map(|stream| stream.replicas).max();
        config.replicas = self.replicas.or(replicas).unwrap_or(config.replicas);
        config.max_messages = self.max_messages;
        config.max_bytes = self.max_bytes;
        config.max_age = self.max_age;
        config.duplicate_window =
            config.duplicate_window.min(self.max_age.or(config.duplicate_window));
        config
    }
}
