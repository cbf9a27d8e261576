//! Forgetting what can't come again, a little at a time.

use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

use super::{Inbox, InboxError, Keep};
use crate::database::{Database, forget};

/// A task that cleans up; dropped, it ends.
#[derive(Debug)]
#[must_use = "dropped, it ends"]
pub struct CleanUp(JoinHandle<()>);

impl Drop for CleanUp {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl<Db: Database> Inbox<Db> {
    /// Forgets what is older than it is to be [kept](Self::keep_for), a thousand records at a time by their index; gives their
    /// number. Several programs may do so at once.
    ///
    /// # Errors
    /// [`InboxError`]; what was forgotten before stays so.
    ///
    /// # Cancel safety
    /// Each step is a transaction of its own.
    pub async fn clean_up(&self) -> Result<u64, InboxError> {
        let Keep::For(keep) = self.keep else { return Ok(0) };
        let seconds = i64::try_from(keep.as_secs()).unwrap_or(i64::MAX / 1000);
        Ok(forget(&self.pool, seconds).await?)
    }

    /// Cleans up now and then, until what this gives is dropped. An error is logged, and the next time tries again.
    pub fn clean_up_every(&self, time: Duration) -> CleanUp
    where
        Self: Send + Sync + 'static,
    {
        let inbox = self.clone();
        CleanUp(tokio::spawn(async move {
            let mut times = interval(time.max(Duration::from_millis(1)));
            times.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                times.tick().await;
                match inbox.clean_up().await {
                    Ok(0) => {}
                    Ok(forgotten) => tracing::debug!(forgotten, "the inbox is cleaned up"),
                    Err(error) => {
                        let error: &dyn std::error::Error = &error;
                        tracing::warn!(error, "the inbox can't be cleaned up");
                    }
                }
            }
        }))
    }
}
