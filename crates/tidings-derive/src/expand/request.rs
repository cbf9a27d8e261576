//! Requests.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned as _;

use super::contract::{self, Parts};
use super::event::decode;
use super::{at, in_block};
use crate::model::Request;

/// Writes a request.
pub(crate) fn expand(request: &Request<'_>) -> TokenStream {
    let Request { contract, reply, error } = request;
    let ident = contract.item.ident;
    let (impl_generics, ty_generics, _) = contract.item.generics.split_for_impl();
    let bounds = contract::bounds(contract);
    let (fails_with, declared, describe, outcome) = match error {
        Some(error) => (
            quote!(#error),
            quote!(#error),
            quote!(__tidings::describe_fallible_request),
            quote_spanned!(at(error.span())=> __tidings::Outcome::of_declared::<#reply, #error>(result)),
        ),
        None => (
            quote!(__tidings::Failure),
            quote!(__tidings::Undeclared),
            quote!(__tidings::describe_request),
            quote_spanned!(at(reply.span())=> __tidings::Outcome::of_request::<#reply>(result)),
        ),
    };
    let message = contract::expand(
        contract,
        &Parts {
            kind: quote!(Request),
            reply: quote!(#reply),
            error: fails_with,
            declared: TokenStream::new(),
            message_id: TokenStream::new(),
            describe,
        },
    );
    let decode = (!contract.item.borrows()).then(|| {
        let bounds = contract::decode_bounds(contract);
        decode(contract, &quote!(#bounds), &outcome)
    });
    let code = quote! {
        #message

        #[automatically_derived]
        impl #impl_generics __tidings::Request for #ident #ty_generics #bounds {
            type Declared = #declared;
        }

        #decode
    };
    in_block(&contract.item, &code)
}
