//! The keys of an attribute: `key`, `key = value` and `key(…)`, with commas between.

use proc_macro2::TokenTree;
use syn::ext::IdentExt as _;
use syn::parse::{ParseStream, Parser as _};
use syn::{Attribute, Ident, Meta, Token, token};

use super::suggest::{did_you_mean, list};
use crate::error::Errors;

/// A key that an attribute knows.
#[derive(Clone, Copy)]
pub(crate) struct Key {
    /// Name of the key.
    pub(crate) name: &'static str,
    /// Written form of the key, for errors: `version = 1`.
    pub(crate) form: &'static str,
    /// `true` if it may be given more than once.
    pub(crate) repeats: bool,
    /// Reason that it can't be given here, for what belongs to another derive.
    pub(crate) refused: Option<&'static str>,
}

impl Key {
    /// A key that is given at most once.
    pub(crate) const fn once(name: &'static str, form: &'static str) -> Self {
        Self { name, form, repeats: false, refused: None }
    }

    /// A key that may be given again.
    pub(crate) const fn many(name: &'static str, form: &'static str) -> Self {
        Self { name, form, repeats: true, refused: None }
    }

    /// A key that can't be given here, and why.
    pub(crate) const fn refused(name: &'static str, why: &'static str) -> Self {
        Self { name, form: "", repeats: false, refused: Some(why) }
    }
}

/// A key as it was met, with what it needs to read its value.
pub(crate) struct Met<'a> {
    /// The key as written.
    pub(crate) ident: &'a Ident,
    /// The known key.
    pub(crate) key: &'static Key,
}

/// Keys that an attribute was given, whether or not their values could be read.
#[derive(Default)]
pub(crate) struct Given {
    /// `true` if there was an attribute at all.
    pub(crate) present: bool,
    /// `true` if something could not be read: what is missing then may be what was meant.
    failed: bool,
    keys: Vec<&'static str>,
}

impl Given {
    /// Returns `true` if this key was forgotten, and not misspelt.
    pub(crate) fn lacks(&self, key: &str) -> bool {
        !self.failed && !self.has(key)
    }

    /// Returns `true` if there was this key.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.keys.contains(&key)
    }
}

/// Reads the keys of every attribute of this name.
///
/// `read` takes a key's value, from after the key; when it fails, reading goes on with the next.
pub(crate) fn read_attributes(
    attributes: &[Attribute],
    name: &'static str,
    keys: &'static [Key],
    errors: &mut Errors,
    mut read: impl FnMut(&Met<'_>, ParseStream<'_>) -> syn::Result<()>,
) -> Given {
    let mut given = Given::default();
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident(name)) {
        given.present = true;
        match &attribute.meta {
            Meta::List(inside) => {
                let parse = |input: ParseStream<'_>| {
                    let mut inside = Errors::default();
                    read_keys(input, keys, &mut given.keys, &mut inside, &mut read);
                    inside.finish()
                };
                if let Err(error) = parse.parse2(inside.tokens.clone()) {
                    given.failed = true;
                    errors.push(error);
                }
            }
            Meta::Path(_) | Meta::NameValue(_) => {
                given.failed = true;
                let form = keys.first().map_or("", |key| key.form);
                errors.push(syn::Error::new_spanned(
                    &attribute.meta,
                    format!("the keys go in parentheses: `#[{name}({form})]`"),
                ));
            }
        }
    }
    given
}

/// Reads keys up to the end of the input.
pub(crate) fn read_keys(
    input: ParseStream<'_>,
    keys: &'static [Key],
    seen: &mut Vec<&'static str>,
    errors: &mut Errors,
    read: &mut dyn FnMut(&Met<'_>, ParseStream<'_>) -> syn::Result<()>,
) {
    while !input.is_empty() {
        if let Err(error) = read_key(input, keys, seen, read) {
            errors.push(error);
            skip_to_next_key(input);
        }
    }
}

fn read_key(
    input: ParseStream<'_>,
    keys: &'static [Key],
    seen: &mut Vec<&'static str>,
    read: &mut dyn FnMut(&Met<'_>, ParseStream<'_>) -> syn::Result<()>,
) -> syn::Result<()> {
    let ident = input.call(Ident::parse_any).map_err(|error| {
        syn::Error::new(error.span(), format!("expected a key: {}", names(keys)))
    })?;
    let name = ident.unraw().to_string();
    let Some(key) = keys.iter().find(|key| key.name == name) else {
        return Err(syn::Error::new(ident.span(), unknown(&name, keys)));
    };
    if let Some(why) = key.refused {
        return Err(syn::Error::new(ident.span(), why));
    }
    if seen.contains(&key.name) && !key.repeats {
        return Err(syn::Error::new(ident.span(), format!("`{name}` is given twice")));
    }
    seen.push(key.name);
    read(&Met { ident: &ident, key }, input)?;
    if input.is_empty() {
        return Ok(());
    }
    if input.peek(Token![,]) {
        input.parse::<Token![,]>()?;
        return Ok(());
    }
    Err(input.error(format!("expected `,` after `{name}`: it is written `{}`", key.form)))
}

/// Error message for an unknown key.
fn unknown(name: &str, keys: &[Key]) -> String {
    let known = keys.iter().filter(|key| key.refused.is_none()).map(|key| key.name);
    let meant = did_you_mean(name, known)
        .map_or_else(String::new, |meant| format!("did you mean `{meant}`? "));
    format!("unknown key `{name}`: {meant}{}", names(keys))
}

fn names(keys: &[Key]) -> String {
    let known: Vec<_> =
        keys.iter().filter(|key| key.refused.is_none()).map(|key| key.name).collect();
    match known[..] {
        [key] => format!("the only key is `{key}`"),
        _ => format!("the keys are {}", list(known)),
    }
}

/// Skips what is left of a value that could not be read, generics with commas included.
fn skip_to_next_key(input: ParseStream<'_>) {
    while !input.is_empty() {
        if input.peek(Token![,]) && is_key(input) {
            // It was peeked.
            let _ = input.parse::<Token![,]>();
            return;
        }
        let _ = input.parse::<TokenTree>();
    }
}

/// Returns `true` if what follows a comma looks like a key.
fn is_key(input: ParseStream<'_>) -> bool {
    let ahead = input.fork();
    ahead.parse::<Token![,]>().is_ok()
        && (ahead.is_empty()
            || ahead.call(Ident::parse_any).is_ok()
                && (ahead.is_empty()
                    || ahead.peek(Token![=])
                    || ahead.peek(Token![,])
                    || ahead.peek(token::Paren)))
}

#[cfg(test)]
mod tests {
    use super::{Key, unknown};

    #[test]
    fn unknown_keys() {
        const KEYS: &[Key] = &[Key::once("subject", ""), Key::once("name", "")];
        assert_eq!(
            unknown("subjct", KEYS),
            "unknown key `subjct`: did you mean `subject`? the keys are `subject` and `name`"
        );
        assert_eq!(unknown("x", KEYS), "unknown key `x`: the keys are `subject` and `name`");
        assert_eq!(unknown("x", &KEYS[..1]), "unknown key `x`: the only key is `subject`");
    }
}
