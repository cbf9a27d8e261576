//! Translations between async-nats's types and ours: headers, subjects and texts.

pub(crate) mod ascii;
pub(crate) mod header;
pub(crate) mod subject;
