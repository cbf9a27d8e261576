//! The bus under test.

use std::fmt::Debug;
use std::panic::Location;
use std::time::Duration;

use tidings::{Bus, BusBuilder, Decode, Delivery, DeliveryKind, Event, EventStream, Subscription};
use tidings_tests::{Server, eventually};

/// Features that not every transport has. A scenario that needs it is made a test only of those
/// that can.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Features {
    /// `true` if the server can be ended and started again, with its store, under buses that stand on it.
    pub(crate) restart: bool,
}

/// A transport, fresh for one scenario.
pub(crate) struct Env {
    bus: Bus,
    server: Option<Server>,
}

impl Env {
    /// Features of a bus in this process.
    pub(crate) const MEMORY: Features = Features { restart: false };
    /// Features of a bus over a nats-server.
    pub(crate) const NATS: Features = Features { restart: true };

    pub(crate) fn memory() -> Self {
        Self { bus: Bus::in_memory(), server: None }
    }

    pub(crate) async fn nats() -> Self {
        let server = Server::start().await;
        let bus = Bus::connect(server.url()).await.expect("a bus on the server");
        Self { bus, server: Some(server) }
    }

    pub(crate) fn bus(&self) -> Bus {
        self.bus.clone()
    }

    /// Bus as another process would have it: over a connection of its own, or the same one in this
    /// process.
    pub(crate) async fn another_bus(&self) -> Bus {
        match &self.server {
            Some(server) => Bus::connect(server.url()).await.expect("a bus on the server"),
            None => self.bus.clone(),
        }
    }

    /// A bus of its own with options: on the same server, or another one in this process.
    pub(crate) async fn bus_with_options(
        &self,
        options: impl FnOnce(BusBuilder) -> BusBuilder,
    ) -> Bus {
        let builder = options(Bus::builder());
        match &self.server {
            Some(server) => builder.server(server.url()).connect().await.expect("a bus"),
            None => builder.in_memory(),
        }
    }

    /// The bus, with a stream created on it.
    pub(crate) async fn bus_with<S: EventStream>(&self) -> Bus {
        self.bus.provision::<S>().await.expect("the stream is created");
        self.bus()
    }

    /// Returns `true` if time is tokio's, which is paused: what is due happens at its time and not
    /// later.
    pub(crate) fn is_exact(&self) -> bool {
        self.server.is_none()
    }

    /// Maximum error of a time that was measured: a timer's grain, and over a network two clocks.
    pub(crate) fn coarse(&self) -> Duration {
        Duration::from_millis(if self.is_exact() { 5 } else { 20 })
    }

    /// Waits until so many subscriptions take what is published on a subject. A bus in this process
    /// does not tell: its time passes once nothing else is left to be done.
    pub(crate) async fn listeners(&self, subject: &str, count: u64) {
        let Some(server) = &self.server else { return tokio::time::sleep(SHORT).await };
        eventually(SOON, format!("{count} listen to {subject}"), || async {
            let found = server.monitor(&format!("/subsz?subs=1&test={subject}")).await;
            if found["total"] == count { Ok(()) } else { Err(found) }
        })
        .await;
    }

    /// Ends the server in good order and starts it again. Needs [`Features::restart`].
    pub(crate) async fn restart(&mut self) {
        let server = self.server.as_mut().expect("a server that can be restarted");
        server.stop().await;
        server.restart().await;
    }

    /// Kills the server and starts it again. Needs [`Features::restart`].
    pub(crate) async fn crash(&mut self) {
        self.server.as_mut().expect("a server that can be restarted").restart().await;
    }
}

/// Long enough for what must happen, on a busy machine too.
pub(crate) const SOON: Duration = Duration::from_secs(10);
/// Long enough for what is much.
pub(crate) const BY_AND_BY: Duration = Duration::from_secs(60);
/// A wait that can be seen, and does not keep a test.
pub(crate) const SHORT: Duration = Duration::from_millis(200);

/// Waits for what must happen soon.
#[track_caller]
pub(crate) fn soon<F: Future>(future: F) -> impl Future<Output = F::Output> {
    within(SOON, future)
}

/// Waits for what must happen in this time.
#[track_caller]
pub(crate) fn within<F: Future>(time: Duration, future: F) -> impl Future<Output = F::Output> {
    let place = Location::caller();
    async move {
        let outcome = tokio::time::timeout(time, future).await;
        outcome.unwrap_or_else(|_| panic!("nothing within {time:?} at {place}"))
    }
}

/// Waits a little for what must not happen.
#[track_caller]
pub(crate) fn never<F: Future<Output: Debug>>(
    within: Duration,
    future: F,
) -> impl Future<Output = ()> {
    let place = Location::caller();
    async move {
        if let Ok(outcome) = tokio::time::timeout(within, future).await {
            panic!("this must not happen: {outcome:?} at {place}");
        }
    }
}

/// The next delivery, soon.
#[track_caller]
pub(crate) fn next<E: Event + Decode + Debug, K: DeliveryKind>(
    flow: &mut Subscription<E, K>,
) -> impl Future<Output = Delivery<E, K>> {
    let place = Location::caller();
    let next = soon(flow.next());
    async move {
        match next.await {
            Some(Ok(delivery)) => delivery,
            Some(Err(error)) => panic!("{error:?} at {place}"),
            None => panic!("the flow has ended at {place}"),
        }
    }
}
