//! Large events: what of them does not fit into a message stands in an object store, and the message says
//! where.

mod check_in;
mod check_out;
mod holder;
mod store;
mod sweep;
mod sweep_error;

pub(crate) use check_in::{CheckInFault, check_in, is_over};
pub(crate) use check_out::{check_out, declared, is_claim, open, refers, whole};
pub(crate) use store::store_config;
pub use sweep::{LargeSweep, SweepLarge};
pub use sweep_error::SweepLargeError;
