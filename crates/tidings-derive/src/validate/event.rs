//! Events: structs, and enums of them.

use syn::{Data, DataEnum, DeriveInput, Fields};

use super::{contract, id, payload};
use crate::attr::message::MessageAttrs;
use crate::error::Errors;
use crate::model::{Event, EventEnum, EventStruct, Id, Item, Large, Variant};

/// Checks an event.
pub(crate) fn validate<'a>(
    input: &'a DeriveInput,
    attrs: &'a MessageAttrs,
    errors: &mut Errors,
) -> Option<Event<'a>> {
    if let Data::Enum(data) = &input.data {
        return event_enum(input, data, attrs, errors).map(Event::Enum);
    }
    let fields = contract::fields(input, "an event", errors);
    let contract = contract::validate(input, fields, attrs, "an event", errors);
    let tokens = contract.as_ref().map_or(&[][..], |contract| &contract.tokens);
    let id = fields.and_then(|fields| {
        let id = id::validate(fields, tokens, attrs, errors)?;
        payload::check_id(fields, tokens, &id, &attrs.detours, errors);
        Some(id)
    });
    if let Some(upcasts) = &attrs.upcasts
        && !input.generics.params.is_empty()
    {
        errors.at(
            upcasts.key,
            "an event with parameters upcasts none: which versions a subject has is known of a type \
             without",
        );
    }
    let large = attrs.large.as_ref().map(|large| Large { key: large.key, over: large.value });
    if let Some(large) = large {
        check_large(large, attrs, errors);
    }
    let (mut contract, id) = (contract?, id?);
    if let Id::Fields(fields) = &id {
        contract.displayed = fields.iter().map(|(_, ty)| *ty).collect();
    }
    Some(Event::Struct(EventStruct {
        contract,
        stream: attrs.stream.as_ref().map(|stream| &stream.value),
        id,
        tagged: attrs.tagged.as_ref().is_some_and(|tagged| tagged.value),
        large,
        upcasts: attrs.upcasts.as_ref().map(|upcasts| &upcasts.value),
    }))
}

/// Checks that something says when an object may go.
fn check_large(large: Large, attrs: &MessageAttrs, errors: &mut Errors) {
    if attrs.given.lacks("stream") {
        errors.at(
            large.key,
            "an event without a stream can't be `large`: nobody could say when its object may go; add \
             `stream = …`, or put what is large into an object store and publish its name",
        );
    }
    if large.over == Some(0) {
        errors
            .at(large.key, "an event over nothing is every event: give `over` a size of 1 or more");
    }
}

fn event_enum<'a>(
    input: &'a DeriveInput,
    data: &'a DataEnum,
    attrs: &'a MessageAttrs,
    errors: &mut Errors,
) -> Option<EventEnum<'a>> {
    if data.variants.is_empty() {
        errors.at(
            input.ident.span(),
            format!("`{}` has no variant: an enum of events holds one in each", input.ident),
        );
    }
    let mut variants = Vec::new();
    for variant in &data.variants {
        match &variant.fields {
            Fields::Unnamed(fields) if fields.unnamed.len() == 1 => {
                variants.push(Variant { ident: &variant.ident, ty: &fields.unnamed[0].ty });
            }
            _ => errors.at(
                variant.ident.span(),
                format!(
                    "a variant holds exactly one event, a type of its own: `{}(OrderCreated)`",
                    variant.ident
                ),
            ),
        }
    }
    let name = attrs.name.as_ref().map(|name| contract::explicit_name(name, errors));
    Some(EventEnum {
        item: Item::of(input, attrs.krate.as_ref()),
        name: match name {
            Some(name) => Some(name?),
            None => None,
        },
        stream: attrs.stream.as_ref().map(|stream| &stream.value),
        variants,
    })
}
