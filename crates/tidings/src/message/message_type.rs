//! Types that are messages, and the filters over their subjects.

use std::io;

use tidings_contract::Descriptor;

use crate::message::{Declaration, Outcome, ReadBackError, SubjectReader};
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
    /// The form in which it is written, read back and described.
    #[doc(hidden)]
    type Form: Form<Self>;

    /// Declarations: one, or one for each variant of an enum of events.
    const DECLARATIONS: &'static [&'static Declaration] = &[&Self::DECLARATION];
    /// The first declaration. A derive writes this one where there are no others: what a constant refers to is
    /// evaluated with each build, and what it is only where it is used.
    #[doc(hidden)]
    const DECLARATION: Declaration = *Self::DECLARATIONS[0];
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
    /// Errors of the type's `Serialize` and of the writer.
    #[inline]
    fn encode<W: io::Write>(&self, payload: W) -> Result<(), serde_json::Error> {
        Self::Form::encode(self, payload)
    }

    /// Reads its payload back, where its type can be received and has no parameters.
    #[doc(hidden)]
    #[inline]
    fn read_back(&self, payload: &[u8]) -> Result<(), ReadBackError> {
        Self::Form::read_back(self, payload)
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
    #[inline]
    fn parse_subject(subject: &str) -> Result<Self::Tokens, ParseSubjectError> {
        let mut reader = SubjectReader::of(Self::DECLARATIONS[0], subject);
        match Self::read_tokens(&mut reader) {
            Some(tokens) => reader.finish(tokens),
            None => Err(reader.refused()),
        }
    }

    /// Reads the tokens one after another; `None` if one is missing or no value of its field. An enum of events
    /// reads the subjects of its variants, each as a whole.
    #[doc(hidden)]
    #[inline]
    fn read_tokens(_: &mut SubjectReader<'_>) -> Option<Self::Tokens> {
        None
    }

    /// Contract as data: one descriptor, or one for each variant.
    fn descriptors() -> Vec<Descriptor> {
        Self::Form::descriptors()
    }
}

/// A message that can be received: every one that owns its data.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can be published but not received",
    label = "not a message that can be received",
    note = "a type with borrowed fields is for publishing only; receive into one that owns its data"
)]
pub trait Decode: Message<Form: Reading<Self>> + 'static {
    /// Reads a value back from its payload; `declaration` says which of
    /// [`DECLARATIONS`](Message::DECLARATIONS) it is.
    ///
    /// # Errors
    /// Errors of the type's `Deserialize`.
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
    #[inline]
    fn decode_by<const WAS_WRITTEN: bool>(
        declaration: &'static Declaration,
        payload: &[u8],
    ) -> Result<Self, serde_json::Error> {
        <Self::Form as Reading<Self>>::decode_by::<WAS_WRITTEN>(declaration, payload)
    }

    /// The meaning of a handler's result on the wire; an answer is read back if `reads_back`.
    #[doc(hidden)]
    #[inline]
    fn outcome(result: Result<Self::Reply, Self::Error>, reads_back: bool) -> Outcome {
        <Self::Form as Reading<Self>>::outcome(result, reads_back)
    }
}

/// A form in which a message is written, read back and described.
pub trait Form<M> {
    /// Writes the payload.
    ///
    /// # Errors
    /// Errors of the type's `Serialize` and of the writer.
    fn encode<W: io::Write>(message: &M, payload: W) -> Result<(), serde_json::Error>;

    /// Reads the payload back, where the type can be received and has no parameters.
    ///
    /// # Errors
    /// [`ReadBackError`] if no receiver could read it, or would read another message.
    fn read_back(message: &M, payload: &[u8]) -> Result<(), ReadBackError>;

    /// Contract as data.
    fn descriptors() -> Vec<Descriptor>;
}

/// A form in which a message is received.
pub trait Reading<M: Message> {
    /// Reads a value, by a reader of its own if it `WAS_WRITTEN` just now.
    ///
    /// # Errors
    /// Errors of the type's `Deserialize`.
    fn decode_by<const WAS_WRITTEN: bool>(
        declaration: &'static Declaration,
        payload: &[u8],
    ) -> Result<M, serde_json::Error>;

    /// The meaning of a handler's result on the wire; an answer is read back if `reads_back`.
    fn outcome(result: Result<M::Reply, M::Error>, reads_back: bool) -> Outcome;
}

/// A filter over one message's subjects, as made by [`Message::filter`].
pub trait Filter: Send {
    /// The message whose subjects the filter matches.
    type Message: Message;

    /// The subject filters, with `*` for each token that was not narrowed.
    ///
    /// # Errors
    /// [`SubjectError`] if a value that was given can't be a token.
    fn subjects(self) -> Result<Vec<Subject>, SubjectError>;
}

#[cfg(test)]
mod tests {
    use crate::message::Message as _;
    use crate::subject::Subject;

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
