//! Requests.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned as _;

use super::contract::{self, Parts};
use super::{at, in_block};
use crate::model::{Contract, Request};

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
            identified: quote!(&[]),
            kept: false,
            message_id: TokenStream::new(),
            form: quote!(
                type Form = Self;
            ),
        },
    );
    let form = form(contract, &describe);
    let decode = (!contract.item.borrows()).then(|| reading(contract, &outcome));
    // What the reply must be is said of the request: the reply is the place for it.
    let header = quote_spanned!(at(reply.span())=> impl #impl_generics __tidings::Request for);
    let code = quote! {
        #message

        #[automatically_derived]
        #header #ident #ty_generics #bounds {
            #declared
        }

        #form

        #decode
    };
    in_block(&contract.item, &code)
}

/// Writes the form, which is the request itself: its answer and its error are part of it.
fn form(contract: &Contract<'_>, describe: &TokenStream) -> TokenStream {
    let ident = contract.item.ident;
    let bounds = contract::bounds(contract);
    let (impl_generics, ty_generics, _) = contract.item.generics.split_for_impl();
    // Where the type is not what its derives should have made it, its name is the place to say so.
    let encode = quote_spanned! {at(contract.item.span())=>
        __tidings::serde_json::to_writer(payload, message)
    };
    let read_back = if contract.item.generics.params.is_empty() {
        quote!(__tidings::read_back(message, payload))
    } else {
        quote!(__tidings::Ok(()))
    };
    quote! {
        #[automatically_derived]
        impl #impl_generics __tidings::Form<Self> for #ident #ty_generics #bounds {
            #[inline]
            fn encode<__W: __tidings::std::io::Write>(
                message: &Self,
                payload: __W,
            ) -> __tidings::Result<(), __tidings::serde_json::Error> {
                #encode
            }

            #[inline]
            fn read_back(
                message: &Self,
                payload: &[__tidings::u8],
            ) -> __tidings::Result<(), __tidings::ReadBackError> {
                #read_back
            }

            #[inline]
            fn descriptors() -> __tidings::Vec<__tidings::Descriptor> {
                #describe
            }
        }
    }
}

/// Writes how it is received. `outcome` may name `result` and `reads_back`.
fn reading(contract: &Contract<'_>, outcome: &TokenStream) -> TokenStream {
    let ident = contract.item.ident;
    let bounds = contract::decode_bounds(contract);
    let decode = contract::expand_decode(contract, bounds.as_ref(), &TokenStream::new());
    let (impl_generics, ty_generics, _) = contract.item.generics.split_for_impl();
    let read = quote_spanned! {at(contract.item.span())=>
        __tidings::read_payload::<Self, WAS_WRITTEN>(payload)
    };
    quote! {
        #[automatically_derived]
        impl #impl_generics __tidings::Reading<Self> for #ident #ty_generics #bounds {
            #[inline]
            fn decode_by<const WAS_WRITTEN: __tidings::bool>(
                _: &'static __tidings::Declaration,
                payload: &[__tidings::u8],
            ) -> __tidings::Result<Self, __tidings::serde_json::Error> {
                #read
            }

            #[inline]
            fn outcome(
                result: __tidings::Result<
                    <Self as __tidings::Message>::Reply,
                    <Self as __tidings::Message>::Error,
                >,
                reads_back: __tidings::bool,
            ) -> __tidings::Outcome {
                #outcome
            }
        }

        #decode
    }
}
