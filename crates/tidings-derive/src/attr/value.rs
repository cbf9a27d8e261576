//! The values of keys, each with an error that shows how it is written.

use syn::parse::{Parse, ParseStream};
use syn::{Expr, LitBool, LitInt, LitStr, Path, Token, Type, parenthesized, token};

use super::Keyed;
use super::key::{Key, Met, read_keys};
use super::quantity;
use crate::error::Errors;

/// Takes the `=` before a value.
fn equals(met: &Met<'_>, input: ParseStream<'_>) -> syn::Result<()> {
    if input.peek(Token![=]) {
        input.parse::<Token![=]>()?;
        if !input.is_empty() && !input.peek(Token![,]) {
            return Ok(());
        }
    }
    let Key { name, form, .. } = met.key;
    Err(syn::Error::new(met.ident.span(), format!("`{name}` needs a value: `{form}`")))
}

/// A value of this syntax, after `=`.
fn parsed<T: Parse>(met: &Met<'_>, input: ParseStream<'_>, what: &str) -> syn::Result<Keyed<T>> {
    equals(met, input)?;
    let Key { name, form, .. } = met.key;
    let value = input
        .parse()
        .map_err(|error| syn::Error::new(error.span(), format!("`{name}` is {what}: `{form}`")))?;
    Ok(Keyed { key: met.ident.span(), value })
}

/// `key = "text"`
pub(crate) fn string(met: &Met<'_>, input: ParseStream<'_>) -> syn::Result<Keyed<LitStr>> {
    parsed(met, input, "a string")
}

/// `key = some::Type<Of, Any>`
pub(crate) fn type_of(met: &Met<'_>, input: ParseStream<'_>) -> syn::Result<Keyed<Type>> {
    parsed(met, input, "a type")
}

/// `crate = "some::path"` or `crate = some::path`
pub(crate) fn path(met: &Met<'_>, input: ParseStream<'_>) -> syn::Result<Path> {
    if input.peek(Token![=]) && input.peek2(LitStr) {
        let text = string(met, input)?.value;
        return text.parse_with(Path::parse_mod_style).map_err(|_| {
            syn::Error::new(text.span(), format!("{:?} is not the path of a crate", text.value()))
        });
    }
    equals(met, input)?;
    input.call(Path::parse_mod_style)
}

/// `key`, `key = true` or `key = false`
pub(crate) fn flag(met: &Met<'_>, input: ParseStream<'_>) -> syn::Result<Keyed<bool>> {
    if input.peek(Token![=]) {
        let value = parsed::<LitBool>(met, input, "a flag")?;
        return Ok(Keyed { key: value.key, value: value.value.value });
    }
    Ok(Keyed { key: met.ident.span(), value: true })
}

/// `key = 7`
pub(crate) fn integer<T>(met: &Met<'_>, input: ParseStream<'_>) -> syn::Result<Keyed<T>>
where
    T: TryFrom<u64>,
{
    let number = parsed::<LitInt>(met, input, "a number")?;
    let value = number.value.base10_parse::<u64>().map_err(|_| {
        let name = met.key.name;
        syn::Error::new(
            number.value.span(),
            format!("`{name}` is a number from 0: `{}`", met.key.form),
        )
    })?;
    let value = T::try_from(value)
        .map_err(|_| syn::Error::new(number.value.span(), format!("`{value}` is too much")))?;
    Ok(Keyed { key: number.key, value })
}

/// `key = "1GiB"` or `key = 1_000`
pub(crate) fn size<T>(met: &Met<'_>, input: ParseStream<'_>) -> syn::Result<Keyed<T>>
where
    T: TryFrom<u64>,
{
    if input.peek(Token![=]) && input.peek2(LitInt) {
        return integer(met, input);
    }
    quantity_of(met, input, |text| {
        let size = quantity::size(text)?;
        T::try_from(size).map_err(|_| format!("{text:?} is too much"))
    })
}

/// `key = "1h30m"`, in nanoseconds
pub(crate) fn duration(met: &Met<'_>, input: ParseStream<'_>) -> syn::Result<Keyed<u64>> {
    quantity_of(met, input, quantity::duration)
}

/// `key = "2025-01-31T12:00:00Z"`, in seconds since 1970
pub(crate) fn time(met: &Met<'_>, input: ParseStream<'_>) -> syn::Result<Keyed<u64>> {
    quantity_of(met, input, quantity::time)
}

fn quantity_of<T>(
    met: &Met<'_>,
    input: ParseStream<'_>,
    read: impl FnOnce(&str) -> Result<T, String>,
) -> syn::Result<Keyed<T>> {
    let text = string(met, input)?;
    let value =
        read(&text.value.value()).map_err(|error| syn::Error::new(text.value.span(), error))?;
    Ok(Keyed { key: text.key, value })
}

/// `key = "word"`, one of these words
pub(crate) fn word<T: Copy>(
    met: &Met<'_>,
    input: ParseStream<'_>,
    words: &[(&'static str, T)],
) -> syn::Result<Keyed<T>> {
    let text = string(met, input)?;
    let given = text.value.value();
    if let Some((_, value)) = words.iter().find(|(word, _)| *word == given) {
        return Ok(Keyed { key: text.key, value: *value });
    }
    let known: Vec<_> = words.iter().map(|(word, _)| format!("{word:?}")).collect();
    Err(syn::Error::new(
        text.value.span(),
        format!("{given:?} is no `{}`: it is one of {}", met.key.name, known.join(", ")),
    ))
}

/// An expression, bare or in a string.
pub(crate) fn expression(met: &Met<'_>, input: ParseStream<'_>) -> syn::Result<Keyed<Expr>> {
    if input.peek(Token![=]) && input.peek2(LitStr) {
        let text = string(met, input)?;
        let value = text.value.parse().map_err(|error| {
            let name = met.key.name;
            let given = text.value.value();
            syn::Error::new(
                text.value.span(),
                format!(
                    "`{name}` is an expression over the fields, and `{given}` is none: {error}"
                ),
            )
        })?;
        return Ok(Keyed { key: text.key, value });
    }
    parsed(met, input, "an expression over the fields")
}

/// `key("a", "b")`
pub(crate) fn strings(met: &Met<'_>, input: ParseStream<'_>) -> syn::Result<Vec<LitStr>> {
    let inside;
    parentheses(met, input)?;
    parenthesized!(inside in input);
    let list = inside.parse_terminated(<LitStr as Parse>::parse, Token![,]).map_err(|error| {
        let Key { name, form, .. } = met.key;
        syn::Error::new(error.span(), format!("`{name}` takes strings: `{form}`"))
    })?;
    Ok(list.into_iter().collect())
}

/// `key(inner = …, …)`
///
/// All that is wrong inside is one error, so that nothing more is said of what is missing there.
pub(crate) fn nested(
    met: &Met<'_>,
    input: ParseStream<'_>,
    keys: &'static [Key],
    read: &mut dyn FnMut(&Met<'_>, ParseStream<'_>) -> syn::Result<()>,
) -> syn::Result<()> {
    let inside;
    parentheses(met, input)?;
    parenthesized!(inside in input);
    let mut errors = Errors::default();
    read_keys(&inside, keys, &mut Vec::new(), &mut errors, read);
    errors.finish()
}

/// Checks that what follows are parentheses.
pub(crate) fn parentheses(met: &Met<'_>, input: ParseStream<'_>) -> syn::Result<()> {
    if input.peek(token::Paren) {
        return Ok(());
    }
    let Key { name, form, .. } = met.key;
    Err(syn::Error::new(met.ident.span(), format!("`{name}` takes parentheses: `{form}`")))
}
