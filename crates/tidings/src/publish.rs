//! Publishing: one event, or many at a time.

mod atomic;
mod batch;
mod earlier_run;
mod error;
mod ingest;
mod item;
mod kind;
mod locate;
mod prepared;
mod record;
mod reschedule;
mod send;
mod unanswered_limit;
mod unconfirmed;
mod window;

pub use atomic::AtomicError;
pub(crate) use atomic::publish_atomically;
pub use batch::PublishAllError;
pub(crate) use batch::publish_all;
pub(crate) use earlier_run::stored_by_earlier_run;
pub use error::PublishError;
pub(crate) use prepared::{Prepared, prepare};
pub(crate) use record::publish_records;
pub use record::{PublishRecordError, Record, RecordError, StoredIds};

use std::time::Duration;

use crate::header::Headers;
use crate::link::Link;
use crate::message::Event;
use crate::publish_ack::Acknowledgement;

/// Publishes one event with these headers, to be delivered after `delay`.
pub(crate) async fn publish<E: Event>(
    link: &Link,
    event: &E,
    headers: Headers,
    delay: Option<Duration>,
) -> Result<E::Ack, PublishError> {
    let mut prepared = prepare(link, event, headers, delay, None, link.cloud_events.as_ref())?;
    send(link, &mut prepared).await
}

/// Publishes a message that is ready.
pub(crate) fn send<A: Acknowledgement>(
    link: &Link,
    prepared: &mut Prepared,
) -> impl Future<Output = Result<A, PublishError>> + Send {
    send::send(link, prepared)
}
