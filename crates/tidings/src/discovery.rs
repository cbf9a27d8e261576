//! Service discovery (ADR-32): asking which services run.

mod client;

pub(crate) use client::discover;
#[cfg(any(test, fuzzing))]
pub(crate) use client::hear_any;
pub use client::{EndpointInfo, ServiceInfo};
