//! Opening a bucket to be read in order, and what of it goes by itself.

use super::super::entry::{RemovalReason, is_removed, removal_of};
use super::super::store::Store;
use crate::header;
use crate::stream::StreamConfig;
use crate::subject::Subject;
use crate::transport::{
    ApiError, ConsumerKind, DeliverFrom, Extent, Fault, Identity, Ordered, StoredHeaders,
    StoredMessage,
};

/// A bucket that is read.
pub(super) struct Opened {
    pub(super) ordered: Ordered,
    /// Identity of the stream; `None` where that may not be asked.
    pub(super) identity: Option<Identity>,
    /// `true` if values expire without a marker: a value that is gone is nothing that was missed.
    is_silent: bool,
    /// `true` if a purge is forgotten after a time.
    forgets: bool,
}

impl Opened {
    /// Returns `true` if a message stays where it is until another of its key comes.
    pub(super) fn keeps(&self, message: &StoredMessage) -> bool {
        !self.is_silent && stays(message, self.forgets)
    }
}

pub(super) async fn open(
    store: Store,
    filter: Subject,
    from: DeliverFrom,
    extent: Extent,
) -> Result<Opened, Fault> {
    let (transport, stream) = (&store.link.transport, store.stream());
    let not_found = || ApiError::stream_not_found("stream not found");
    // Before it is read: what is another stream by then is noticed at the first look.
    let (identity, config) = match transport.stream_bounds(stream).await {
        Err(Fault::Denied(_)) => (None, None),
        bounds => {
            let bounds = bounds?.ok_or_else(not_found)?;
            (Some(bounds.identity), transport.stream(stream).await?)
        }
    };
    let ordered = transport.ordered(stream, filter, from, extent, ConsumerKind::Push).await?;
    let marks = |config: &StreamConfig| config.subject_delete_marker_ttl.is_some();
    let expires = |config: &StreamConfig| config.max_age.is_some() || config.allow_message_ttl;
    Ok(Opened {
        ordered,
        identity,
        is_silent: config.as_ref().is_none_or(|config| expires(config) && !marks(config)),
        forgets: config.as_ref().is_some_and(|config| config.max_age.is_some()),
    })
}

/// Returns `true` if a message stays where it is until another of its key comes.
fn stays(message: &StoredMessage, forgets: bool) -> bool {
    if !is_removed(message) {
        return true;
    }
    let StoredHeaders::Read(headers) = &message.headers else { return true };
    let is_timed = headers.get(header::TTL).is_some();
    let is_forgotten = forgets && removal_of(headers) == Some(RemovalReason::Purged);
    !is_timed && !is_forgotten
}
