//! The derives of Tidings: `Event`, `EventStream`, `Request`, `Bucket` and `Token`.
//!
//! Each is the same pipeline: `attr` reads what was written, `validate` makes a `model` of it
//! or says what is wrong, `expand` writes the code. Where something is wrong, `fallback`
//! implements the traits nevertheless, so that one mistake is one error.

mod attr;
mod error;
mod expand;
mod fallback;
mod model;
mod validate;

#[cfg(test)]
mod snapshot;

use error::Errors;
use proc_macro::TokenStream;
use proc_macro2::TokenStream as Code;
use syn::DeriveInput;

/// Makes a struct an event, or an enum of events one that is any of them.
///
/// ```ignore
/// #[derive(Serialize, Deserialize, JsonSchema, Event)]
/// #[event(subject = "orders.{region}.created", version = 1, stream = Orders)]
/// struct OrderCreated {
///     #[event(id)]
///     order_id: Uuid,
///     region: Region,
/// }
///
/// #[derive(Event)]
/// #[event(stream = Orders)]
/// enum OrderEvent {
///     Created(OrderCreated),
///     Shipped(OrderShipped),
/// }
/// ```
///
/// | key | on | means |
/// | --- | --- | --- |
/// | `subject = "orders.{region}.created"` | struct | where it is published; `{region}` is the field `region` |
/// | `name = "orders.created"` | both | the wire name; by default the subject without its `{field}`s |
/// | `version = 1` | struct | the version of its contract; by default 1 |
/// | `stream = Orders` | both | the stream that keeps it; it must keep the subject |
/// | `id = "order_id"` | struct | what identifies it, as an expression over its fields |
/// | `tagged` | struct | its subject is shared, so a header says which event it is |
/// | `large`, `large(over = "256KiB")` | struct | what is too large for a message, or over this size, goes through the stream's object store |
/// | `upcasts = OrderCreatedV1` | struct | its handlers get that older version too, as `Upcast` makes it one of this |
/// | `crate = "path"` | both | where the crate `tidings` is found |
///
/// `#[event(id)]` on fields says which of them identify it.
#[proc_macro_derive(Event, attributes(event))]
pub fn derive_event(input: TokenStream) -> TokenStream {
    derive(input, event)
}

/// Makes a struct a request.
///
/// ```ignore
/// #[derive(Serialize, Deserialize, JsonSchema, Request)]
/// #[request(subject = "inventory.check", reply = Stock, error = OutOfStock)]
/// struct CheckInventory {
///     sku: String,
///     quantity: u32,
/// }
/// ```
///
/// | key | means |
/// | --- | --- |
/// | `subject = "inventory.check"` | where it is asked; `{field}`s as in an event |
/// | `reply = Stock` | the type of the answer |
/// | `error = OutOfStock` | the error that a handler may answer with |
/// | `name = "inventory.check"` | the wire name; by default the subject without its `{field}`s |
/// | `version = 1` | the version of its contract; by default 1 |
/// | `crate = "path"` | where the crate `tidings` is found |
#[proc_macro_derive(Request, attributes(request))]
pub fn derive_request(input: TokenStream) -> TokenStream {
    derive(input, request)
}

/// Makes a unit struct a stream.
///
/// ```ignore
/// #[derive(EventStream)]
/// #[stream(name = "ORDERS", subjects("orders.>"), max_age = "7d", duplicate_window = "2m")]
/// struct Orders;
/// ```
///
/// The keys are the fields of `tidings::StreamConfig`. A time is written as `"500ms"`, `"2m"` or
/// `"1h30m"`, a size as `"1GiB"`, `"10MB"` or a number of bytes.
///
/// `large_store` gives it an object store for its large events, named `ORDERS-large` by default:
/// `large_store(name = "orders-large", max_age = "30d")` says more.
#[proc_macro_derive(EventStream, attributes(stream))]
pub fn derive_event_stream(input: TokenStream) -> TokenStream {
    derive(input, event_stream)
}

