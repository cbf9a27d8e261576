//! Expansions of which no lint of a user has to complain.

#![deny(warnings)]
#![deny(
    clippy::all,
    clippy::pedantic,
    clippy::nursery,
    missing_copy_implementations,
    missing_debug_implementations,
    missing_docs,
    non_ascii_idents,
    rust_2018_idioms,
    single_use_lifetimes,
    trivial_casts,
    trivial_numeric_casts,
    unnameable_types,
    unreachable_pub,
    unused_import_braces,
    unused_lifetimes,
    unused_qualifications,
    unused_results,
    variant_size_differences
)]
#![forbid(unsafe_code)]

use tidings::prelude::*;

/// A region.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema, Token)]
pub enum Region {
    /// Europe.
    Eu,
}

/// A key.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema, Token)]
pub struct Key(u8);

/// A stream.
#[derive(Debug, Clone, Copy, EventStream)]
#[stream(
    name = "ORDERS",
    subjects("orders.>"),
    max_age = "7d",
    placement(cluster = "x"),
    metadata(a = "b")
)]
pub struct Orders;

/// An event.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "orders.{region}.{key}.created", stream = Orders, id = "(key.0, name)")]
pub struct Created {
    /// Region.
    pub region: Region,
    /// Key.
    pub key: Key,
    name: String,
}

/// An event that is marked so, and so are its fields.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "orders.{kind}.changed", stream = Orders)]
pub struct Changed<T> {
    /// Kind.
    #[event(id)]
    pub kind: T,
}

/// A borrowed event.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema, Event)]
#[event(subject = "names.{name}")]
pub struct Named<'name> {
    /// The name.
    pub name: &'name str,
}

/// Any of the events.
#[derive(Debug, Clone, Event)]
#[event(stream = Orders)]
pub enum Any {
    /// The first.
    Created(Created),
    /// The second.
    Changed(Changed<u8>),
}

/// A request.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema, Request)]
#[request(subject = "ask.{key}", reply = u32)]
pub struct Ask {
    /// Key.
    pub key: Key,
}

fn main() {}
