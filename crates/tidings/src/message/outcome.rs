//! A handler's result as it goes on the wire.

use crate::failure::Failure;

/// A handler's result, its types erased: what the runner settles or replies with.
#[derive(Debug)]
#[non_exhaustive]
pub enum Outcome {
    /// An event was handled.
    Done,
    /// A request was answered with this body.
    Reply(Vec<u8>),
    /// A request was answered with its declared error.
    Declared {
        /// The error as text.
        description: String,
        /// The error as the reply's body.
        body: Vec<u8>,
    },
    /// The handler failed.
    Failed(Failure),
}

impl Outcome {
    /// The outcome of an event's handler.
    pub fn of_event(result: Result<(), Failure>) -> Self {
        match result {
            Ok(()) => Self::Done,
            Err(failure) => Self::Failed(failure),
        }
    }
}
