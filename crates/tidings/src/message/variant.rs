//! One variant of an enum of events: what the derive delegates to the event that it holds.

use std::io;
use std::marker::PhantomData;

use serde::de::Error as _;
use tidings_contract::Descriptor;

use crate::message::{Declaration, Decode, Event, StreamEvent};
use crate::stream::EventStream;
use crate::subject::{ParseSubjectError, Subject, SubjectError};

/// A variant that holds the event `E`.
///
/// Generated code goes through this one type, so that a variant whose type is no event is one
/// error and not one for each method.
#[derive(Debug)]
pub struct Variant<E: Event>(PhantomData<fn() -> E>);

impl<E: Event> Variant<E> {
    /// How many declarations the variant's type has: one, unless it is an enum of events itself.
    pub const DECLARATIONS: usize = E::DECLARATIONS.len();

    /// The declaration of the event.
    pub const DECLARATION: &'static Declaration = E::DECLARATIONS[0];

    /// The event's [`subject`](crate::message::Message::subject).
    ///
    /// # Errors
    /// As the event's.
    pub fn subject(event: &E) -> Result<Subject, SubjectError> {
        event.subject()
    }

    /// The event's [`message_id`](crate::message::Message::message_id).
    pub fn message_id(event: &E) -> Option<String> {
        event.message_id()
    }

    /// Writes the event's payload, without anything that says which variant it is.
    ///
    /// # Errors
    /// As the event's.
    pub fn encode<W: io::Write>(event: &E, payload: W) -> Result<(), serde_json::Error> {
        event.encode(payload)
    }

    /// The typed tokens of the event's subject.
    ///
    /// # Errors
    /// As the event's.
    pub fn parse_subject(subject: &str) -> Result<E::Tokens, ParseSubjectError> {
        E::parse_subject(subject)
    }

    /// Appends the event's descriptors.
    pub fn describe(descriptors: &mut Vec<Descriptor>) {
        descriptors.extend(E::descriptors());
    }

    /// Holds where the event is kept by the stream `S`.
    pub const fn assert_kept_by<S: EventStream>()
    where
        E: StreamEvent<Stream = S>,
    {
    }
}

impl<E: Event + Decode> Variant<E> {
    /// The event, if it is the one declared by `declaration`.
    ///
    /// # Errors
    /// As the event's.
    pub fn decode(
        declaration: &'static Declaration,
        payload: &[u8],
    ) -> Option<Result<E, serde_json::Error>> {
        Self::DECLARATION.is(declaration).then(|| E::decode(Self::DECLARATION, payload))
    }
}

/// The error of an enum of events asked to decode what none of its variants declares.
pub fn no_variant(of: &str, declaration: &Declaration) -> serde_json::Error {
    serde_json::Error::custom(format_args!("no variant of `{of}` holds `{}`", declaration.tag))
}
