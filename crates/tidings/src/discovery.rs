//! Service discovery (ADR-32): asking which services run, and being found.

mod client;
mod service;

pub(crate) use client::discover;
#[cfg(any(test, fuzzing))]
pub(crate) use client::read_any_answer;
pub use client::{EndpointInfo, ServiceInfo};
pub(crate) use service::{Counts, Endpoint, EndpointCounts, Responder, ServiceIdentity};