/// Makes a struct the value of a bucket: what a key-value store of NATS holds.
///
/// ```ignore
/// #[derive(Serialize, Deserialize, JsonSchema, Bucket)]
/// #[bucket(name = "sessions", key = "{tenant}.{user}", ttl = "8h", limit_markers = "10m")]
/// struct Session {
///     tenant: String,
///     user: Uuid,
///     cart: Vec<String>,
/// }
/// ```
///
/// Beside the traits it writes `SessionKey`, with a field for each `{field}` of the key, and
/// `SessionKeyFilter`, with a method for each, which `Session::key_filter()` begins. A field of the key is whatever
/// can be a token of a subject: a text, an integer, a `bool`, a `char`, a `Uuid`, or a type that derives `Token`. A key can be that of
/// a `HashMap`, where its fields are comparable: it is hashed by its text.
///
/// | key | means |
/// | --- | --- |
/// | `name = "sessions"` | the bucket; its stream is `KV_sessions` |
/// | `key = "{tenant}.{user}"` | the key of a value; `{user}` is the field `user` |
/// | `history = 5` | how many values of a key are kept, 1 to 64; by default 1 |
/// | `ttl = "8h"` | how old a value may become; by default as old as it likes |
/// | `limit_markers = "10m"` | let a value bring its own time to live, and leave a marker for so long where one expires (server 2.11) |
/// | `max_bytes`, `max_value_size` | limits on the bucket and on each value |
/// | `storage`, `replicas`, `compression`, `placement(…)` | as of a stream |
/// | `description = "…"` | a sentence about it; by default the first paragraph of the doc comment |
/// | `crate = "path"` | where the crate `tidings` is found |
#[proc_macro_derive(Bucket, attributes(bucket))]
pub fn derive_bucket(input: TokenStream) -> TokenStream {
    derive(input, bucket)
}

/// Makes an enum without data, or a newtype around a token, a token of a subject.
///
/// The tokens of an enum are the texts that serde writes for its variants: `rename` and
/// `rename_all` are honoured.
///
/// ```ignore
/// #[derive(Serialize, Deserialize, JsonSchema, Token)]
/// #[serde(rename_all = "lowercase")]
/// enum Region {
///     Eu,
///     Us,
/// }
/// ```
#[proc_macro_derive(Token, attributes(token, serde))]
pub fn derive_token(input: TokenStream) -> TokenStream {
    derive(input, token)
}

fn derive(input: TokenStream, write: fn(&DeriveInput) -> Code) -> TokenStream {
    syn::parse(input).map_or_else(syn::Error::into_compile_error, |input| write(&input)).into()
}

fn event(input: &DeriveInput) -> Code {
    let mut errors = Errors::default();
    let attrs = attr::message::read_event(input, &mut errors);
    let model = validate::event::validate(input, &attrs, &mut errors);
    errors.or_expand(
        || model.map(|model| expand::event::expand(&model)),
        || fallback::message::event(input, &attrs),
    )
}

fn request(input: &DeriveInput) -> Code {
    let mut errors = Errors::default();
    let attrs = attr::message::read_request(input, &mut errors);
    let model = validate::request::validate(input, &attrs, &mut errors);
    errors.or_expand(
        || model.map(|model| expand::request::expand(&model)),
        || fallback::message::request(input, &attrs),
    )
}

fn event_stream(input: &DeriveInput) -> Code {
    let mut errors = Errors::default();
    let attrs = attr::stream::read(input, &mut errors);
    let model = validate::stream::validate(input, &attrs, &mut errors);
    errors.or_expand(
        || model.map(|model| expand::stream::expand(&model)),
        || fallback::stream(input, &attrs),
    )
}

fn bucket(input: &DeriveInput) -> Code {
    let mut errors = Errors::default();
    let attrs = attr::bucket::read(input, &mut errors);
    let model = validate::bucket::validate(input, &attrs, &mut errors);
    errors.or_expand(
        || model.map(|model| expand::bucket::expand(&model)),
        || fallback::bucket(input, &attrs),
    )
}

fn token(input: &DeriveInput) -> Code {
    let mut errors = Errors::default();
    let attrs = attr::token::read(input, &mut errors);
    let model = validate::token::validate(input, &attrs, &mut errors);
    errors.or_expand(
        || model.map(|model| expand::token::expand(&model)),
        || fallback::token(input, &attrs),
    )
}
