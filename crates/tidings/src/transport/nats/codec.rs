//! Translations between async-nats's types and ours: headers, subjects and texts.

pub(crate) mod ack_numbers;
pub(crate) mod ack_subject;
pub(crate) mod api_error;
pub(crate) mod ascii;
pub(crate) mod header;
pub(crate) mod message;
pub(crate) mod subject;
