//! Checks on the variants of an enum of events, in generated code.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;
use syn::{Ident, Type};

use super::at;
use super::event_enum::held;
use crate::model::{EventEnum, Variant};

/// Checks on the variants, as constant expressions.
pub(super) fn checks(event: &EventEnum<'_>) -> Vec<TokenStream> {
    let mut checks = Vec::new();
    for (position, Variant { ident, ty }) in event.variants.iter().enumerate() {
        let this = held(ty);
        let nested = format!(
            "`{}` holds an enum of events itself: a variant holds one event, so that its subject \
             says which; name its variants here",
            ident.unraw()
        );
        checks.push(quote_spanned! {at(ty.span())=>
            if #this::DECLARATIONS.len() != 1 { __tidings::core::panic!("{}", #nested) }
        });
        let asked = format!(
            "`{}` holds a request: an enum of events holds what happened, and a request is asked \
             and answered by itself",
            ident.unraw()
        );
        checks.push(quote_spanned! {at(ty.span())=>
            if !__tidings::core::matches!(#this::DECLARATIONS[0].kind, __tidings::MessageKind::Event) {
                __tidings::core::panic!("{}", #asked)
            }
        });
        if let Some(stream) = event.stream {
            let name = quote!(#stream).to_string().replace(' ', "");
            let elsewhere = format!(
                "`{}` holds an event that the stream `{name}` does not keep: add `stream = {name}` \
                 to the event, or leave the stream of the enum out",
                ident.unraw()
            );
            checks.push(quote_spanned! {at(ty.span())=>
                if !__tidings::Declaration::is_kept_by(
                    #this::DECLARATIONS[0],
                    <#stream as __tidings::EventStream>::NAME,
                ) {
                    __tidings::core::panic!("{}", #elsewhere)
                }
            });
        }
        if position > 0 {
            checks.push(clashes(ident, ty, &event.variants[..position]));
        }
    }
    checks
}

/// Check that a message of this variant can be told from one of those before it.
fn clashes(ident: &Ident, ty: &Type, others: &[Variant<'_>]) -> TokenStream {
    let this = held(ty);
    let declarations = others.iter().map(|other| held(other.ty));
    let arms = others.iter().enumerate().map(|(position, other)| {
        let clash = format!(
            "`{}` and `{}` can have the same subject, so that a message of one could be taken for \
             the other: add `tagged` to both events, or change the subject of one",
            other.ident.unraw(),
            ident.unraw()
        );
        quote_spanned! {at(ty.span())=>
            __tidings::Some(#position) => __tidings::core::panic!("{}", #clash),
        }
    });
    quote_spanned! {at(ty.span())=>
        match __tidings::Declaration::clash(
            #this::DECLARATIONS[0],
            &[#(#declarations::DECLARATIONS[0]),*],
        ) {
            #(#arms)*
            _ => {}
        }
    }
}
