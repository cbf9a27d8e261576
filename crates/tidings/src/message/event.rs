//! Events, with a stream that keeps them or without.

use crate::failure::Failure;
use crate::message::{Declaration, Message};
use crate::publish_ack::{Acknowledgement, PublishAck};
use crate::stream::EventStream;

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

/// The declaration of `E`, kept by its stream.
///
/// The stream is found through the event: that it is one is checked where the event names it, and
/// only there.
pub const fn kept<E: StreamEvent>(declaration: Declaration) -> Declaration {
    declaration.in_stream::<E::Stream>()
}
