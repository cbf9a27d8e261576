//! Tokens.

use syn::ext::IdentExt as _;
use syn::{Data, DataEnum, DeriveInput, Fields, Ident};
use tidings_subject::check_token;

use crate::attr::serde;
use crate::attr::token::TokenAttrs;
use crate::error::Errors;
use crate::model::{Item, Token, TokenShape};

/// Checks a token.
pub(crate) fn validate<'a>(
    input: &'a DeriveInput,
    attrs: &'a TokenAttrs,
    errors: &mut Errors,
) -> Option<Token<'a>> {
    let shape = match &input.data {
        Data::Enum(data) => TokenShape::Enum(variants(input, data, errors)),
        Data::Struct(data) => match &data.fields {
            Fields::Unnamed(fields) if fields.unnamed.len() == 1 => {
                let field = &fields.unnamed[0];
                serde::check_newtype(&input.attrs, &field.attrs, errors);
                TokenShape::Newtype(&field.ty)
            }
            _ => return no_token(&input.ident, errors),
        },
        Data::Union(_) => return no_token(&input.ident, errors),
    };
    let item = Item::of(input, attrs.krate.as_ref());
    Some(Token { item, shape })
}

fn no_token<T>(ident: &Ident, errors: &mut Errors) -> Option<T> {
    errors.at(
        ident.span(),
        format!(
            "a token is an enum without data, or a newtype around a token: `struct {ident}(String);`"
        ),
    );
    None
}

/// The text of each variant.
fn variants<'a>(
    input: &DeriveInput,
    data: &'a DataEnum,
    errors: &mut Errors,
) -> Vec<(&'a Ident, String)> {
    let case = serde::read_enum(&input.attrs, errors).case;
    if data.variants.is_empty() {
        errors.at(
            input.ident.span(),
            format!("`{}` has no variant, so no token could ever be one", input.ident),
        );
    }
    let mut texts: Vec<(&Ident, String)> = Vec::new();
    for variant in &data.variants {
        if !matches!(variant.fields, Fields::Unit) {
            errors.at(
                variant.ident.span(),
                format!("`{}` holds data, and a token is a single text", variant.ident),
            );
            continue;
        }
        serde::check_variant(&variant.attrs, errors);
        let rename = serde::read_variant(&variant.attrs);
        let span = rename.as_ref().map_or(variant.ident.span(), syn::LitStr::span);
        let text = rename
            .map_or_else(|| case.apply(&variant.ident.unraw().to_string()), |name| name.value());
        if let Err(error) = check_token(&text) {
            let ident = &variant.ident;
            errors.at(span, format!("{text:?} {error}: `{ident}` can't be a token of a subject"));
        }
        if let Some((other, _)) = texts.iter().find(|(_, other)| *other == text) {
            errors.at(span, format!("`{other}` and `{}` are both written {text:?}", variant.ident));
        }
        texts.push((&variant.ident, text));
    }
    texts
}
