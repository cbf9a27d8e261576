//! From a message type to what it promises as data.

use schemars::JsonSchema;
use tidings_contract::Descriptor;

use crate::message::{Declaration, Event, Request};

/// What an event promises.
pub fn describe_event<E: Event + JsonSchema>() -> Vec<Descriptor> {
    let declarations = E::DECLARATIONS.iter();
    declarations.map(|declaration| event(declaration).payload::<E>()).collect()
}

/// What a request promises.
pub fn describe_request<Q>() -> Vec<Descriptor>
where
    Q: Request<Reply: JsonSchema> + JsonSchema,
{
    let declarations = Q::DECLARATIONS.iter();
    declarations
        .map(|declaration| request(declaration).payload::<Q>().reply::<Q::Reply>())
        .collect()
}

/// What a request promises that declares an error.
pub fn describe_fallible_request<Q>() -> Vec<Descriptor>
where
    Q: Request<Reply: JsonSchema, Declared: JsonSchema> + JsonSchema,
{
    let descriptors = describe_request::<Q>().into_iter();
    descriptors.map(Descriptor::error::<Q::Declared>).collect()
}

fn event(declaration: &Declaration) -> Descriptor {
    let Declaration { name, version, template, .. } = *declaration;
    let mut descriptor = Descriptor::event(name, version, template);
    if let Some(stream) = &declaration.stream {
        descriptor = descriptor.stream(stream.name);
    }
    if declaration.tagged { descriptor.tagged() } else { descriptor }
}

fn request(declaration: &Declaration) -> Descriptor {
    Descriptor::request(declaration.name, declaration.version, declaration.template)
}
