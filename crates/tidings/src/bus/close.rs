//! The end of a bus: sending what is left, and closing its connections.

use std::time::Duration;

use tokio::time::Instant;

use super::{Bus, CloseError};

impl Bus {
    /// Waits until the server has seen everything that was published from here, for up to 10 s;
    /// [`BusBuilder::close_timeout`](crate::BusBuilder::close_timeout) says another time.
    ///
    /// # Errors
    /// [`CloseError`] if the server does not answer in time, or did not allow a message that was
    /// published before.
    ///
    /// # Cancel safety
    /// Nothing is lost if the future is dropped.
    pub async fn flush(&self) -> Result<(), CloseError> {
        self.flush_within(self.link.timeouts.close).await
    }

    async fn flush_within(&self, within: Duration) -> Result<(), CloseError> {
        self.link.transport.barrier(within).await.map_err(CloseError::from)?;
        self.link.transport.denied().map_or(Ok(()), |denial| Err(CloseError::Denied(denial)))
    }

    /// Closes within 10 s, or [`BusBuilder::close_timeout`](crate::BusBuilder::close_timeout), as
    /// [`close_within`](Self::close_within).
    ///
    /// # Errors
    /// [`CloseError`] if the server does not take what is left in time.
    ///
    /// # Cancel safety
    /// Dropping the future leaves the connection open, or half way to being closed.
    pub async fn close(self) -> Result<(), CloseError> {
        let within = self.link.timeouts.close;
        self.close_within(within).await
    }

    /// Sends what is left, then closes the connection for all clones. Shut a registry down before.
    ///
    /// When `deadline` has passed it is closed all the same, also while the server is away: the
    /// connection does not come back, subscriptions end, and nothing is received any more.
    ///
    /// # Errors
    /// [`CloseError`] if the server does not take what is left in time.
    ///
    /// # Cancel safety
    /// Dropping the future leaves the connection open, or half way to being closed.
    pub async fn close_within(self, deadline: Duration) -> Result<(), CloseError> {
        let begun = Instant::now();
        // It is closed also where the server does not answer; that is the error then.
        let flushed = self.flush_within(deadline).await;
        let left = match &flushed {
            // It answers, or says what it does not allow.
            Ok(()) | Err(CloseError::Denied(_)) => deadline.saturating_sub(begun.elapsed()),
            Err(_) => Duration::ZERO,
        };
        let closed = self.link.transport.close(left).await.map_err(CloseError::from);
        flushed.and(closed)
    }
}
