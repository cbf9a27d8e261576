//! Messages: the traits that the derives implement.

mod ancestry;
mod declaration;
mod describe;
mod digest;
mod filter;
mod id;
mod outcome;
mod part;
mod read_back;
mod reader;
mod variant;

pub(crate) use ancestry::Ancestry;
pub use declaration::{Declaration, MessageKind, kept};
pub use describe::{describe_event, describe_fallible_request, describe_request};
pub(crate) use digest::{Digest, digest};
pub(crate) use filter::filters;
pub use filter::{Filter, FilterTokens, Unfiltered};
pub(crate) use id::MessageIdBuilder;
pub use id::{id_part, message_id};
pub use outcome::Outcome;
pub use part::{ClonePart, Part, debug_part, debug_parts};
pub use read_back::{ReadBackError, read_back};
pub use reader::SubjectReader;
pub use variant::{DecodePart, VariantTokens, no_variant};

use std::io;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tidings_contract::Descriptor;

use crate::failure::Failure;
use crate::payload;
use crate::publish_ack::{Acknowledgement, PublishAck};
use crate::stream::EventStream;
use crate::subject::{ParseSubjectError, Subject, SubjectError};

/// A type that is sent over the bus: its declaration, its subject and its payload.
///
/// Implemented by `#[derive(Event)]` and `#[derive(Request)]`, never by hand.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no message",
    label = "neither an event nor a request",
    note = "derive `Event` for something that happened, or `Request` for something that is asked"
)]
pub trait Message: Sized + Send + Sync {
    /// Result of its handlers: `()` for an event, the reply for a request.
    type Reply;
    /// Error of its handlers.
    type Error;
    /// The values of its subject's tokens, typed as the fields they are bound to: a struct with those
    /// fields, and for an enum of events an enum with its variants. An alias gives it a name, as
    /// [`parse_subject`](Message::parse_subject) shows.
    type Tokens: Send + 'static;
    /// Filter that [`filter`](Message::filter) makes: one method for each token.
    type Filter: Filter<Message = Self>;

    /// Declarations: one, or one for each variant of an enum of events.
    const DECLARATIONS: &'static [&'static Declaration];
    /// The wire name; `None` only for an enum of events that was given none.
    const NAME: Option<&'static str> = Some(Self::DECLARATIONS[0].name);

    /// The declaration of this value.
    #[inline]
    fn declaration(&self) -> &'static Declaration {
        Self::DECLARATIONS[0]
    }

    /// The concrete subject of this value.
    ///
    /// # Errors
    /// [`SubjectError`], naming the field, if a value can't be a token.
    fn subject(&self) -> Result<Subject, SubjectError>;

    /// The id by which a stream knows this value again, where id fields are declared.
    fn message_id(&self) -> Option<String> {
        None
    }

    /// Writes the payload.
    ///
    /// # Errors
    /// What the type's `Serialize` or the writer fails with.
    fn encode<W: io::Write>(&self, payload: W) -> Result<(), serde_json::Error>;

    /// Reads its payload back, where its type can be received and has no parameters.
    #[doc(hidden)]
    fn read_back(&self, _: &[u8]) -> Result<(), ReadBackError> {
        Ok(())
    }

    /// A filter over its subjects; it matches all of them until a method narrows a token.
    fn filter() -> Self::Filter;

    /// The typed tokens of a concrete subject.
    ///
    /// ```
    /// use tidings::prelude::*;
    /// use tidings::{Message, ParseSubjectError};
    ///
    /// #[derive(Serialize, Deserialize, JsonSchema, Event)]
    /// #[event(subject = "orders.{region}.created")]
    /// struct OrderCreated {
    ///     region: String,
    /// }
    ///
    /// #[derive(Serialize, Deserialize, JsonSchema, Event)]
    /// #[event(subject = "orders.{region}.{number}.cancelled")]
    /// struct OrderCancelled {
    ///     region: String,
    ///     number: u64,
    /// }
    ///
    /// #[derive(Event)]
    /// enum OrderEvent {
    ///     Created(OrderCreated),
    ///     Cancelled(OrderCancelled),
    /// }
    ///
    /// type OrderTokens = <OrderEvent as Message>::Tokens;
    ///
    /// match OrderEvent::parse_subject("orders.eu.7.cancelled")? {
    ///     OrderTokens::Cancelled(tokens) => assert_eq!((&*tokens.region, tokens.number), ("eu", 7)),
    ///     OrderTokens::Created(tokens) => panic!("one was created in {}", tokens.region),
    /// }
    /// # Ok::<(), ParseSubjectError>(())
    /// ```
    ///
    /// # Errors
    /// [`ParseSubjectError`] if the subject is not one of this message.
    fn parse_subject(subject: &str) -> Result<Self::Tokens, ParseSubjectError>;

    /// Contract as data: one descriptor, or one for each variant.
    fn descriptors() -> Vec<Descriptor>;
}

