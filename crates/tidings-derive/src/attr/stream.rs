//! `#[stream(…)]`.

use proc_macro2::Span;
use syn::parse::ParseStream;
use syn::{Attribute, DeriveInput, Expr, ExprLit, Ident, Lit, LitStr, Meta, Path, Token};
use syn::{ext::IdentExt as _, parenthesized};

use super::key::{Given, Key, Met, read_attributes};
use super::source::{self, Limits, Placement, Republish, Source, Transform};
use super::{Keyed, value};
use crate::error::Errors;

/// Attributes of a stream, as written.
#[derive(Default)]
pub(crate) struct StreamAttrs {
    /// Keys that were given.
    pub(crate) given: Given,
    /// `crate = "…"`
    pub(crate) krate: Option<Path>,
    /// `name = "ORDERS"`
    pub(crate) name: Option<LitStr>,
    /// `subjects("orders.>")`
    pub(crate) subjects: Option<Keyed<Vec<LitStr>>>,
    /// `description = "…"`, or the first paragraph of the doc comment.
    pub(crate) description: Option<String>,
    /// All other keys in the order they were written.
    pub(crate) settings: Vec<(&'static str, Keyed<Setting>)>,
}

/// The value of a key that is a field of `StreamConfig`.
pub(crate) enum Setting {
    /// `true` or `false`.
    Flag(bool),
    /// A count or a size.
    Number(u64),
    /// A time in nanoseconds.
    Duration(u64),
    /// A variant of this enum.
    Word(&'static str, &'static str),
    /// `placement(…)`
    Placement(Placement),
    /// `mirror(…)` or `source(…)`
    Source(Box<Source>),
    /// `subject_transform(…)`
    Transform(Transform),
    /// `republish(…)`
    Republish(Republish),
    /// `consumer_limits(…)`
    Limits(Limits),
    /// `metadata(…)`
    Metadata(Vec<(String, LitStr)>),
}

impl StreamAttrs {
    /// The value of this key, if it was given.
    pub(crate) fn get(&self, name: &str) -> Option<&Keyed<Setting>> {
        self.settings.iter().find(|(key, _)| *key == name).map(|(_, setting)| setting)
    }

    /// The place of this flag, if it is on.
    pub(crate) fn on(&self, name: &str) -> Option<Span> {
        self.get(name).filter(|flag| matches!(flag.value, Setting::Flag(true))).map(|flag| flag.key)
    }

    /// The place and value of this time.
    pub(crate) fn duration(&self, name: &str) -> Option<Keyed<u64>> {
        match self.get(name)? {
            Keyed { key, value: Setting::Duration(value) } => {
                Some(Keyed { key: *key, value: *value })
            }
            _ => None,
        }
    }

    /// The variant that this word stands for.
    pub(crate) fn word(&self, name: &str) -> Option<&'static str> {
        match self.get(name)?.value {
            Setting::Word(_, variant) => Some(variant),
            _ => None,
        }
    }
}

const STREAM: &[Key] = &[
    Key::once("name", "name = \"ORDERS\""),
    Key::once("subjects", "subjects(\"orders.>\")"),
    Key::once("description", "description = \"…\""),
    Key::once("retention", "retention = \"work_queue\""),
    Key::once("storage", "storage = \"memory\""),
    Key::once("replicas", "replicas = 3"),
    Key::once("max_age", "max_age = \"7d\""),
    Key::once("max_bytes", "max_bytes = \"10GiB\""),
    Key::once("max_messages", "max_messages = 1_000_000"),
    Key::once("max_messages_per_subject", "max_messages_per_subject = 1"),
    Key::once("max_message_size", "max_message_size = \"1MiB\""),
    Key::once("max_consumers", "max_consumers = 10"),
    Key::once("discard", "discard = \"new\""),
    Key::once("discard_new_per_subject", "discard_new_per_subject"),
    Key::once("duplicate_window", "duplicate_window = \"2m\""),
    Key::once("compression", "compression = \"s2\""),
    Key::once("placement", "placement(cluster = \"east\", tags(\"ssd\"))"),
    Key::once("mirror", "mirror(name = \"ORDERS\")"),
    Key::many("source", "source(name = \"ORDERS\")"),
    Key::once("subject_transform", "subject_transform(source = \"a.>\", destination = \"b.>\")"),
    Key::once("republish", "republish(source = \"a.>\", destination = \"b.>\")"),
    Key::once("allow_direct", "allow_direct"),
    Key::once("mirror_direct", "mirror_direct"),
    Key::once("allow_rollup", "allow_rollup"),
    Key::once("deny_delete", "deny_delete"),
    Key::once("deny_purge", "deny_purge"),
    Key::once("allow_message_ttl", "allow_message_ttl"),
    Key::once("subject_delete_marker_ttl", "subject_delete_marker_ttl = \"1h\""),
    Key::once("allow_message_schedules", "allow_message_schedules"),
    Key::once("allow_atomic_publish", "allow_atomic_publish"),
    Key::once("allow_batch_publish", "allow_batch_publish"),
    Key::once("allow_message_counter", "allow_message_counter"),
    Key::once("first_sequence", "first_sequence = 1000"),
    Key::once("consumer_limits", "consumer_limits(inactive_threshold = \"1h\")"),
    Key::once("persistence", "persistence = \"async\""),
    Key::once("no_ack", "no_ack"),
    Key::once("sealed", "sealed"),
    Key::once("metadata", "metadata(team = \"orders\")"),
    Key::once("crate", "crate = \"tidings\""),
];

