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
    /// `large_store`, `large_store = "…"` or `large_store(…)`
    pub(crate) large_store: Option<Keyed<LargeStore>>,
    /// The other keys in the order in which they were written.
    pub(crate) settings: Vec<(&'static Field, Keyed<Setting>)>,
}

/// The object store of a stream's large events, as written.
#[derive(Default)]
pub(crate) struct LargeStore {
    /// `name = "orders-large"`
    pub(crate) name: Option<LitStr>,
    /// `max_age = "30d"`, in nanoseconds.
    pub(crate) max_age: Option<Keyed<u64>>,
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
        self.settings.iter().find(|(field, _)| field.key.name == name).map(|(_, setting)| setting)
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

/// A field of `StreamConfig` that a key of its name sets.
pub(crate) struct Field {
    /// The key.
    pub(crate) key: Key,
    /// `true` if the field is an `Option`.
    pub(crate) is_optional: bool,
    read: fn(&Met<'_>, ParseStream<'_>) -> syn::Result<Setting>,
}

type Read = fn(&Met<'_>, ParseStream<'_>) -> syn::Result<Setting>;

/// A field that is an `Option`, or is on or off.
const fn field(name: &'static str, form: &'static str, read: Read) -> Field {
    Field { key: Key::once(name, form), is_optional: true, read }
}

/// A field that always has a value.
const fn required(name: &'static str, form: &'static str, read: Read) -> Field {
    Field { key: Key::once(name, form), is_optional: false, read }
}

/// A field that holds as many as are given.
const fn many(name: &'static str, form: &'static str, read: Read) -> Field {
    Field { key: Key::many(name, form), is_optional: false, read }
}

/// Fields that a key sets by itself: name, how the key is written, how its value is read.
const FIELDS: &[Field] = &[
    required("retention", "retention = \"work_queue\"", |m, i| word(m, i, "Retention", RETENTION)),
    required("storage", "storage = \"memory\"", |m, i| word(m, i, "Storage", STORAGE)),
    required("replicas", "replicas = 3", number),
    field("max_age", "max_age = \"7d\"", duration),
    field("max_bytes", "max_bytes = \"10GiB\"", size),
    field("max_messages", "max_messages = 1_000_000", number),
    field("max_messages_per_subject", "max_messages_per_subject = 1", number),
    field("max_message_size", "max_message_size = \"1MiB\"", small_size),
    field("max_consumers", "max_consumers = 10", small_number),
    required("discard", "discard = \"new\"", |m, i| word(m, i, "Discard", DISCARD)),
    field("discard_new_per_subject", "discard_new_per_subject", flag),
    field("duplicate_window", "duplicate_window = \"2m\"", duration),
    field("compression", "compression = \"s2\"", |m, i| word(m, i, "Compression", COMPRESSION)),
    field("placement", "placement(cluster = \"east\", tags(\"ssd\"))", |m, i| {
        source::placement(m, i).map(Setting::Placement)
    }),
    field("mirror", "mirror(name = \"ORDERS\")", one_source),
    many("source", "source(name = \"ORDERS\")", one_source),
    field(
        "subject_transform",
        "subject_transform(source = \"a.>\", destination = \"b.>\")",
        |m, i| source::transform(m, i).map(Setting::Transform),
    ),
    field("republish", "republish(source = \"a.>\", destination = \"b.>\")", |m, i| {
        source::republish(m, i).map(Setting::Republish)
    }),
    field("allow_direct", "allow_direct", flag),
    field("mirror_direct", "mirror_direct", flag),
    field("allow_rollup", "allow_rollup", flag),
    field("deny_delete", "deny_delete", flag),
    field("deny_purge", "deny_purge", flag),
    field("allow_message_ttl", "allow_message_ttl", flag),
    field("subject_delete_marker_ttl", "subject_delete_marker_ttl = \"1h\"", duration),
    field("allow_message_schedules", "allow_message_schedules", flag),
    field("allow_atomic_publish", "allow_atomic_publish", flag),
    field("allow_batch_publish", "allow_batch_publish", flag),
    field("allow_message_counter", "allow_message_counter", flag),
    field("first_sequence", "first_sequence = 1000", number),
    field("consumer_limits", "consumer_limits(inactive_threshold = \"1h\")", |m, i| {
        source::limits(m, i).map(Setting::Limits)
    }),
    field("persistence", "persistence = \"async\"", |m, i| word(m, i, "Persistence", PERSISTENCE)),
    field("no_ack", "no_ack", flag),
    field("sealed", "sealed", flag),
    field("metadata", "metadata(team = \"orders\")", |m, i| metadata(m, i).map(Setting::Metadata)),
];

/// The keys before those of the fields.
const FIRST: [Key; 4] = [
    Key::once("name", "name = \"ORDERS\""),
    Key::once("subjects", "subjects(\"orders.>\")"),
    Key::once("description", "description = \"…\""),
    Key::once("large_store", "large_store(name = \"orders-large\", max_age = \"30d\")"),
];

const LARGE_STORE: &[Key] =
    &[Key::once("name", "name = \"orders-large\""), Key::once("max_age", "max_age = \"30d\"")];

const STREAM: [Key; FIRST.len() + FIELDS.len() + 1] = {
    let mut keys = [Key::once("crate", "crate = \"tidings\""); FIRST.len() + FIELDS.len() + 1];
    let mut i = 0;
    while i + 1 < keys.len() {
        keys[i] = if i < FIRST.len() { FIRST[i] } else { FIELDS[i - FIRST.len()].key };
        i += 1;
    }
    keys
};

/// Reads the attributes of a stream.
pub(crate) fn read(input: &DeriveInput, errors: &mut Errors) -> StreamAttrs {
    let mut attrs = StreamAttrs::default();
    let given = read_attributes(&input.attrs, "stream", &STREAM, errors, |met, input| {
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
        "large_store" => attrs.large_store = Some(large_store(met, input)?),
        name => {
            if let Some(field) = FIELDS.iter().find(|field| field.key.name == name) {
                let value = (field.read)(met, input)?;
                attrs.settings.push((field, Keyed { key: met.ident.span(), value }));
            }
        }
    }
    Ok(())
}

/// `large_store`, `large_store = "orders-large"` or `large_store(name = "…", max_age = "…")`
fn large_store(met: &Met<'_>, input: ParseStream<'_>) -> syn::Result<Keyed<LargeStore>> {
    let mut store = LargeStore::default();
    if input.peek(Token![=]) {
        store.name = Some(value::string(met, input)?.value);
    } else if !input.is_empty() && !input.peek(Token![,]) {
        value::nested(met, input, LARGE_STORE, &mut |met, input| {
            if met.key.name == "name" {
                store.name = Some(value::string(met, input)?.value);
            } else {
                store.max_age = Some(value::duration(met, input)?);
            }
            Ok(())
        })?;
    }
    Ok(Keyed { key: met.ident.span(), value: store })
}

fn flag(met: &Met<'_>, input: ParseStream<'_>) -> syn::Result<Setting> {
    Ok(Setting::Flag(value::flag(met, input)?.value))
}

fn number(met: &Met<'_>, input: ParseStream<'_>) -> syn::Result<Setting> {
    Ok(Setting::Number(value::integer::<u64>(met, input)?.value))
}

fn small_number(met: &Met<'_>, input: ParseStream<'_>) -> syn::Result<Setting> {
    Ok(Setting::Number(value::integer::<u32>(met, input)?.value.into()))
}

fn size(met: &Met<'_>, input: ParseStream<'_>) -> syn::Result<Setting> {
    Ok(Setting::Number(value::size::<u64>(met, input)?.value))
}

/// The server keeps it in an `i32`.
fn small_size(met: &Met<'_>, input: ParseStream<'_>) -> syn::Result<Setting> {
    Ok(Setting::Number(value::size::<i32>(met, input)?.value.unsigned_abs().into()))
}

fn duration(met: &Met<'_>, input: ParseStream<'_>) -> syn::Result<Setting> {
    Ok(Setting::Duration(value::duration(met, input)?.value))
}

fn one_source(met: &Met<'_>, input: ParseStream<'_>) -> syn::Result<Setting> {
    Ok(Setting::Source(Box::new(source::source(met, input)?)))
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
pub(super) fn first_paragraph(attributes: &[Attribute]) -> Option<String> {
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
