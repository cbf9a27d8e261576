//! The part of `#[serde(…)]` that says how an enum's variants are written, and whether a field
//! travels in the payload as it is.

mod field;
mod wire;

use syn::meta::ParseNestedMeta;
use syn::{Attribute, LitStr, Token};

pub(crate) use field::{Detour, read_field, renames_all};
pub(crate) use wire::wire_name;

use crate::error::Errors;

/// Case in which serde writes the names of variants (`rename_all`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Case {
    /// `PascalCase`: names as they are declared.
    #[default]
    Pascal,
    /// `lowercase`
    Lower,
    /// `UPPERCASE`
    Upper,
    /// `camelCase`
    Camel,
    /// `snake_case`
    Snake,
    /// `SCREAMING_SNAKE_CASE`
    ScreamingSnake,
    /// `kebab-case`
    Kebab,
    /// `SCREAMING-KEBAB-CASE`
    ScreamingKebab,
}

impl Case {
    /// The case that serde calls so; what serde does not know it will refuse itself.
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "PascalCase" => Self::Pascal,
            "lowercase" => Self::Lower,
            "UPPERCASE" => Self::Upper,
            "camelCase" => Self::Camel,
            "snake_case" => Self::Snake,
            "SCREAMING_SNAKE_CASE" => Self::ScreamingSnake,
            "kebab-case" => Self::Kebab,
            "SCREAMING-KEBAB-CASE" => Self::ScreamingKebab,
            _ => return None,
        })
    }

    /// The name of a variant as serde writes it.
    pub(crate) fn apply(self, variant: &str) -> String {
        match self {
            Self::Pascal => variant.to_owned(),
            Self::Lower => variant.to_ascii_lowercase(),
            Self::Upper => variant.to_ascii_uppercase(),
            Self::Camel => {
                let first = variant.chars().next().map_or(0, char::len_utf8);
                variant[..first].to_ascii_lowercase() + &variant[first..]
            }
            Self::Snake => separated(variant, '_'),
            Self::ScreamingSnake => separated(variant, '_').to_ascii_uppercase(),
            Self::Kebab => separated(variant, '_').replace('_', "-"),
            Self::ScreamingKebab => separated(variant, '_').to_ascii_uppercase().replace('_', "-"),
        }
    }
}

/// Lower case, with the separator before each letter that was upper case, but the first.
fn separated(variant: &str, separator: char) -> String {
    let mut text = String::with_capacity(variant.len() + 4);
    for (at, letter) in variant.char_indices() {
        if at > 0 && letter.is_uppercase() {
            text.push(separator);
        }
        text.push(letter.to_ascii_lowercase());
    }
    text
}

/// Attributes `#[serde(…)]` of an enum.
#[derive(Default)]
pub(crate) struct EnumAttrs {
    /// `rename_all`
    pub(crate) case: Case,
}

/// Reads what is said of an enum.
///
/// serde reads its attributes as well and says what is wrong with them; here only what changes
/// a variant's text beyond its name is refused.
pub(crate) fn read_enum(attributes: &[Attribute], errors: &mut Errors) -> EnumAttrs {
    let mut attrs = EnumAttrs::default();
    for attribute in serde(attributes) {
        let read = attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("rename_all") {
                if let Some(name) = serialized(&meta)? {
                    attrs.case = Case::named(&name.value()).unwrap_or_default();
                }
                return Ok(());
            }
            refuse(
                &meta,
                &["untagged", "tag", "into", "from", "try_from"],
                "variants' names",
                errors,
            );
            skip(&meta)
        });
        // Not ours to report: serde does.
        drop(read);
    }
    attrs
}

/// Refuses what makes a newtype's JSON another text than its field's.
pub(crate) fn check_newtype(attributes: &[Attribute], field: &[Attribute], errors: &mut Errors) {
    for attribute in serde(attributes) {
        let read = attribute.parse_nested_meta(|meta| {
            refuse(&meta, &["into", "from", "try_from"], "field", errors);
            skip(&meta)
        });
        drop(read);
    }
    for attribute in serde(field) {
        let read = attribute.parse_nested_meta(|meta| {
            let keys = ["with", "serialize_with", "deserialize_with"];
            refuse(&meta, &keys, "field", errors);
            refuse(&meta, &field::SKIPS, "field", errors);
            skip(&meta)
        });
        drop(read);
    }
}

