//! Connections to a server: how they are made, kept and ended, and what the server denies on them.

pub(crate) mod address;
pub(crate) mod connect;
pub(crate) mod disruption;
pub(crate) mod permission;
pub(crate) mod server_connection;
pub(crate) mod supervisor;
