//! From a message type to what it promises as data.

use schemars::JsonSchema;
use tidings_contract::Descriptor;

use crate::message::{Declaration, Event, Message};

/// Descriptors of an event.
pub fn describe_event<E: Event + JsonSchema>() -> Vec<Descriptor> {
    let declarations = E::DECLARATIONS.iter();
    declarations.map(|declaration| event(declaration).payload::<E>()).collect()
}

/// Descriptors of a request that is answered with an `R`.
pub fn describe_request<Q: Message + JsonSchema, R: JsonSchema>() -> Vec<Descriptor> {
    let declarations = Q::DECLARATIONS.iter();
    declarations.map(|declaration| request(declaration).payload::<Q>().reply::<R>()).collect()
}

/// Descriptors of a request that declares the error `E`.
pub fn describe_fallible_request<Q, R, E>() -> Vec<Descriptor>
where
    Q: Message + JsonSchema,
    R: JsonSchema,
    E: JsonSchema,
{
    describe_request::<Q, R>().into_iter().map(Descriptor::error::<E>).collect()
}

/// Descriptors of an event that these fields identify.
pub fn describe_id(event: Vec<Descriptor>, fields: &[&str]) -> Vec<Descriptor> {
    event.into_iter().map(|event| event.id(fields.iter().copied())).collect()
}

fn event(declaration: &Declaration) -> Descriptor {
    let Declaration { name, version, template, .. } = *declaration;
    let mut descriptor = Descriptor::event(name, version, template);
    if let Some(stream) = &declaration.stream {
        descriptor = descriptor.stream(stream.name).stream_config((stream.config)().to_value());
    }
    if declaration.tagged { descriptor.tagged() } else { descriptor }
}

fn request(declaration: &Declaration) -> Descriptor {
    Descriptor::request(declaration.name, declaration.version, declaration.template)
}
