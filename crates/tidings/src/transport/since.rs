//! Finding a place in a stream by time.

use std::time::SystemTime;

use super::{ApiError, DeliverFrom, Fault, Transport, Which};
use crate::subject::Subject;

impl Transport {
    /// The sequence of the first message that was stored at this time or later and that the filter
    /// matches; that of the next one to be stored, if there is none.
    pub(crate) async fn first_since(
        &self,
        stream: &str,
        filter: &str,
        time: SystemTime,
    ) -> Result<u64, Fault> {
        // Before the look: what is stored meanwhile is behind it.
        let snapshot = self.stream_snapshot(stream).await?;
        let last = snapshot.ok_or_else(|| ApiError::stream_not_found("stream not found"))?.last;
        let found = self.stored(stream, Which::Since { time, filter }).await?;
        Ok(found.map_or(last + 1, |message| message.sequence))
    }

    /// Start of a consumer of these filters. With several of them, a nats-server (2.15.1) may
    /// leave out the first message since a time; none by its sequence, and so that is found first.
    pub(super) async fn start(
        &self,
        stream: &str,
        filters: &[Subject],
        from: DeliverFrom,
    ) -> Result<DeliverFrom, Fault> {
        match from {
            DeliverFrom::Time(time) if filters.len() > 1 => {
                self.first_since(stream, ">", time).await.map(DeliverFrom::Sequence)
            }
            from => Ok(from),
        }
    }
}
