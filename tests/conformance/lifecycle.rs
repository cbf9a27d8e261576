//! Registries and routes from their start to their shutdown, and what interrupts them.

pub(crate) mod cancellation;
pub(crate) mod churn;
pub(crate) mod deletion;
pub(crate) mod discovery;
pub(crate) mod drain;
pub(crate) mod pause;
pub(crate) mod reconnect;
pub(crate) mod registry;
pub(crate) mod shutdown;
pub(crate) mod status;
