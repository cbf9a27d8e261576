//! The bus under test.

use std::time::Duration;

use tidings::{Bus, EventStream};
use tidings_tests::Server;

/// A transport, fresh for one scenario.
pub(crate) struct Env {
    bus: Bus,
    server: Option<Server>,
}

impl Env {
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

    /// The same bus as another process would have it: over a connection of its own.
    pub(crate) async fn another_bus(&self) -> Bus {
        match &self.server {
            Some(server) => Bus::connect(server.url()).await.expect("a bus on the server"),
            None => self.bus.clone(),
        }
    }

    /// The bus, with a stream created on it.
    pub(crate) async fn bus_with<S: EventStream>(&self) -> Bus {
        self.bus.provision::<S>().await.expect("the stream is created");
        self.bus()
    }
}

/// Long enough for what must happen, on a busy machine too.
pub(crate) const SOON: Duration = Duration::from_secs(10);

/// Waits for what must happen soon.
#[track_caller]
pub(crate) fn soon<F: Future>(future: F) -> impl Future<Output = F::Output> {
    let place = std::panic::Location::caller();
    async move {
        let outcome = tokio::time::timeout(SOON, future).await;
        outcome.unwrap_or_else(|_| panic!("nothing within {SOON:?} at {place}"))
    }
}

/// Waits a little for what must not happen.
#[track_caller]
pub(crate) fn never<F: Future<Output: std::fmt::Debug>>(
    within: Duration,
    future: F,
) -> impl Future<Output = ()> {
    let place = std::panic::Location::caller();
    async move {
        if let Ok(outcome) = tokio::time::timeout(within, future).await {
            panic!("this must not happen: {outcome:?} at {place}");
        }
    }
}
