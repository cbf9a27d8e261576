//! A service: handlers, wired by the types of their messages.

mod answer;
mod catalog;
mod control;
mod dead_letters;
mod definition;
mod error;
mod health;
#[cfg(feature = "metrics")]
mod metrics;
mod plan;
mod plan_report;
mod provision;
mod running;
mod serve;
mod store;
mod store_spec;
mod watch;

pub use catalog::RegistryCatalogError;
pub use control::{Control, NoRoute, RouteStatus};
pub use definition::Registry;
pub use error::ServeError;
pub use health::HealthProbe;
pub use plan_report::RegistryPlan;
pub use running::Running;
pub use serve::Serve;

use tidings_contract::Catalog;

use crate::bus::Bus;

impl Registry {
    /// Looks at the streams and durable consumers that it needs, and says what is to be done so
    /// that they are as declared. Nothing is touched. What of it happens at the start is for
    /// [`streams`](Self::streams) and [`consumers`](Self::consumers) to say.
    ///
    /// ```
    /// # use tidings::prelude::*;
    /// # #[derive(EventStream)]
    /// # #[stream(name = "USERS", subjects("users.>"))]
    /// # struct Users;
    /// # #[derive(Serialize, Deserialize, JsonSchema, Event)]
    /// # #[event(subject = "users.created", stream = Users)]
    /// # struct UserCreated { name: String }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let bus = Bus::in_memory();
    /// # async fn welcome(_: UserCreated, _: Context) -> Result<(), Failure> { Ok(()) }
    /// let registry = Registry::new("mail").handle::<UserCreated>(welcome);
    /// assert_eq!(
    ///     registry.plan(&bus).await?.to_string(),
    ///     "stream USERS: create, for users.>\n\
    ///      consumer mail-users_created of stream USERS: create, from the beginning\n  \
    ///        ack_wait 31s: 30s for the handler's word, and the first wait of the retry policy\n  \
    ///        max_deliver 32: 12 attempts, and 20 deliveries that are none, to put aside or give back"
    /// );
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ServeError`] if the registry could never work as it stands, or the server can't be asked.
    ///
    /// # Cancel safety
    /// Nothing is lost if the future is dropped.
    pub async fn plan(&self, bus: &Bus) -> Result<RegistryPlan, ServeError> {
        plan_report::plan_report(self, bus.link()).await
    }

    /// Catalog of the registry: its messages and their streams as data, and the service itself: each message
    /// that it handles, with the durable consumer and the policies that it would be started with, and what it
    /// was said to [publish](Self::publishes) and to [ask](Self::asks). Nothing is asked of a server, and a
    /// registry without handlers has one, too.
    ///
    /// ```
    /// # use tidings::prelude::*;
    /// # #[derive(EventStream)]
    /// # #[stream(name = "USERS", subjects("users.>"))]
    /// # struct Users;
    /// # #[derive(Serialize, Deserialize, JsonSchema, Event)]
    /// # #[event(subject = "users.created", stream = Users)]
    /// # struct UserCreated { name: String }
    /// # #[derive(Serialize, Deserialize, JsonSchema, Event)]
    /// # #[event(subject = "mail.sent")]
    /// # struct MailSent { to: String }
    /// # async fn welcome(_: UserCreated, _: Context) -> Result<(), Failure> { Ok(()) }
    /// # fn main() -> Result<(), tidings::RegistryCatalogError> {
    /// let registry = Registry::new("mail").handle::<UserCreated>(welcome).publishes::<MailSent>();
    /// let catalog = registry.catalog()?; // in a test: `.assert_current("schemas")?`
    /// assert_eq!(catalog.iter().map(|one| &*one.name).collect::<Vec<_>>(), ["mail.sent", "users.created"]);
    /// for service in catalog.services() {
    ///     for handled in &service.handles {
    ///         let consumer = handled.consumer.as_ref().map(|consumer| &*consumer.name);
    ///         assert_eq!((&*handled.filter, consumer), ("users.created", Some("mail-users_created")));
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Several registries are one catalog by [`Catalog::merge`].
    ///
    /// # Errors
    /// [`RegistryCatalogError`] if the registry could never work as it stands, or its messages do not agree
    /// with each other.
    pub fn catalog(&self) -> Result<Catalog, RegistryCatalogError> {
        catalog::catalog(self)
    }

    /// Runs on `bus` until [`Serve::with_graceful_shutdown`]'s future ends; without one, for ever.
    ///
    /// # Errors
    /// Awaited, [`ServeError`].
    pub fn serve<'a>(self, bus: &Bus) -> Serve<'a> {
        Serve::new(self, bus.link().clone())
    }

    /// Starts to run on `bus`: when this returns, every handler listens.
    ///
    /// # Errors
    /// [`ServeError`] if the registry could never work as it stands, or the server refuses.
    ///
    /// # Cancel safety
    /// Streams and consumers that were created stay; nothing is left running.
    pub async fn start(self, bus: &Bus) -> Result<Running, ServeError> {
        // Boxed: it is large, and whoever awaits it in a larger future would carry it.
        Box::pin(running::start(self, bus.link().clone())).await
    }
}
