//! Parts that the examples share: the messages of a small shop, and the bus they run on.

pub mod shop;

use tidings::{Bus, ConnectError};

/// The bus of the environment where `NATS_URL` is set, a bus in this process where it is not.
///
/// # Errors
/// [`ConnectError`] if `NATS_URL` is set and there is no connection.
pub async fn bus() -> Result<Bus, ConnectError> {
    match std::env::var_os("NATS_URL") {
        Some(_) => Bus::from_env().await,
        None => Ok(Bus::in_memory()),
    }
}
