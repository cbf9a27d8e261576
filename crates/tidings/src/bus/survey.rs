//! Questions to all who are there: which services run, and which way a message takes through the servers.

use std::time::Duration;

use super::Bus;
use crate::discovery::{self, ServiceInfo};
use crate::message_trace::MessageTrace;
use crate::subscribe::SubscribeError;

impl Bus {
    /// Asks servers for the way of a message on this subject (ADR-41, server 2.11): which streams would store it, which
    /// subscriptions would get it, which mappings and imports change its subject, and what keeps it from somebody. Await
    /// it, or first give it a payload or let it be delivered.
    ///
    /// ```no_run
    /// # use tidings::prelude::*;
    /// # async fn look(bus: &Bus) -> Result<(), Box<dyn std::error::Error>> {
    /// let way = bus.trace("orders.eu.created").await?;
    /// println!("{way}");
    /// assert_eq!(way.streams().collect::<Vec<_>>(), ["ORDERS"]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Awaited, [`TraceError`](crate::TraceError); for a bus in this process always
    /// [`TraceError::InMemory`](crate::TraceError::InMemory).
    pub fn trace(&self, subject: impl Into<String>) -> MessageTrace {
        MessageTrace::new(self.link.clone(), subject.into())
    }

    /// Asks which services run (ADR-32), Tidings' own and others, and gathers what they answer
    /// within this time: every instance, by name and id.
    ///
    /// How many there are is not known beforehand, so all of the time passes, and no more of it. Of what
    /// is answered at most 1 MiB is read at a time and 64 MiB in all, 10,000 instances and 10,000
    /// endpoints of each; a warning says what was left out. On a connection of
    /// a nearby server 200 ms are much.
    ///
    /// # Errors
    /// [`SubscribeError`] if nobody can be asked.
    ///
    /// # Cancel safety
    /// Nothing is lost if the future is dropped.
    ///
    /// ```
    /// # use tidings::prelude::*;
    /// # #[derive(Serialize, Deserialize, JsonSchema, Request)]
    /// # #[request(subject = "stock.check", reply = u32)]
    /// # struct Check { item: String }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let bus = Bus::in_memory();
    /// # let check = |_: Check, _: Context| async { Ok(3) };
    /// # let running = Registry::new("warehouse").handle::<Check>(check).start(&bus).await?;
    /// for service in bus.discover(Duration::from_millis(200)).await? {
    ///     println!("{} {}: {:?}", service.name, service.version, service.round_trip);
    ///     for endpoint in &service.endpoints {
    ///         println!("  {}: {} requests", endpoint.subject, endpoint.requests);
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn discover(&self, within: Duration) -> Result<Vec<ServiceInfo>, SubscribeError> {
        discovery::discover(&self.link, within).await
    }
}
