//! Events, with a stream that keeps them or without.

use crate::failure::Failure;
use crate::message::Message;
use crate::publish_ack::{Acknowledgement, PublishAck};
use crate::stream::{EventStream, StreamDeclaration};

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

    /// The stream, as the event's declaration refers to it.
    #[doc(hidden)]
    const KEPT_BY: Option<StreamDeclaration> = Some(StreamDeclaration::of::<Self::Stream>());
}
