//! `#[event(…)]` and `#[request(…)]`.

use proc_macro2::Span;
use syn::parse::ParseStream;
use syn::{Attribute, Data, DeriveInput, Expr, Fields, LitStr, Path, Token, Type};

use super::Keyed;
use super::key::{Given, Key, Met, read_attributes};
use super::serde::{Detour, read_field, renames_all};
use super::value;
use crate::error::Errors;

/// Attributes of an event or a request, as written.
#[derive(Default)]
pub(crate) struct MessageAttrs {
    /// Keys that were given.
    pub(crate) given: Given,
    /// `crate = "…"`
    pub(crate) krate: Option<Path>,
    /// `subject = "…"`
    pub(crate) subject: Option<LitStr>,
    /// `name = "…"`
    pub(crate) name: Option<LitStr>,
    /// `version = 1`
    pub(crate) version: Option<Keyed<u32>>,
    /// `stream = Orders`
    pub(crate) stream: Option<Keyed<Type>>,
    /// `id = "…"`
    pub(crate) id: Option<Keyed<Expr>>,
    /// `#[event(id)]`: the positions of the fields, and the places of the keys.
    pub(crate) id_fields: Vec<(usize, Span)>,
    /// Detours of serde for each field, beside carrying it as it is, by the field's position.
    pub(crate) detours: Vec<Vec<Detour>>,
    /// `tagged`
    pub(crate) tagged: Option<Keyed<bool>>,
    /// `large` or `large(over = "256KiB")`: the size, if one is said.
    pub(crate) large: Option<Keyed<Option<u64>>>,
    /// `upcasts = OrderCreatedV1`
    pub(crate) upcasts: Option<Keyed<Type>>,
    /// `reply = Stock`
    pub(crate) reply: Option<Keyed<Type>>,
    /// `error = OutOfStock`
    pub(crate) error: Option<Keyed<Type>>,
}

const SUBJECT: Key = Key::once("subject", "subject = \"orders.{region}.created\"");
const NAME: Key = Key::once("name", "name = \"orders.created\"");
const VERSION: Key = Key::once("version", "version = 1");
const CRATE: Key = Key::once("crate", "crate = \"tidings\"");

const LARGE_FORM: &str = "large(over = \"256KiB\")";
const LARGE: &[Key] = &[Key::once("over", "over = \"256KiB\"")];

const EVENT: &[Key] = &[
    SUBJECT,
    NAME,
    VERSION,
    Key::once("stream", "stream = Orders"),
    Key::once("id", "id = \"order_id\""),
    Key::once("tagged", "tagged"),
    Key::once("large", LARGE_FORM),
    Key::once("upcasts", "upcasts = OrderCreatedV1"),
    CRATE,
    Key::refused("reply", "an event has no reply: what is asked is a `Request`"),
    Key::refused("error", "an event has no error: what is asked is a `Request`"),
];

const ENUM: &[Key] = &[
    NAME,
    Key::once("stream", "stream = Orders"),
    CRATE,
    Key::refused("subject", "the subject belongs to the event that a variant holds"),
    Key::refused("version", "the version belongs to the event that a variant holds"),
    Key::refused("id", "the id belongs to the event that a variant holds"),
    Key::refused("tagged", "`tagged` belongs to the event that a variant holds"),
    Key::refused("large", "`large` belongs to the event that a variant holds"),
    Key::refused("upcasts", "`upcasts` belongs to the event that a variant holds"),
    Key::refused("reply", "an event has no reply: what is asked is a `Request`"),
    Key::refused("error", "an event has no error: what is asked is a `Request`"),
];

const REQUEST: &[Key] = &[
    SUBJECT,
    Key::once("reply", "reply = Stock"),
    Key::once("error", "error = OutOfStock"),
    NAME,
    VERSION,
    CRATE,
    Key::refused("stream", "no stream keeps a request: it is answered now or not at all"),
    Key::refused("id", "a request has no id: it is answered, not kept and told from its copies"),
    Key::refused("tagged", "a request is the only one of its subject"),
    Key::refused(
        "large",
        "a request is not kept, and so nobody could say when what is large may go: put that into an \
         object store, and ask with its name",
    ),
    Key::refused(
        "upcasts",
        "a request is not upcast: an older one is asked and answered by itself",
    ),
];

