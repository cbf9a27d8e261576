//! Running a registry until it is told to stop.

use std::fmt;
use std::future::IntoFuture;
use std::pin::Pin;
use std::time::Duration;

use super::plan::plan;
use super::{Registry, ServeError, running};
use crate::link::Link;
use crate::runner::RouteReport;

/// A registry about to run, started by `.await`. It gives back what each handler did.
///
/// # Errors
/// Awaited, [`ServeError`] if the registry could never work as it stands, or the server refuses.
///
/// # Cancel safety
/// Dropping the future takes no new messages; handlers that are running finish by themselves.
#[must_use = "await it to run the registry"]
pub struct Serve<'a> {
    registry: Registry,
    link: Link,
    shutdown: Option<Pin<Box<dyn Future<Output = ()> + Send + 'a>>>,
    deadline: Duration,
}

impl<'a> Serve<'a> {
    pub(super) fn new(registry: Registry, link: Link) -> Self {
        let deadline = link.timeouts.shutdown;
        Self { registry, link, shutdown: None, deadline }
    }

    /// Runs until `signal` ends. Then no new messages are taken, those being handled are finished
    /// and settled, and the rest comes again elsewhere.
    pub fn with_graceful_shutdown(mut self, signal: impl Future<Output = ()> + Send + 'a) -> Self {
        self.shutdown = Some(Box::pin(signal));
        self
    }

    /// Sets the time that the shutdown may take; the default is 30 s, or
    /// [`BusBuilder::shutdown_timeout`](crate::BusBuilder::shutdown_timeout). A handler that is still
    /// running then is dropped, and its stream event comes again:
    /// [`Running::shutdown_within`](super::Running::shutdown_within).
    pub fn shutdown_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    async fn run(mut self) -> Result<Vec<RouteReport>, ServeError> {
        // What could never run is said now, and not when the server comes.
        plan(&self.registry)?;
        if let Some(signal) = &mut self.shutdown {
            // Where there is a server the signal is first awaited once everything listens.
            tokio::select! {
                biased;
                waited = running::first_connection(&self.registry, &self.link) => waited?,
                () = signal.as_mut() => return Ok(Vec::new()),
            }
        }
        let running = running::start(self.registry, self.link).await?;
        match self.shutdown {
            Some(signal) => signal.await,
            None => std::future::pending().await,
        }
        Ok(running.shutdown_within(self.deadline).await)
    }
}

impl<'a> IntoFuture for Serve<'a> {
    type Output = Result<Vec<RouteReport>, ServeError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl fmt::Debug for Serve<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Serve")
            .field("registry", &self.registry)
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}
