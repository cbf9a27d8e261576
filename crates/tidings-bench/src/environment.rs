//! Environment of all rows: a server of their own, and a connection for each side.

use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use async_nats::jetstream::{self, stream};
use async_nats::{Client, RequestErrorKind, Subject};
use tidings::{Bus, Event, EventStream};
use tidings_tests::Server;
use tokio::time::{Instant, timeout};

use crate::event::{Ingested, Order, Stored, several};
use crate::responder;
use crate::wire_publisher::WirePublisher;

/// A publisher on the wire asks for no acks, and so nothing but this keeps the server from dropping what a stream
/// has not taken yet.
const SERVER: &str = "jetstream { max_buffered_msgs: 1000000, max_buffered_size: 1GB }";

/// Longest time that the server may take for what a lap left to do.
const WITHIN: Duration = Duration::from_secs(30);

/// A server, with one connection for each side and one for what neither is measured by.
#[derive(Debug)]
pub(crate) struct Environment {
    server: Server,
    /// The connection of who writes by hand.
    pub(crate) raw: Client,
    /// JetStream context of that connection.
    pub(crate) jetstream: jetstream::Context,
    /// The connection of Tidings.
    pub(crate) bus: Bus,
    admin: jetstream::Context,
}

impl Environment {
    /// Starts a server and connects.
    pub(crate) async fn start() -> Result<Self> {
        let server = Server::with_config(SERVER).await;
        let raw = server.client().await;
        let admin = jetstream::new(server.client().await);
        let bus = Bus::connect(server.url()).await?;
        let environment = Self { jetstream: jetstream::new(raw.clone()), raw, bus, admin, server };
        responder::start(environment.url()).await?;
        environment.bus.provision::<Stored>().await?;
        environment.bus.provision::<Ingested>().await?;
        Ok(environment)
    }

    /// The server's URL.
    pub(crate) fn url(&self) -> String {
        self.server.url()
    }

    /// The process of the server.
    pub(crate) fn server_process(&self) -> u32 {
        self.server.process_id()
    }

    /// Empties a stream: made anew, it has forgotten the ids too.
    pub(crate) async fn renew<S: EventStream>(&self) -> Result<()> {
        let config = self.admin.get_stream(S::NAME).await?.cached_info().config.clone();
        self.admin.delete_stream(S::NAME).await?;
        self.admin.create_stream(config).await?;
        Ok(())
    }

    /// Number of messages that a stream holds.
    pub(crate) async fn stored<S: EventStream>(&self) -> Result<u64> {
        Ok(self.admin.get_stream(S::NAME).await?.cached_info().state.messages)
    }

    /// Checks that a stream holds so many messages.
    pub(crate) async fn holds<S: EventStream>(&self, messages: usize) -> Result<()> {
        let stored = self.stored::<S>().await?;
        ensure!(stored == messages as u64, "{} holds {stored} of {messages} messages", S::NAME);
        Ok(())
    }

    /// Waits until a stream holds so many messages.
    pub(crate) async fn until_it_holds<S: EventStream>(&self, messages: usize) -> Result<()> {
        let by = Instant::now() + WITHIN;
        loop {
            // Each answer of the server is what is waited for.
            let stored = self.stored::<S>().await?;
            if stored == messages as u64 {
                return Ok(());
            }
            ensure!(Instant::now() < by, "{} holds {stored} of {messages} messages", S::NAME);
        }
    }

    /// Fills a stream with orders, each with its id, if it does not hold as many already.
    pub(crate) async fn fill<S: EventStream, O: Order + Event>(&self, orders: usize) -> Result<()> {
        if self.stored::<S>().await? == orders as u64 {
            return Ok(());
        }
        self.renew::<S>().await?;
        let subject = O::numbered(0).subject()?;
        let publisher = WirePublisher::with_id(subject.as_str(), &several::<O>(orders))?;
        publisher.connect(&self.url())?.send(None)?.done().await?;
        self.until_it_holds::<S>(orders).await
    }

    /// A handle of a stream, for who reads it by hand.
    pub(crate) async fn stream<S: EventStream>(&self) -> Result<stream::Stream> {
        Ok(self.jetstream.get_stream(S::NAME).await?)
    }

    /// Waits until the server has every ack of a consumer.
    pub(crate) async fn settled<S: EventStream>(&self, consumer: &str) -> Result<()> {
        let stream = self.admin.get_stream_no_info(S::NAME).await?;
        let by = Instant::now() + WITHIN;
        loop {
            let info = stream.consumer_info(consumer).await?;
            let (pending, unsettled) = (info.num_pending, info.num_ack_pending);
            if pending == 0 && unsettled == 0 {
                return Ok(());
            }
            ensure!(Instant::now() < by, "{consumer}: {pending} to come, {unsettled} unsettled");
        }
    }

    /// Removes a consumer.
    pub(crate) async fn forget<S: EventStream>(&self, consumer: &str) -> Result<()> {
        self.admin.get_stream_no_info(S::NAME).await?.delete_consumer(consumer).await?;
        Ok(())
    }
}

/// Waits until the server has seen everything that was sent on this connection: an ordered round
/// trip, as Tidings does it.
pub(crate) async fn barrier(client: &Client) -> Result<()> {
    const NOBODY: Subject = Subject::from_static_validated("nobody.listens.here");
    let asked = timeout(WITHIN, client.request(NOBODY, "".into())).await;
    match asked.context("the server does not answer")? {
        Err(error) if error.kind() == RequestErrorKind::NoResponders => Ok(()),
        other => bail!("nobody was asked, and {other:?} came"),
    }
}