/// Reads the attributes of a stream.
pub(crate) fn read(input: &DeriveInput, errors: &mut Errors) -> StreamAttrs {
    let mut attrs = StreamAttrs::default();
    let given = read_attributes(&input.attrs, "stream", STREAM, errors, |met, input| {
        read_value(&mut attrs, met, input)
    });
    attrs.given = given;
    attrs.description = attrs.description.or_else(|| first_paragraph(&input.attrs));
    attrs
}

fn read_value(attrs: &mut StreamAttrs, met: &Met<'_>, input: ParseStream<'_>) -> syn::Result<()> {
    match met.key.name {
        "crate" => attrs.krate = Some(value::path(met, input)?),
        "name" => attrs.name = Some(value::string(met, input)?.value),
        "subjects" => {
            let subjects = value::strings(met, input)?;
            attrs.subjects = Some(Keyed { key: met.ident.span(), value: subjects });
        }
        "description" => {
            attrs.description = Some(value::string(met, input)?.value.value());
        }
        name => {
            let value = read_setting(met, input)?;
            attrs.settings.push((name, Keyed { key: met.ident.span(), value }));
        }
    }
    Ok(())
}

fn read_setting(met: &Met<'_>, input: ParseStream<'_>) -> syn::Result<Setting> {
    Ok(match met.key.name {
        "retention" => word(met, input, "Retention", RETENTION)?,
        "storage" => word(met, input, "Storage", STORAGE)?,
        "discard" => word(met, input, "Discard", DISCARD)?,
        "compression" => word(met, input, "Compression", COMPRESSION)?,
        "persistence" => word(met, input, "Persistence", PERSISTENCE)?,
        "replicas" | "max_messages" | "max_messages_per_subject" | "first_sequence" => {
            Setting::Number(value::integer::<u64>(met, input)?.value)
        }
        "max_consumers" => Setting::Number(value::integer::<u32>(met, input)?.value.into()),
        "max_bytes" => Setting::Number(value::size::<u64>(met, input)?.value),
        // The server keeps it in an i32.
        "max_message_size" => {
            Setting::Number(value::size::<i32>(met, input)?.value.unsigned_abs().into())
        }
        "max_age" | "duplicate_window" | "subject_delete_marker_ttl" => {
            Setting::Duration(value::duration(met, input)?.value)
        }
        "placement" => Setting::Placement(source::placement(met, input)?),
        "mirror" | "source" => Setting::Source(Box::new(source::source(met, input)?)),
        "subject_transform" => Setting::Transform(source::transform(met, input)?),
        "republish" => Setting::Republish(source::republish(met, input)?),
        "consumer_limits" => Setting::Limits(source::limits(met, input)?),
        "metadata" => Setting::Metadata(metadata(met, input)?),
        _ => Setting::Flag(value::flag(met, input)?.value),
    })
}

type Words = &'static [(&'static str, &'static str)];

const RETENTION: Words =
    &[("limits", "Limits"), ("interest", "Interest"), ("work_queue", "WorkQueue")];
const STORAGE: Words = &[("file", "File"), ("memory", "Memory")];
const DISCARD: Words = &[("old", "Old"), ("new", "New")];
const COMPRESSION: Words = &[("none", "None"), ("s2", "S2")];
const PERSISTENCE: Words = &[("written", "Written"), ("async", "Async")];

fn word(
    met: &Met<'_>,
    input: ParseStream<'_>,
    of: &'static str,
    words: Words,
) -> syn::Result<Setting> {
    Ok(Setting::Word(of, value::word(met, input, words)?.value))
}

/// `metadata(team = "orders", "some.name" = "…")`
fn metadata(met: &Met<'_>, input: ParseStream<'_>) -> syn::Result<Vec<(String, LitStr)>> {
    let inside;
    value::parentheses(met, input)?;
    parenthesized!(inside in input);
    let pairs = inside
        .parse_terminated(
            |pair| {
                let key = if pair.peek(LitStr) {
                    pair.parse::<LitStr>()?.value()
                } else {
                    pair.call(Ident::parse_any)?.unraw().to_string()
                };
                pair.parse::<Token![=]>()?;
                Ok((key, pair.parse()?))
            },
            Token![,],
        )
        .map_err(|error| {
            syn::Error::new(error.span(), format!("`metadata` is written `{}`", met.key.form))
        })?;
    Ok(pairs.into_iter().collect())
}

/// The first paragraph of a doc comment, on one line.
fn first_paragraph(attributes: &[Attribute]) -> Option<String> {
    let mut lines = Vec::new();
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("doc")) {
        let Meta::NameValue(doc) = &attribute.meta else { continue };
        let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = &doc.value else { continue };
        lines.extend(text.value().lines().map(|line| line.trim().to_owned()));
        if text.value().is_empty() {
            lines.push(String::new());
        }
    }
    let paragraph: Vec<_> = lines
        .iter()
        .map(String::as_str)
        .skip_while(|line| line.is_empty())
        .take_while(|line| !line.is_empty())
        .collect();
    (!paragraph.is_empty()).then(|| paragraph.join(" "))
}

#[cfg(test)]
mod tests {
    use syn::{DeriveInput, parse_quote};

    use super::first_paragraph;

    #[test]
    fn descriptions() {
        let input: DeriveInput = parse_quote! {
            /// Everything that happens
            /// to an order.
            ///
            /// More of it.
            struct Orders;
        };
        let description = first_paragraph(&input.attrs);
        assert_eq!(description.as_deref(), Some("Everything that happens to an order."));
        let input: DeriveInput = parse_quote! { struct Orders; };
        assert_eq!(first_paragraph(&input.attrs), None);
    }
}
