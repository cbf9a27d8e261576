//! A concrete subject, and what can be wrong with one.

mod build;
mod concrete;
mod error;
mod reserved;

pub use build::SubjectBuilder;
#[cfg(test)]
pub(crate) use build::tests::built;
pub use concrete::Subject;
pub use error::{ParseSubjectError, SubjectError};
pub(crate) use reserved::{LETTERS, SCHEDULES_END, is_inbox, reserved};
