//! Serde attributes that keep a field from being carried in the payload as it is.

use proc_macro2::Span;
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;
use syn::{Attribute, Field, LitStr, Token};

use super::{serde, skip};

/// The keys with which serde leaves something out, whatever its value is.
pub(super) const SKIPS: [&str; 3] = ["skip", "skip_serializing", "skip_deserializing"];

/// A key of `#[serde(…)]` with which receivers do not read what the sender has in a field.
pub(crate) struct Detour {
    /// The place of the key.
    pub(crate) key: Span,
    /// Effect in words: `` `skip` keeps it out of the payload ``.
    pub(crate) effect: String,
    /// `true` if it does so for some values only.
    pub(crate) sometimes: bool,
}

/// Returns `true` if the names of all fields follow a rule (`rename_all`).
pub(crate) fn renames_all(attributes: &[Attribute]) -> bool {
    let mut found = false;
    for attribute in serde(attributes) {
        let read = attribute.parse_nested_meta(|meta| {
            found |= meta.path.is_ident("rename_all");
            skip(&meta)
        });
        drop(read);
    }
    found
}

/// Reads what keeps a field from its receivers; `ruled` says whether a rule makes its name.
pub(crate) fn read_field(field: &Field, ruled: bool) -> Vec<Detour> {
    let mut detours = Vec::new();
    let mut renamed: Option<(Span, Option<String>, Option<String>)> = None;
    let mut aliases = Vec::new();
    for attribute in serde(&field.attrs) {
        let read = attribute.parse_nested_meta(|meta| {
            let key = meta.path.span();
            if let Some(name) = SKIPS.iter().find(|name| meta.path.is_ident(name)) {
                let verb = if *name == "skip_deserializing" { "reads" } else { "writes" };
                let effect = format!("with `{name}` nobody {verb} it in the payload");
                detours.push(Detour { key, effect, sometimes: false });
            } else if meta.path.is_ident("skip_serializing_if") {
                let effect = "with `skip_serializing_if` some payloads lack it".to_owned();
                detours.push(Detour { key, effect, sometimes: true });
            } else if meta.path.is_ident("alias") {
                aliases.push(meta.value()?.parse::<LitStr>()?.value());
                return Ok(());
            } else if meta.path.is_ident("rename") && !meta.input.peek(Token![=]) {
                let (mut written, mut read) = (None, None);
                meta.parse_nested_meta(|inner| {
                    let name = inner.value()?.parse::<LitStr>()?.value();
                    if inner.path.is_ident("serialize") {
                        written = Some(name);
                    } else if inner.path.is_ident("deserialize") {
                        read = Some(name);
                    }
                    Ok(())
                })?;
                renamed = Some((key, written, read));
                return Ok(());
            }
            skip(&meta)
        });
        // Not ours to report: serde does.
        drop(read);
    }
    // A name that a rule makes is not known here.
    let own = field.ident.as_ref().filter(|_| !ruled).map(|ident| ident.unraw().to_string());
    if let Some((key, written, read)) = renamed
        && let (Some(written), Some(read)) = (written.or_else(|| own.clone()), read.or(own))
        && written != read
        && !aliases.contains(&written)
    {
        let effect = format!("it is written as {written:?} and read as {read:?}");
        detours.push(Detour { key, effect, sometimes: false });
    }
    detours
}

#[cfg(test)]
mod tests {
    use syn::{Attribute, parse_quote};

    use super::read_field;

    fn detours(attribute: &Attribute, ruled: bool) -> Vec<(String, bool)> {
        let found = read_field(&parse_quote!(#attribute region: String), ruled);
        found.into_iter().map(|detour| (detour.effect, detour.sometimes)).collect()
    }

    #[test]
    fn a_field_that_travels_as_it_is() {
        for attribute in [
            parse_quote!(#[serde(default, alias = "x", rename = "y", with = "text")]),
            parse_quote!(#[serde(rename(serialize = "y", deserialize = "y"))]),
            parse_quote!(#[serde(rename(serialize = "y", deserialize = "z"), alias = "y")]),
            parse_quote!(#[serde(rename(serialize = "y"), alias = "y")]),
            parse_quote!(#[serde(rename(deserialize = "region"))]),
            parse_quote!(#[schemars(skip)]),
        ] {
            assert_eq!(detours(&attribute, false), []);
        }
        assert_eq!(detours(&parse_quote!(#[serde(rename(serialize = "y"))]), true), []);
    }

    #[test]
    fn a_field_that_is_left_out() {
        for key in ["skip", "skip_serializing", "skip_deserializing", "skip_serializing_if"] {
            let name = quote::format_ident!("{key}");
            let found = detours(&parse_quote!(#[serde(default = "some", #name)]), false);
            assert_eq!(found.len(), 1, "{key}");
            assert!(found[0].0.contains(key), "{found:?}");
            assert_eq!(found[0].1, key == "skip_serializing_if");
        }
    }

    #[test]
    fn a_field_that_is_read_by_another_name() {
        for (attribute, effect) in [
            (
                parse_quote!(#[serde(rename(serialize = "y", deserialize = "z"))]),
                r#"it is written as "y" and read as "z""#,
            ),
            (
                parse_quote!(#[serde(rename(serialize = "y"))]),
                r#"it is written as "y" and read as "region""#,
            ),
            (
                parse_quote!(#[serde(rename(deserialize = "z"))]),
                r#"it is written as "region" and read as "z""#,
            ),
        ] {
            assert_eq!(detours(&attribute, false), [(effect.to_owned(), false)]);
        }
    }
}
