//! `#[bucket(…)]`.

use syn::parse::ParseStream;
use syn::{Data, DeriveInput, LitStr, Path};

use super::key::{Given, Key, Met, read_attributes};
use super::message::detours;
use super::serde::Detour;
use super::source::{self, Placement};
use super::stream::first_paragraph;
use super::{Keyed, value};
use crate::error::Errors;

/// Attributes of a bucket, as written.
#[derive(Default)]
pub(crate) struct BucketAttrs {
    /// Keys that were given.
    pub(crate) given: Given,
    /// `crate = "…"`
    pub(crate) krate: Option<Path>,
    /// `name = "sessions"`
    pub(crate) name: Option<LitStr>,
    /// `key = "{tenant}.{user}"`
    pub(crate) key: Option<LitStr>,
    /// `description = "…"`, or the first paragraph of the doc comment.
    pub(crate) description: Option<String>,
    /// `history = 5`
    pub(crate) history: Option<Keyed<u8>>,
    /// `ttl = "1h"`, in nanoseconds.
    pub(crate) ttl: Option<Keyed<u64>>,
    /// `limit_markers = "10m"`, in nanoseconds.
    pub(crate) limit_markers: Option<Keyed<u64>>,
    /// `max_bytes = "1GiB"`
    pub(crate) max_bytes: Option<u64>,
    /// `max_value_size = "64KiB"`
    pub(crate) max_value_size: Option<u32>,
    /// `storage = "memory"`: the variant.
    pub(crate) storage: Option<&'static str>,
    /// `replicas = 3`
    pub(crate) replicas: Option<Keyed<u8>>,
    /// `compression = "s2"`: the variant.
    pub(crate) compression: Option<&'static str>,
    /// `placement(…)`
    pub(crate) placement: Option<Placement>,
    /// Detours of serde for each field, beside carrying it as it is, by the field's position.
    pub(crate) detours: Vec<Vec<Detour>>,
}

const BUCKET: &[Key] = &[
    Key::once("name", "name = \"sessions\""),
    Key::once("key", "key = \"{tenant}.{user}\""),
    Key::once("description", "description = \"…\""),
    Key::once("history", "history = 5"),
    Key::once("ttl", "ttl = \"1h\""),
    Key::once("limit_markers", "limit_markers = \"10m\""),
    Key::once("max_bytes", "max_bytes = \"1GiB\""),
    Key::once("max_value_size", "max_value_size = \"64KiB\""),
    Key::once("storage", "storage = \"memory\""),
    Key::once("replicas", "replicas = 3"),
    Key::once("compression", "compression = \"s2\""),
    Key::once("placement", "placement(cluster = \"east\", tags(\"ssd\"))"),
    Key::once("crate", "crate = \"tidings\""),
    Key::refused("subject", "a bucket has keys: `key = \"{tenant}.{user}\"`"),
    Key::refused("max_age", "how long a value is kept is its `ttl = \"1h\"`"),
];

/// Reads the attributes of a bucket.
pub(crate) fn read(input: &DeriveInput, errors: &mut Errors) -> BucketAttrs {
    let mut attrs = BucketAttrs::default();
    let given = read_attributes(&input.attrs, "bucket", BUCKET, errors, |met, input| {
        read_value(&mut attrs, met, input)
    });
    attrs.given = given;
    attrs.description = attrs.description.or_else(|| first_paragraph(&input.attrs));
    if let Data::Struct(data) = &input.data {
        attrs.detours = detours(input, &data.fields);
    }
    attrs
}

fn read_value(attrs: &mut BucketAttrs, met: &Met<'_>, input: ParseStream<'_>) -> syn::Result<()> {
    match met.key.name {
        "name" => attrs.name = Some(value::string(met, input)?.value),
        "key" => attrs.key = Some(value::string(met, input)?.value),
        "description" => attrs.description = Some(value::string(met, input)?.value.value()),
        "history" => attrs.history = Some(value::integer(met, input)?),
        "ttl" => attrs.ttl = Some(value::duration(met, input)?),
        "limit_markers" => attrs.limit_markers = Some(value::duration(met, input)?),
        "max_bytes" => attrs.max_bytes = Some(value::size::<u64>(met, input)?.value),
        "max_value_size" => {
            // The server keeps it in an `i32`.
            attrs.max_value_size = Some(value::size::<i32>(met, input)?.value.unsigned_abs());
        }
        "storage" => {
            let words = &[("file", "File"), ("memory", "Memory")];
            attrs.storage = Some(value::word(met, input, words)?.value);
        }
        "replicas" => attrs.replicas = Some(value::integer(met, input)?),
        "compression" => {
            let words = &[("none", "None"), ("s2", "S2")];
            attrs.compression = Some(value::word(met, input, words)?.value);
        }
        "placement" => attrs.placement = Some(source::placement(met, input)?),
        _ => attrs.krate = Some(value::path(met, input)?),
    }
    Ok(())
}
