//! What a handler's result means on the wire.

use serde::Serialize;

use crate::failure::Failure;
use crate::message::Request;
use crate::said::said;

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

    /// The outcome of a request's handler where no error is declared.
    pub fn of_request<R: Serialize>(result: Result<R, Failure>) -> Self {
        match result {
            Ok(reply) => Self::body(&reply).map_or_else(Self::Failed, Self::Reply),
            Err(failure) => Self::Failed(failure),
        }
    }

    /// The outcome of a request's handler where an error is declared.
    pub fn of_declared<R: Serialize, Q: Request>(result: Result<R, Q::Declared>) -> Self {
        match result {
            Ok(reply) => Self::body(&reply).map_or_else(Self::Failed, Self::Reply),
            Err(error) => {
                let description = said(&error);
                Self::body(&error)
                    .map_or_else(Self::Failed, |body| Self::Declared { description, body })
            }
        }
    }

    fn body<T: Serialize>(value: &T) -> Result<Vec<u8>, Failure> {
        serde_json::to_vec(value).map_err(Failure::reject)
    }
}
