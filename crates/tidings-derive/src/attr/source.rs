//! The keys of a stream that take keys themselves.

use syn::LitStr;
use syn::parse::ParseStream;

use super::Keyed;
use super::key::{Key, Met};
use super::value;

/// `placement(…)`
#[derive(Default)]
pub(crate) struct Placement {
    /// `cluster = "…"`
    pub(crate) cluster: Option<LitStr>,
    /// `tags("…")`
    pub(crate) tags: Vec<LitStr>,
}

/// `subject_transform(…)`
pub(crate) struct Transform {
    /// `source = "…"`
    pub(crate) source: LitStr,
    /// `destination = "…"`
    pub(crate) destination: LitStr,
}

/// `republish(…)`
pub(crate) struct Republish {
    /// `source = "…"`
    pub(crate) source: LitStr,
    /// `destination = "…"`
    pub(crate) destination: LitStr,
    /// `headers_only`
    pub(crate) headers_only: bool,
}

/// `consumer_limits(…)`
#[derive(Default)]
pub(crate) struct Limits {
    /// `inactive_threshold = "…"`
    pub(crate) inactive_threshold: Option<u64>,
    /// `max_ack_pending = 1000`
    pub(crate) max_ack_pending: Option<u64>,
}

/// `mirror(…)` or `source(…)`
pub(crate) struct Source {
    /// `name = "…"`
    pub(crate) name: LitStr,
    /// `start_sequence = 5`
    pub(crate) start_sequence: Option<Keyed<u64>>,
    /// `start_time = "2025-01-31T12:00:00Z"`
    pub(crate) start_time: Option<Keyed<u64>>,
    /// `filter_subject = "…"`
    pub(crate) filter_subject: Option<Keyed<LitStr>>,
    /// `subject_transform(…)`
    pub(crate) transforms: Vec<Transform>,
    /// `domain = "…"`
    pub(crate) domain: Option<LitStr>,
    /// `external(…)`: its API prefix and its delivery prefix.
    pub(crate) external: Option<(LitStr, Option<LitStr>)>,
    /// `consumer(…)`: its name and the subject it delivers to.
    pub(crate) consumer: Option<(LitStr, LitStr)>,
}

const PLACEMENT: &[Key] =
    &[Key::once("cluster", "cluster = \"east\""), Key::once("tags", "tags(\"ssd\")")];

const TRANSFORM: &[Key] =
    &[Key::once("source", "source = \"a.>\""), Key::once("destination", "destination = \"b.>\"")];

const REPUBLISH: &[Key] = &[
    Key::once("source", "source = \"a.>\""),
    Key::once("destination", "destination = \"b.>\""),
    Key::once("headers_only", "headers_only"),
];

const LIMITS: &[Key] = &[
    Key::once("inactive_threshold", "inactive_threshold = \"1h\""),
    Key::once("max_ack_pending", "max_ack_pending = 1000"),
];

const EXTERNAL: &[Key] = &[
    Key::once("api_prefix", "api_prefix = \"$JS.hub.API\""),
    Key::once("delivery_prefix", "delivery_prefix = \"deliver.hub\""),
];

const CONSUMER: &[Key] = &[
    Key::once("name", "name = \"mirror\""),
    Key::once("deliver_subject", "deliver_subject = \"deliver.mirror\""),
];

const SOURCE: &[Key] = &[
    Key::once("name", "name = \"ORDERS\""),
    Key::once("start_sequence", "start_sequence = 5"),
    Key::once("start_time", "start_time = \"2025-01-31T12:00:00Z\""),
    Key::once("filter_subject", "filter_subject = \"orders.eu.>\""),
    Key::many("subject_transform", "subject_transform(source = \"a.>\", destination = \"b.>\")"),
    Key::once("domain", "domain = \"hub\""),
    Key::once("external", "external(api_prefix = \"$JS.hub.API\")"),
    Key::once("consumer", "consumer(name = \"mirror\", deliver_subject = \"deliver.mirror\")"),
];

/// Reads `placement(…)`.
pub(crate) fn placement(met: &Met<'_>, input: ParseStream<'_>) -> syn::Result<Placement> {
    let mut placement = Placement::default();
    value::nested(met, input, PLACEMENT, &mut |met, input| {
        match met.key.name {
            "cluster" => placement.cluster = Some(value::string(met, input)?.value),
            _ => placement.tags = value::strings(met, input)?,
        }
        Ok(())
    })?;
    Ok(placement)
}