/// A message that can be received: every one that owns its data.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can be published but not received",
    label = "not a message that can be received",
    note = "a type with borrowed fields is for publishing only; receive into one that owns its data"
)]
pub trait Decode: Message + 'static {
    /// Reads a value back from its payload; `declaration` says which of
    /// [`DECLARATIONS`](Message::DECLARATIONS) it is.
    ///
    /// # Errors
    /// What the type's `Deserialize` fails with.
    #[inline]
    fn decode(
        declaration: &'static Declaration,
        payload: &[u8],
    ) -> Result<Self, serde_json::Error> {
        Self::decode_by::<false>(declaration, payload)
    }

    /// Reads a value as [`decode`](Decode::decode) does, by a reader of its own if it `WAS_WRITTEN`
    /// just now.
    #[doc(hidden)]
    fn decode_by<const WAS_WRITTEN: bool>(
        declaration: &'static Declaration,
        payload: &[u8],
    ) -> Result<Self, serde_json::Error>;

    /// The meaning of a handler's result on the wire; an answer is read back if `reads_back`.
    #[doc(hidden)]
    fn outcome(result: Result<Self::Reply, Self::Error>, reads_back: bool) -> Outcome;
}

/// Something that happened: published for whoever is interested.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no event",
    label = "not an event",
    note = "add `#[derive(Event)] #[event(subject = \"orders.{{region}}.created\")]` to it"
)]
pub trait Event: Message<Reply = (), Error = Failure> {
    /// Ack of publishing it: [`PublishAck`] for an event with a stream, `()` without.
    type Ack: Acknowledgement;
}

/// An event that a stream keeps.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not kept by a stream",
    label = "an event without a stream",
    note = "only a stream's events can be consumed durably or replayed: name one with `#[event(stream = Orders)]`, or use `subscribe`"
)]
pub trait StreamEvent: Event<Ack = PublishAck> {
    /// The stream.
    type Stream: EventStream;
}

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
        read_back::read_back_answer::<Self>(body).map_err(Failure::reject)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_constant_subject_allocates_nothing() {
        #[derive(
            serde::Serialize, serde::Deserialize, schemars::JsonSchema, tidings_derive::Event,
        )]
        #[event(subject = "lamps.switched", crate = "crate")]
        struct Switched;

        #[derive(
            serde::Serialize, serde::Deserialize, schemars::JsonSchema, tidings_derive::Event,
        )]
        #[event(subject = "lamps.{room}.switched", crate = "crate")]
        struct SwitchedIn {
            room: u8,
        }

        // Two values that live at the same time: a text of its own would have a place of its own.
        let place = |subject: &Subject| subject.as_str().as_ptr();
        let (one, other) = (Switched.subject().unwrap(), Switched.subject().unwrap());
        assert_eq!(place(&one), place(&other));
        let event = SwitchedIn { room: 1 };
        let (one, other) = (event.subject().unwrap(), event.subject().unwrap());
        assert_ne!(place(&one), place(&other));
    }
}
