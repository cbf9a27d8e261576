//! Consumers of a stream: pulling from a durable one, replaying with an ordered one, and settling.

pub(crate) mod ephemeral;
pub(crate) mod ordered;
pub(crate) mod pull;
pub(crate) mod receipt;
pub(crate) mod settle;
pub(crate) mod unreadable;
