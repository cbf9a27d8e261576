//! Validation: from what was written to what is declared, or to what is wrong with it.

pub(crate) mod bucket;
pub(crate) mod contract;
pub(crate) mod event;
pub(crate) mod id;
mod payload;
pub(crate) mod request;
pub(crate) mod stream;
pub(crate) mod token;
