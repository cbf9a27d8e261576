//! Dead letters: putting aside what can't be handled, and the way back. `contract.md` is what
//! others can rely on: the subject and the headers of letters, and of what was put back.

mod cause;
mod error;
mod filter;
mod handle;
mod home;
mod key;
mod letter;
mod list;
mod opened;
mod place;
mod policy;
mod progress;
mod provision;
mod purge;
mod redrive;
mod store;
mod text;
mod turn;

pub(crate) use cause::Cause;
pub use cause::DeadLetterReason;
pub use error::DeadLetterError;
pub use filter::DeadLetterFilter;
pub use handle::DeadLetters;
pub use list::DeadLetterList;
pub use opened::DeadLetter;
#[cfg(any(test, fuzzing))]
pub(crate) use opened::open_any;
pub(crate) use place::{exhausted_subject, stream_of};
pub use policy::DeadLetterPolicy;
pub use progress::DeadLetterProgress;
pub(crate) use provision::provision;
pub use purge::{Purge, PurgeReport};
pub use redrive::{Redrive, RedriveReport};
pub(crate) use store::{is_stored, may_go, remove, store, store_read};
pub(crate) use turn::in_turn;

#[cfg(test)]
mod tests;
