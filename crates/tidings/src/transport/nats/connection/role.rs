//! The two connections of a bus.

pub(crate) use crate::transport::ConnectionRole as Role;
