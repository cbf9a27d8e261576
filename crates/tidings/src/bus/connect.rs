//! Connecting a bus, or making one in this process.

use super::builder::BusBuilder;
use super::{Bus, ConnectError};
#[cfg(feature = "memory")]
use crate::link::Timeouts;
use crate::transport::Transport;
#[cfg(feature = "memory")]
use crate::transport::memory::Memory;
use crate::transport::nats::{Nats, shown};

impl Bus {
    /// Connects to the server at `url`, such as `nats://127.0.0.1:4222`, or to the first of
    /// several, separated by commas. Credentials in a URL are used, and never shown.
    ///
    /// # Errors
    /// [`ConnectError`], after 5 s at most; [`BusBuilder::connect_timeout`] changes that.
    ///
    /// # Cancel safety
    /// Dropping the future gives the connection up.
    pub async fn connect(url: impl AsRef<str>) -> Result<Self, ConnectError> {
        Self::builder().server(url.as_ref()).connect().await
    }

    /// A connection with options.
    pub fn builder() -> BusBuilder {
        BusBuilder::new()
    }

    /// A bus in this process, with the same promises and no server. Clones share it, and what its
    /// streams keep is gone with the last of them; each call makes a new one.
    ///
    /// Its timers are those of `tokio::time`, so a test can pause the clock and turn it.
    /// [`BusBuilder::in_memory`] makes one with other timeouts.
    #[cfg(feature = "memory")]
    #[cfg_attr(docsrs, doc(cfg(feature = "memory")))]
    pub fn in_memory() -> Self {
        Self::on(Transport::Memory(Memory::new()), Timeouts::default())
    }
}

impl BusBuilder {
    /// A bus in this process, as [`Bus::in_memory`], with these timeouts and this
    /// [capacity](Self::subscription_capacity). There is no server: what is said of one, and of
    /// who connects, means nothing.
    ///
    /// ```
    /// # use tidings::prelude::*;
    /// let bus = Bus::builder().request_timeout(Duration::from_millis(200)).in_memory();
    /// ```
    #[cfg(feature = "memory")]
    #[cfg_attr(docsrs, doc(cfg(feature = "memory")))]
    pub fn in_memory(self) -> Bus {
        let memory = Memory::with_capacity(self.options.subscription_capacity);
        let bus = Bus::on(Transport::Memory(memory), self.timeouts)
            .publishing(self.cloud_events)
            .fitting(self.environment)
            .tracing(self.traces);
        #[cfg(feature = "metrics")]
        let bus = bus.measured(self.metrics);
        bus
    }

    /// Connects.
    ///
    /// # Errors
    /// [`ConnectError`]; it names the servers, never a password.
    ///
    /// # Cancel safety
    /// Dropping the future gives the connection up.
    pub async fn connect(self) -> Result<Bus, ConnectError> {
        if self.may_embed && matches!(&*self.options.servers, [one] if one == "memory:") {
            return self.embedded();
        }
        let Self { options, timeouts, cloud_events, environment, traces, .. } = self;
        if options.servers.iter().all(|server| server.trim().is_empty()) {
            return Err(ConnectError::NoServer);
        }
        if options.servers.iter().any(|server| server.trim() == "memory:") {
            return Err(ConnectError::Memory);
        }
        if let Some((replicas, _)) = environment.replicas.filter(|(n, _)| !(1..=5).contains(n)) {
            return Err(ConnectError::StreamReplicas { replicas });
        }
        if let Some(prefix) = &options.inbox_prefix
            && let Err(source) = tidings_subject::check_subject(prefix)
        {
            let (prefix, source) = (prefix.clone(), source.into());
            return Err(ConnectError::InboxPrefix { prefix, source });
        }
        if let Some(prefix) = &options.jetstream_prefix
            && let Err(source) = tidings_subject::check_subject(prefix)
        {
            let (prefix, source) = (prefix.clone(), source.into());
            return Err(ConnectError::JetStreamPrefix { prefix, source });
        }
        let servers: Vec<String> = options.servers.iter().map(|list| shown(list)).collect();
        let (servers, waited) = (servers.join(", "), options.connect_timeout);
        match Nats::connect(options).await {
            Ok(nats) => {
                let bus = Bus::on(Transport::Nats(nats), timeouts);
                let bus = bus.publishing(cloud_events).fitting(environment).tracing(traces);
                #[cfg(feature = "metrics")]
                let bus = bus.measured(self.metrics);
                Ok(bus)
            }
            Err(fault) => Err(ConnectError::of(fault, servers, waited)),
        }
    }

    #[cfg(feature = "memory")]
    #[expect(clippy::unnecessary_wraps, reason = "without the feature it fails")]
    fn embedded(self) -> Result<Bus, ConnectError> {
        Ok(self.in_memory())
    }

    #[cfg(not(feature = "memory"))]
    #[expect(clippy::unused_self, reason = "with the feature it is used")]
    fn embedded(self) -> Result<Bus, ConnectError> {
        Err(ConnectError::Feature { address: "memory:".to_owned(), feature: "memory" })
    }

    /// Makes the bus at once, and the connection as soon as a server answers: for a program that starts
    /// beside its server, or does something without it.
    ///
    /// It is tried again as after a loss, [without end](Self::max_reconnects), also where the server refuses
    /// the credentials: [`Bus::state`] is [`Connecting`](crate::ConnectionStatus::Connecting) and says why,
    /// [`Bus::events`] tells what becomes of it, and [`Bus::health`] is not ready. Until there is a
    /// connection
    ///
    /// - an event of a stream waits as long as its [timeout](Self::publish_timeout) says, and so does a
    ///   request; the error says why there is no connection;
    /// - an event without a stream is kept for the server, as many as 2,048 messages in all; one more waits
    ///   for 5 s, and fails;
    /// - a registry waits to start: [`Registry::start`](crate::Registry::start) and
    ///   [`Registry::serve`](crate::Registry::serve) go on when the server comes. The signal of
    ///   [`Serve::with_graceful_shutdown`](crate::Serve::with_graceful_shutdown) ends that, too;
    /// - what else asks the server fails after 5 s: a subscription, a consumer, a stream that is to be made.
    ///
    /// # Errors
    /// [`ConnectError`] for what no server could change: an address, a file or credentials that can't be
    /// read.
    ///
    /// # Cancel safety
    /// Dropping the future gives the connection up.
    ///
    /// ```no_run
    /// # use tidings::prelude::*;
    /// # async fn connect() -> Result<(), Box<dyn std::error::Error>> {
    /// let bus = Bus::builder().server("nats://nats.example.com").connect_lazily().await?;
    /// if !bus.health().await.ready {
    ///     println!("going on without a server");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn connect_lazily(mut self) -> Result<Bus, ConnectError> {
        self.options.lazily = true;
        self.connect().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_number_of_replicas_that_no_stream_has_is_told_before_anything_is_tried() {
        for replicas in [0, 6] {
            let builder = Bus::builder().server("nats://127.0.0.1:1").stream_replicas(replicas);
            let error = builder.connect().await.unwrap_err();
            assert!(matches!(error, ConnectError::StreamReplicas { .. }), "{error}");
            assert!(error.to_string().contains(&replicas.to_string()), "{error}");
        }
    }
}
