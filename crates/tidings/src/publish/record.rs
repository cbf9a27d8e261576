//! A message as data: encoded once, kept anywhere, and published later as it was.

mod data;
mod error;
mod json;
mod send;
mod stored_ids;

pub use data::Record;
pub use error::{PublishRecordError, RecordError};
pub(crate) use send::publish_records;
pub use stored_ids::StoredIds;
