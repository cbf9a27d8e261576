//! Headers: a message's own, and the names that mean something.

mod map;
mod name;
mod pairs;

pub use map::{HeaderError, HeaderFault, Headers};
pub(crate) use name::*;
