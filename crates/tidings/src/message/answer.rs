//! Answers to requests, from a handler's result.

use serde::Serialize;

use crate::failure::Failure;
use crate::message::read_back::read_back_answer;
use crate::message::{DeclaredError as _, Outcome, Request};
use crate::user_code::text_of;

/// Reads the body of an answer as an asker would.
type ReadBack = fn(&[u8]) -> Result<(), Failure>;

impl Outcome {
    /// The outcome of a request's handler where no error is declared.
    pub fn of_request<R: Serialize, Q: Request<Reply = R>>(
        result: Result<R, Failure>,
        reads_back: bool,
    ) -> Self {
        match result {
            Ok(reply) => Self::reply::<R, Q>(&reply, reads_back),
            Err(failure) => Self::Failed(failure),
        }
    }

    /// The outcome of a request's handler where an error is declared.
    pub fn of_declared<R: Serialize, Q: Request<Reply = R>>(
        result: Result<R, Q::Declared>,
        reads_back: bool,
    ) -> Self {
        match result {
            Ok(reply) => Self::reply::<R, Q>(&reply, reads_back),
            Err(error) => {
                let description = text_of(&error);
                let reads_back = reads_back.then_some(Q::Declared::read_back as ReadBack);
                Self::body(&error, reads_back)
                    .map_or_else(Self::Failed, |body| Self::Declared { description, body })
            }
        }
    }

    fn reply<R: Serialize, Q: Request<Reply = R>>(reply: &R, reads_back: bool) -> Self {
        let as_asker: ReadBack = |body| read_back_answer::<Q::Reply>(body).map_err(Failure::reject);
        Self::body(reply, reads_back.then_some(as_asker)).map_or_else(Self::Failed, Self::Reply)
    }

    fn body<T: Serialize>(value: &T, read_back: Option<ReadBack>) -> Result<Vec<u8>, Failure> {
        let body = serde_json::to_vec(value).map_err(Failure::reject)?;
        if let Some(read_back) = read_back {
            read_back(&body)?;
        }
        Ok(body)
    }
}
