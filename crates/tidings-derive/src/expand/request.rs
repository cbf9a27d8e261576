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
            quote_spanned!(at(error.span())=> type Error = #error;),
            quote_spanned!(at(error.span())=> type Declared = #error;),
            quote_spanned! {at(contract.item.span())=>
                __tidings::describe_fallible_request::<Self, #reply, #error>()
            },
            quote_spanned!(at(reply.span())=> __tidings::Outcome::of_declared::<#reply, Self>(result, reads_back)),
        ),
        None => (
            quote!(
                type Error = __tidings::Failure;
            ),
            quote!(
                type Declared = __tidings::Undeclared;
            ),
            quote_spanned! {at(contract.item.span())=>
                __tidings::describe_request::<Self, #reply>()
            },
            quote_spanned!(at(reply.span())=> __tidings::Outcome::of_request::<#reply, Self>(result, reads_back)),
        ),
    };
    let message = contract::expand(
        contract,
        &Parts {
            reply: quote_spanned!(at(reply.span())=> type Reply = #reply;),
            error: fails_with,
            declared: quote!(.request()),
            kept: false,
            message_id: TokenStream::new(),
            describe,
        },
    );
    let decode = (!contract.item.borrows()).then(|| {
        let bounds = contract::decode_bounds(contract);
        decode(contract, None, &quote!(#bounds), &quote!(reads_back), &outcome)
    });
    // What the reply must be is said of the request: the reply is the place for it.
    let header = quote_spanned!(at(reply.span())=> impl #impl_generics __tidings::Request for);
    let code = quote! {
        #message

        #[automatically_derived]
        #header #ident #ty_generics #bounds {
            #declared
        }

        #decode
    };
    in_block(&contract.item, &code)
}
