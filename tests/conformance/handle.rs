//! Handlers: what they are given, side by side, in order and in their time.

pub(crate) mod batch;
pub(crate) mod deadline;
pub(crate) mod handler;
pub(crate) mod hung_handler;
pub(crate) mod idempotence;
pub(crate) mod order;
pub(crate) mod prefetch;
pub(crate) mod request;
pub(crate) mod route_option;
pub(crate) mod unknown_version;
pub(crate) mod user_panic;