const FIELD: &[Key] = &[Key::once("id", "id")];

/// Reads the attributes of an event.
pub(crate) fn read_event(input: &DeriveInput, errors: &mut Errors) -> MessageAttrs {
    let keys = if matches!(input.data, Data::Enum(_)) { ENUM } else { EVENT };
    let mut attrs = read(input, "event", keys, errors);
    match &input.data {
        Data::Struct(data) => {
            attrs.detours = detours(input, &data.fields);
            for (position, field) in data.fields.iter().enumerate() {
                read_attributes(&field.attrs, "event", FIELD, errors, |met, _| {
                    attrs.id_fields.push((position, met.ident.span()));
                    Ok(())
                });
            }
        }
        Data::Enum(data) => {
            for variant in &data.variants {
                let why = "a variant takes no keys: they belong to the event that it holds";
                refuse(&variant.attrs, "event", why, errors);
                for field in &variant.fields {
                    refuse(&field.attrs, "event", why, errors);
                }
            }
        }
        Data::Union(_) => {}
    }
    attrs
}

/// Reads the attributes of a request.
pub(crate) fn read_request(input: &DeriveInput, errors: &mut Errors) -> MessageAttrs {
    let mut attrs = read(input, "request", REQUEST, errors);
    if let Data::Struct(data) = &input.data {
        attrs.detours = detours(input, &data.fields);
        for field in &data.fields {
            let why = "a field of a request takes no keys";
            refuse(&field.attrs, "request", why, errors);
        }
    }
    attrs
}

/// Detours of serde for each field.
pub(super) fn detours(input: &DeriveInput, fields: &Fields) -> Vec<Vec<Detour>> {
    let ruled = renames_all(&input.attrs);
    fields.iter().map(|field| read_field(field, ruled)).collect()
}

fn refuse(attributes: &[Attribute], name: &str, why: &str, errors: &mut Errors) {
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident(name)) {
        errors.push(syn::Error::new_spanned(&attribute.meta, why));
    }
}

fn read(
    input: &DeriveInput,
    name: &'static str,
    keys: &'static [Key],
    errors: &mut Errors,
) -> MessageAttrs {
    let mut attrs = MessageAttrs::default();
    let given = read_attributes(&input.attrs, name, keys, errors, |met, input| {
        read_value(&mut attrs, met, input)
    });
    attrs.given = given;
    attrs
}

fn read_value(attrs: &mut MessageAttrs, met: &Met<'_>, input: ParseStream<'_>) -> syn::Result<()> {
    match met.key.name {
        "subject" => attrs.subject = Some(value::string(met, input)?.value),
        "name" => attrs.name = Some(value::string(met, input)?.value),
        "version" => attrs.version = Some(value::integer(met, input)?),
        "stream" => attrs.stream = Some(value::type_of(met, input)?),
        "id" => attrs.id = Some(value::expression(met, input)?),
        "tagged" => attrs.tagged = Some(value::flag(met, input)?),
        "large" => attrs.large = Some(large(met, input)?),
        "upcasts" => attrs.upcasts = Some(value::type_of(met, input)?),
        "reply" => attrs.reply = Some(value::type_of(met, input)?),
        "error" => attrs.error = Some(value::type_of(met, input)?),
        _ => attrs.krate = Some(value::path(met, input)?),
    }
    Ok(())
}

/// `large` or `large(over = "256KiB")`
fn large(met: &Met<'_>, input: ParseStream<'_>) -> syn::Result<Keyed<Option<u64>>> {
    let mut over = None;
    if !input.is_empty() && !input.peek(Token![,]) {
        value::nested(met, input, LARGE, &mut |met, input| {
            over = Some(value::size::<u64>(met, input)?.value);
            Ok(())
        })?;
    }
    Ok(Keyed { key: met.ident.span(), value: over })
}
