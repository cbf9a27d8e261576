//! Origin of the events that a handler's run publishes.

use std::fmt::Debug;
use std::time::SystemTime;

/// The message in whose handling an event is published.
pub(crate) trait Causation: Debug + Sync {
    /// The id of an event of this wire name, subject and JSON that says none itself: the same in
    /// each run for the same message. `None` where there is no message that comes again.
    fn derive_id(&self, name: &str, subject: &str, json: &[u8]) -> Option<String>;

    /// Time since which an earlier run may have published it. `None` where this is the first.
    fn run_before_since(&self) -> Option<SystemTime>;
}
