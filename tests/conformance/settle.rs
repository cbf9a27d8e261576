//! Settlement: acknowledgement, retry, dead letter and redrive.

mod circuit_breaker;
mod cumulative_ack;
mod dead_letter;
mod failure;
mod isolation;
mod redelivery;
mod redrive;
mod retry;
