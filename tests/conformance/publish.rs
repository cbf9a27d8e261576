//! Publishing: what is stored, refused and confirmed.

pub(crate) mod atomic;
pub(crate) mod confirm;
pub(crate) mod dedup;
pub(crate) mod delay;
pub(crate) mod fast_ingest;
pub(crate) mod header;
pub(crate) mod read_back;
pub(crate) mod subject;
