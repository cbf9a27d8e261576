//! Errors of writing and reading objects.

mod get;
mod name;
mod put;
mod read;

pub use get::ObjectGetError;
pub use name::ObjectNameError;
pub use put::ObjectPutError;
pub use read::ObjectReadError;