/// Reads `consumer_limits(…)`.
pub(crate) fn limits(met: &Met<'_>, input: ParseStream<'_>) -> syn::Result<Limits> {
    let mut limits = Limits::default();
    value::nested(met, input, LIMITS, &mut |met, input| {
        match met.key.name {
            "inactive_threshold" => {
                limits.inactive_threshold = Some(value::duration(met, input)?.value);
            }
            _ => limits.max_ack_pending = Some(value::integer(met, input)?.value),
        }
        Ok(())
    })?;
    Ok(limits)
}

/// Reads `subject_transform(…)`.
pub(crate) fn transform(met: &Met<'_>, input: ParseStream<'_>) -> syn::Result<Transform> {
    let Republish { source, destination, .. } = moved(met, input, TRANSFORM)?;
    Ok(Transform { source, destination })
}

/// Reads `republish(…)`.
pub(crate) fn republish(met: &Met<'_>, input: ParseStream<'_>) -> syn::Result<Republish> {
    moved(met, input, REPUBLISH)
}

/// Reads what has a `source` and a `destination`.
fn moved(met: &Met<'_>, input: ParseStream<'_>, keys: &'static [Key]) -> syn::Result<Republish> {
    let (mut source, mut destination, mut headers_only) = (None, None, false);
    value::nested(met, input, keys, &mut |met, input| {
        match met.key.name {
            "source" => source = Some(value::string(met, input)?.value),
            "destination" => destination = Some(value::string(met, input)?.value),
            _ => headers_only = value::flag(met, input)?.value,
        }
        Ok(())
    })?;
    let (source, destination) =
        (required(met, "source", source)?, required(met, "destination", destination)?);
    Ok(Republish { source, destination, headers_only })
}

/// Reads `mirror(…)` or `source(…)`.
pub(crate) fn source(met: &Met<'_>, input: ParseStream<'_>) -> syn::Result<Source> {
    let (mut name, mut start_sequence, mut start_time, mut filter_subject) =
        (None, None, None, None);
    let (mut transforms, mut domain, mut external, mut consumer) = (Vec::new(), None, None, None);
    value::nested(met, input, SOURCE, &mut |met, input| {
        match met.key.name {
            "name" => name = Some(value::string(met, input)?.value),
            "start_sequence" => start_sequence = Some(value::integer(met, input)?),
            "start_time" => start_time = Some(value::time(met, input)?),
            "filter_subject" => filter_subject = Some(value::string(met, input)?),
            "subject_transform" => transforms.push(transform(met, input)?),
            "domain" => domain = Some(value::string(met, input)?.value),
            "external" => {
                let [api, delivery] = two(met, input, EXTERNAL)?;
                external = Some((required(met, "api_prefix", api)?, delivery));
            }
            _ => {
                let [name, deliver] = two(met, input, CONSUMER)?;
                let deliver = required(met, "deliver_subject", deliver)?;
                consumer = Some((required(met, "name", name)?, deliver));
            }
        }
        Ok(())
    })?;
    let name = required(met, "name", name)?;
    Ok(Source {
        name,
        start_sequence,
        start_time,
        filter_subject,
        transforms,
        domain,
        external,
        consumer,
    })
}

/// Reads two strings, the first and the second of these keys.
fn two(
    met: &Met<'_>,
    input: ParseStream<'_>,
    keys: &'static [Key],
) -> syn::Result<[Option<LitStr>; 2]> {
    let mut strings = [None, None];
    value::nested(met, input, keys, &mut |met, input| {
        let second = usize::from(met.key.name != keys[0].name);
        strings[second] = Some(value::string(met, input)?.value);
        Ok(())
    })?;
    Ok(strings)
}

fn required<T>(met: &Met<'_>, inner: &str, value: Option<T>) -> syn::Result<T> {
    value.ok_or_else(|| {
        let Key { name, form, .. } = met.key;
        syn::Error::new(met.ident.span(), format!("`{name}` needs `{inner}`: `{form}`"))
    })
}