/// Refuses what makes the text of a variant in the payload another one than in the subject.
pub(crate) fn check_variant(attributes: &[Attribute], errors: &mut Errors) {
    for attribute in serde(attributes) {
        let read = attribute.parse_nested_meta(|meta| {
            let keys = ["untagged", "with", "serialize_with", "deserialize_with"];
            refuse(&meta, &keys, "variant's name", errors);
            refuse(&meta, &field::SKIPS, "variant's name", errors);
            skip(&meta)
        });
        drop(read);
    }
}

/// An error at each of these keys: with it serde does not read and write the `text` of a token.
fn refuse(meta: &ParseNestedMeta<'_>, keys: &[&str], text: &str, errors: &mut Errors) {
    for key in keys.iter().filter(|key| meta.path.is_ident(key)) {
        errors.push(syn::Error::new_spanned(
            &meta.path,
            format!(
                "with `{key}` serde writes or reads something other than the {text}, and a token \
                 is what serde writes and reads: implement `Token` by hand"
            ),
        ));
    }
}

/// Reads a variant's `rename`.
pub(crate) fn read_variant(attributes: &[Attribute]) -> Option<LitStr> {
    let mut rename = None;
    for attribute in serde(attributes) {
        let read = attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("rename") {
                if let Some(name) = serialized(&meta)? {
                    rename = Some(name);
                }
                return Ok(());
            }
            skip(&meta)
        });
        drop(read);
    }
    rename
}

fn serde(attributes: &[Attribute]) -> impl Iterator<Item = &Attribute> {
    attributes.iter().filter(|attribute| attribute.path().is_ident("serde"))
}

/// The text of `rename = "text"` or `rename(serialize = "text")`.
fn serialized(meta: &ParseNestedMeta<'_>) -> syn::Result<Option<LitStr>> {
    if meta.input.peek(Token![=]) {
        return meta.value()?.parse().map(Some);
    }
    let mut text = None;
    meta.parse_nested_meta(|inner| {
        let name: LitStr = inner.value()?.parse()?;
        if inner.path.is_ident("serialize") {
            text = Some(name);
        }
        Ok(())
    })?;
    Ok(text)
}

/// Skips a value that does not matter here.
fn skip(meta: &ParseNestedMeta<'_>) -> syn::Result<()> {
    while !meta.input.is_empty() && !meta.input.peek(Token![,]) {
        meta.input.parse::<proc_macro2::TokenTree>()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases() {
        // The table of serde's own documentation and tests.
        for (variant, lower, camel, snake, kebab) in [
            ("Outcome", "outcome", "outcome", "outcome", "outcome"),
            ("VeryTasty", "verytasty", "veryTasty", "very_tasty", "very-tasty"),
            ("A", "a", "a", "a", "a"),
            ("Z42", "z42", "z42", "z42", "z42"),
            ("EU", "eu", "eU", "e_u", "e-u"),
        ] {
            assert_eq!(Case::Pascal.apply(variant), variant);
            assert_eq!(Case::Lower.apply(variant), lower);
            assert_eq!(Case::Upper.apply(variant), lower.to_uppercase());
            assert_eq!(Case::Camel.apply(variant), camel);
            assert_eq!(Case::Snake.apply(variant), snake);
            assert_eq!(Case::ScreamingSnake.apply(variant), snake.to_uppercase());
            assert_eq!(Case::Kebab.apply(variant), kebab);
            assert_eq!(Case::ScreamingKebab.apply(variant), kebab.to_uppercase());
        }
    }

    #[test]
    fn renames() {
        let rename = |attribute: Attribute| read_variant(&[attribute]).map(|text| text.value());
        assert_eq!(rename(syn::parse_quote!(#[serde(rename = "eu")])).as_deref(), Some("eu"));
        assert_eq!(
            rename(
                syn::parse_quote!(#[serde(alias = "x", rename(deserialize = "y", serialize = "z"))])
            )
            .as_deref(),
            Some("z")
        );
        assert_eq!(rename(syn::parse_quote!(#[serde(rename(deserialize = "y"))])), None);
        assert_eq!(rename(syn::parse_quote!(#[serde(skip)])), None);
    }
}
