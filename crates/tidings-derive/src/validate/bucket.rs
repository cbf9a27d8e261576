//! Buckets.

use syn::{DeriveInput, LitStr};
use tidings_subject::{Segment, Template, check_bucket_name, check_key_token};

use super::{contract, payload};
use crate::attr::Keyed;
use crate::attr::bucket::BucketAttrs;
use crate::error::Errors;
use crate::model::{Bucket, Item};

/// Largest number of values of a key that a bucket keeps (ADR-8).
const MOST: u8 = 64;
/// Nanoseconds in a second, the shortest time of a marker.
const SECOND: u64 = 1_000_000_000;

/// Checks a bucket.
pub(crate) fn validate<'a>(
    input: &'a DeriveInput,
    attrs: &'a BucketAttrs,
    errors: &mut Errors,
) -> Option<Bucket<'a>> {
    let ident = &input.ident;
    if !input.generics.params.is_empty() {
        errors.at(
            ident.span(),
            "a bucket's value has no parameters: what is in the bucket has one type",
        );
    }
    let fields = contract::fields(input, "a bucket's value", errors);
    for (key, form) in [("name", "name = \"sessions\""), ("key", "key = \"{user}\"")] {
        if attrs.given.lacks(key) {
            errors.at(ident.span(), format!("`{ident}` needs a {key}: `#[bucket({form})]`"));
        }
    }
    if let Some(name) = &attrs.name
        && let Err(error) = check_bucket_name(&name.value())
    {
        errors.at(name.span(), format!("{:?} can't name a bucket: it {error}", name.value()));
    }
    limits(attrs, errors);
    let key = attrs.key.as_ref();
    let text = key.map(LitStr::value);
    let template = key.zip(text.as_deref()).and_then(|(key, text)| template(key, text, errors));
    let (key, template) = (key?, template?);
    let fields = fields?;
    let tokens = contract::bind(key, &template, fields, errors)?;
    if tokens.is_empty() {
        errors.at(
            key.span(),
            "a key without a field is that of one value only: bind one, as in `key = \"{user}\"`",
        );
    }
    let of = format!("the key `{}`", key.value());
    payload::check_tokens(fields, &tokens, &of, &attrs.detours, errors);
    Some(Bucket {
        item: Item::of(input, attrs.krate.as_ref()),
        name: attrs.name.as_ref()?,
        key,
        tokens,
        attrs,
    })
}

fn template<'a>(key: &LitStr, text: &'a str, errors: &mut Errors) -> Option<Template<'a>> {
    let template = Template::parse(text)
        .map_err(|error| {
            let what = if text.is_empty() { "the key".into() } else { format!("`{text}`") };
            errors.at(key.span(), format!("{what} {error}"));
        })
        .ok()?;
    for segment in template.segments() {
        if let Segment::Literal(literal) = segment
            && let Err(error) = check_key_token(literal)
        {
            errors.at(key.span(), format!("{literal:?} can't be part of a key: it {error}"));
            return None;
        }
    }
    Some(template)
}

fn limits(attrs: &BucketAttrs, errors: &mut Errors) {
    if let Some(Keyed { key, value }) = attrs.history
        && !(1..=MOST).contains(&value)
    {
        errors.at(key, format!("a bucket keeps 1 to {MOST} values of a key"));
    }
    if let Some(Keyed { key, value }) = attrs.replicas
        && !(1..=5).contains(&value)
    {
        errors.at(key, "a bucket has 1 to 5 replicas");
    }
    if let Some(Keyed { key, value }) = attrs.limit_markers
        && (value < SECOND || !value.is_multiple_of(SECOND))
    {
        errors
            .at(key, "a marker is kept for whole seconds, one at least: `limit_markers = \"10m\"`");
    }
    if let Some(Keyed { key, value }) = attrs.ttl
        && value < SECOND / 10
    {
        errors.at(key, "a value is kept for 100 ms at least: `ttl = \"1h\"`");
    }
}
