//! Forms of messages: what is done alike for all messages of one kind.
//!
//! A derive names the form of its type, and writes none of it out: each function that it wrote would
//! be compiled anew for each type.

use std::io;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tidings_contract::Descriptor;

use crate::message::describe::{Described, describe_event};
use crate::message::read_back::read_back;
use crate::message::{Declaration, Decode, Event, Form, Outcome, ReadBackError, Reading};
use crate::payload::read_payload;

/// The form of an event that is one struct without parameters.
#[derive(Debug)]
pub enum PlainEvent {}

/// The form of an event that is one struct with parameters: what it would be read back as is not known.
#[derive(Debug)]
pub enum GenericEvent {}

impl<M: Decode + Event + Described + Serialize> Form<M> for PlainEvent {
    #[inline]
    fn encode<W: io::Write>(message: &M, payload: W) -> Result<(), serde_json::Error> {
        serde_json::to_writer(payload, message)
    }

    #[inline]
    fn read_back(message: &M, payload: &[u8]) -> Result<(), ReadBackError> {
        read_back(message, payload)
    }

    #[inline]
    fn descriptors() -> Vec<Descriptor> {
        describe_event::<M>()
    }
}

impl<M: Event + DeserializeOwned> Reading<M> for PlainEvent {
    #[inline]
    fn decode_by<const WAS_WRITTEN: bool>(
        _: &'static Declaration,
        payload: &[u8],
    ) -> Result<M, serde_json::Error> {
        read_payload::<M, WAS_WRITTEN>(payload)
    }

    #[inline]
    fn outcome(result: Result<M::Reply, M::Error>, _: bool) -> Outcome {
        Outcome::of_event(result)
    }
}

impl<M: Event + Described + Serialize> Form<M> for GenericEvent {
    #[inline]
    fn encode<W: io::Write>(message: &M, payload: W) -> Result<(), serde_json::Error> {
        serde_json::to_writer(payload, message)
    }

    #[inline]
    fn read_back(_: &M, _: &[u8]) -> Result<(), ReadBackError> {
        Ok(())
    }

    #[inline]
    fn descriptors() -> Vec<Descriptor> {
        describe_event::<M>()
    }
}

impl<M: Event + DeserializeOwned> Reading<M> for GenericEvent {
    #[inline]
    fn decode_by<const WAS_WRITTEN: bool>(
        _: &'static Declaration,
        payload: &[u8],
    ) -> Result<M, serde_json::Error> {
        read_payload::<M, WAS_WRITTEN>(payload)
    }

    #[inline]
    fn outcome(result: Result<M::Reply, M::Error>, _: bool) -> Outcome {
        Outcome::of_event(result)
    }
}
