//! Dead letters: putting aside what can't be handled, and the way back. `contract.md` is what
//! others can rely on: the subject and the headers of letters, and of what was put back.

mod cause;
mod client;
mod error;
mod filter;
mod key;
mod lease;
mod letter;
mod letter_stream;
mod list;
mod naming;
mod original;
mod original_stream;
mod policy;
mod progress;
mod provision;
mod purge;
mod redrive;
mod store;
mod stored_letter;
mod text;

pub(crate) use cause::Cause;
pub use cause::DeadLetterReason;
pub use client::DeadLetters;
pub use error::DeadLetterError;
pub use filter::DeadLetterFilter;
pub(crate) use lease::with_lease;
pub use list::DeadLetterList;
pub(crate) use naming::{exhausted_subject, stream_of};
pub use policy::DeadLetterPolicy;
pub use progress::DeadLetterProgress;
pub(crate) use provision::provision;
pub use purge::{Purge, PurgeReport};
pub use redrive::{Redrive, RedriveReport};
pub(crate) use store::{is_stored, may_go, remove, store, store_read};
pub use stored_letter::DeadLetter;
#[cfg(any(test, fuzzing))]
pub(crate) use stored_letter::open_any;

#[cfg(test)]
mod tests;
