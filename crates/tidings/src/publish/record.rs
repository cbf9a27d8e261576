//! A message as data: encoded once, kept anywhere, and published later as it was.

mod atomic;
mod data;
mod error;
mod json;
mod send;
mod stored_ids;

pub(crate) use atomic::publish_records_atomically;
pub use data::Record;
pub use error::{AtomicRecordsError, PublishRecordError, RecordError};
pub(crate) use send::publish_records;
pub use stored_ids::StoredIds;
