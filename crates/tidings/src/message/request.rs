//! Requests, and the errors that they declare.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::message::Message;
use crate::message::read_back::read_back_answer;
use crate::payload;

/// Something that is asked: one handler gives one reply.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no request",
    label = "not a request",
    note = "add `#[derive(Request)] #[request(subject = \"inventory.check\", reply = Stock)]` to it"
)]
pub trait Request: Message<Reply: DeserializeOwned + Send> {
    /// The declared error, or [`Undeclared`] where none is declared.
    type Declared: DeclaredError;
}

/// The declared error of a request that declares none: it has no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("no error is declared")]
pub enum Undeclared {}

/// The error that a request declares: it travels as the body of an error reply.
///
/// Every serializable [`Error`](std::error::Error) is one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be the error of a request",
    label = "not an error that can travel",
    note = "a declared error implements `std::error::Error`, `Serialize` and `Deserialize`"
)]
pub trait DeclaredError: std::error::Error + Serialize + Sized + Send + Sync + 'static {
    /// Reads it back from an error reply's body; `None` if nothing is declared or it is another.
    #[doc(hidden)]
    fn from_body(body: &[u8]) -> Option<Self>;

    /// Checks whether it can be read back from its body.
    #[doc(hidden)]
    fn read_back(body: &[u8]) -> Result<(), Failure>;
}

#[diagnostic::do_not_recommend]
impl<E> DeclaredError for E
where
    E: std::error::Error + Serialize + DeserializeOwned + Send + Sync + 'static,
{
    fn from_body(body: &[u8]) -> Option<Self> {
        // An error without a body is somebody else's, also where the declared one has no fields.
        if body.is_empty() { None } else { payload::read(body).ok() }
    }

    fn read_back(body: &[u8]) -> Result<(), Failure> {
        read_back_answer::<Self>(body).map_err(Failure::reject)
    }
}
