//! Registries and routes from their start to their shutdown, and what interrupts them.

mod cancellation;
mod churn;
mod connection;
mod deletion;
mod discovery;
mod drain;
mod health;
mod pause;
mod reconnect;
mod registry;
mod shutdown;
mod status;
