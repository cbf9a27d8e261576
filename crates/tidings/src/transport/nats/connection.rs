//! A bus's connections to a server: how they are made, kept and ended, and what is denied on them.

pub(crate) mod address;
pub(crate) mod announce;
pub(crate) mod auth;
pub(crate) mod breaks;
pub(crate) mod certificate;
pub(crate) mod close;
pub(crate) mod connect;
pub(crate) mod connect_fault;
pub(crate) mod disruption;
pub(crate) mod ephemerals;
pub(crate) mod event_listener;
pub(crate) mod ingest_refusals;
pub(crate) mod listening;
pub(crate) mod nats;
pub(crate) mod permission;
pub(crate) mod reconnect_policy;
pub(crate) mod refusal;
pub(crate) mod role;
pub(crate) mod server_connection;
pub(crate) mod state;
pub(crate) mod supervisor;
pub(crate) mod timeout;
