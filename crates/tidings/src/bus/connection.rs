//! State, events and health of a bus's connection.

use super::Bus;
use crate::health::{self, Health, HealthThresholds};
use crate::transport::{ConnectionEvents, ConnectionState};

impl Bus {
    /// State of the bus's connection now. Nobody is asked, and nothing waited for.
    ///
    /// ```
    /// # use tidings::prelude::*;
    /// use tidings::ConnectionStatus;
    ///
    /// # let bus = Bus::in_memory();
    /// assert_eq!(bus.state().status, ConnectionStatus::Connected);
    /// ```
    pub fn state(&self) -> ConnectionState {
        self.link.transport.state()
    }

    /// The events of its connection from now on; the first one says how it is now, as
    /// [`state`](Self::state) does. What happens while this is called may be told twice, and is never
    /// missed.
    ///
    /// ```
    /// # use tidings::prelude::*;
    /// use tidings::ConnectionEventKind;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let bus = Bus::in_memory();
    /// let mut events = bus.events();
    /// bus.close().await?;
    /// while let Some(event) = events.next().await {
    ///     println!("{event}");
    ///     if let ConnectionEventKind::Disconnected { cause } = &event.kind {
    ///         println!("because {cause}");
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn events(&self) -> ConnectionEvents {
        self.link.transport.events()
    }

    /// Health of the bus: whether it lives and is ready, by the default thresholds, as
    /// [`health_by`](Self::health_by). [`Running::health`](crate::Running::health) also looks at
    /// handlers.
    ///
    /// # Cancel safety
    /// Nothing is lost if the future is dropped.
    pub async fn health(&self) -> Health {
        self.health_by(&HealthThresholds::default()).await
    }

    /// Health of the bus: whether it lives, which is until it is closed, and whether it is ready:
    /// there is a connection, and its server answers and is not about to stop. A server that is
    /// away is not waited for, and one that does not answer no longer than
    /// [`HealthThresholds::within`]. An answer is half a second old at most; who asks more often, or
    /// at the same time, gets the same one, and the server hears nothing of it.
    ///
    /// # Cancel safety
    /// Nothing is lost if the future is dropped.
    pub async fn health_by(&self, thresholds: &HealthThresholds) -> Health {
        Health::of(health::connection(&self.link, thresholds.within).await)
    }
}
