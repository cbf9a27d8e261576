//! Publishing: one event, or many at a time.

mod atomic;
mod batch;
mod earlier_run;
mod error;
mod ingest;
mod item;
mod kind;
mod large;
mod locate;
mod outrun;
mod postpone;
mod prepared;
mod record;
mod recur;
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
pub(crate) use large::{check_in_all, refuse_large};
pub(crate) use outrun::{ENDED, Outrun, may_outrun, outran, pass, supersede};
pub(crate) use postpone::{Due, Postponement, due};
pub(crate) use prepared::{Prepared, prepare};
pub use record::{AtomicRecordsError, PublishRecordError, Record, RecordError, StoredIds};
pub(crate) use record::{publish_records, publish_records_atomically};
pub(crate) use recur::recur;
pub(crate) use unconfirmed::store;

use crate::header::Headers;
use crate::link::Link;
use crate::message::Event;

/// Publishes one event with these headers.
pub(crate) async fn publish<E: Event>(
    link: &Link,
    event: &E,
    headers: Headers,
) -> Result<E::Ack, PublishError> {
    let mut prepared = prepare(link, event, headers, None, None, link.cloud_events.as_ref())?;
    send::send::<E>(link, &mut prepared).await
}

/// Publishes a message that is ready.
pub(crate) fn send<E: Event>(
    link: &Link,
    prepared: &mut Prepared,
) -> impl Future<Output = Result<E::Ack, PublishError>> + Send {
    send::send::<E>(link, prepared)
}
