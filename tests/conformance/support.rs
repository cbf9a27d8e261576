//! Helpers of the scenarios: the bus under test, its messages and its handlers.

pub(crate) mod condition;
pub(crate) mod env;
pub(crate) mod handler_log;
pub(crate) mod message;
pub(crate) mod script;
pub(crate) mod shop;
