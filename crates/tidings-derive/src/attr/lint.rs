//! The lints that a user allows on an item.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, Data, DeriveInput};

/// The lints of every `#[allow(…)]` and `#[expect(…)]` on an item, its variants and its fields, and
/// `deprecated` where one of them is.
///
/// Generated types have the same names and use what is deprecated, so what a user allows there has to
/// be allowed here. A lint that is expected is allowed only: it is met on the item itself.
pub(crate) fn allowed(input: &DeriveInput) -> Vec<TokenStream> {
    let mut lints: Vec<_> = input.attrs.iter().filter_map(lint).collect();
    match &input.data {
        Data::Struct(data) => {
            lints.extend(data.fields.iter().flat_map(|field| &field.attrs).filter_map(lint));
        }
        Data::Enum(data) => {
            for variant in &data.variants {
                let fields = variant.fields.iter().flat_map(|field| &field.attrs);
                lints.extend(variant.attrs.iter().chain(fields).filter_map(lint));
            }
        }
        Data::Union(_) => {}
    }
    lints
}

fn lint(attribute: &Attribute) -> Option<TokenStream> {
    if attribute.path().is_ident("deprecated") {
        return Some(quote!(deprecated));
    }
    let allows = attribute.path().is_ident("allow") || attribute.path().is_ident("expect");
    let list = attribute.meta.require_list().ok().filter(|_| allows)?;
    (!list.tokens.is_empty()).then(|| list.tokens.clone())
}
