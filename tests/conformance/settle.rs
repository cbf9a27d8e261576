//! Settlement: acknowledgement, retry, dead letter and redrive.

pub(crate) mod circuit_breaker;
pub(crate) mod cumulative_ack;
pub(crate) mod dead_letter;
pub(crate) mod failure;
pub(crate) mod isolation;
pub(crate) mod redelivery;
pub(crate) mod redrive;
pub(crate) mod retry;
