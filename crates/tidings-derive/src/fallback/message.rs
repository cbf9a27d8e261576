//! Events and requests.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::ext::IdentExt as _;
use syn::{Data, DeriveInput, WherePredicate, parse_quote};

use super::never;
use crate::attr::message::MessageAttrs;
use crate::expand::{and_where, in_block, is_generic};
use crate::model::Item;

/// An event with a filter that has a method for each field.
pub(crate) fn event(input: &DeriveInput, attrs: &MessageAttrs) -> TokenStream {
    let ident = &input.ident;
    let (impl_generics, ty_generics, _) = input.generics.split_for_impl();
    let bounds = bounds(input, false);
    let message = message(input, &quote!(()), &quote!(__tidings::Failure));
    let is_enum = matches!(input.data, Data::Enum(_));
    let ack = match (attrs.given.has("stream"), is_enum) {
        (true, _) => quote!(__tidings::PublishAck),
        (false, true) => quote!(__tidings::Option<__tidings::PublishAck>),
        (false, false) => quote!(()),
    };
    let stream_event = attrs.stream.as_ref().map(|stream| {
        let stream = &stream.value;
        quote! {
            #[automatically_derived]
            impl #impl_generics __tidings::StreamEvent for #ident #ty_generics #bounds {
                type Stream = #stream;
            }
        }
    });
    let code = quote! {
        #message

        #[automatically_derived]
        impl #impl_generics __tidings::Event for #ident #ty_generics #bounds {
            type Ack = #ack;
        }

        #stream_event
    };
    in_block(&item(input, attrs), &code)
}

/// A request that is answered with what it says, if it says it.
pub(crate) fn request(input: &DeriveInput, attrs: &MessageAttrs) -> TokenStream {
    let ident = &input.ident;
    let (impl_generics, ty_generics, _) = input.generics.split_for_impl();
    let bounds = bounds(input, false);
    let type_of = |value: &Option<crate::attr::Keyed<syn::Type>>, otherwise| {
        value.as_ref().map_or(otherwise, |keyed| {
            let ty = &keyed.value;
            quote!(#ty)
        })
    };
    let reply = type_of(&attrs.reply, quote!(()));
    let error = type_of(&attrs.error, quote!(__tidings::Failure));
    let declared = type_of(&attrs.error, quote!(__tidings::Undeclared));
    let message = message(input, &reply, &error);
    let code = quote! {
        #message

        #[automatically_derived]
        impl #impl_generics __tidings::Request for #ident #ty_generics #bounds {
            type Declared = #declared;
        }
    };
    in_block(&item(input, attrs), &code)
}

fn item<'a>(input: &'a DeriveInput, attrs: &'a MessageAttrs) -> Item<'a> {
    Item::of(input, attrs.krate.as_ref())
}

/// The bounds that the traits themselves ask for.
fn bounds(input: &DeriveInput, is_static: bool) -> Option<syn::WhereClause> {
    let ident = &input.ident;
    let (_, ty_generics, _) = input.generics.split_for_impl();
    let mut predicates: Vec<WherePredicate> = Vec::new();
    if is_generic(&input.generics) {
        predicates.push(parse_quote! {
            #ident #ty_generics: __tidings::core::marker::Send + __tidings::core::marker::Sync
        });
        if is_static {
            predicates.push(parse_quote!(#ident #ty_generics: 'static));
        }
    }
    and_where(&input.generics, predicates)
}

/// `Message`, and `Decode` where nothing is borrowed.
fn message(input: &DeriveInput, reply: &TokenStream, error: &TokenStream) -> TokenStream {
    let (ident, vis) = (&input.ident, &input.vis);
    let (impl_generics, ty_generics, where_clause) = input.generics.split_for_impl();
    let filter = format_ident!("{}Filter", ident.unraw());
    let never = never();
    let bounds = bounds(input, false);
    let fields = match &input.data {
        Data::Struct(data) => data.fields.iter().filter_map(|field| field.ident.as_ref()).collect(),
        Data::Enum(_) | Data::Union(_) => Vec::new(),
    };
    let decode = decode(input);
    quote! {
        #vis struct #filter #impl_generics (
            __tidings::core::marker::PhantomData<fn() -> #ident #ty_generics>,
        ) #where_clause;

        #[automatically_derived]
        impl #impl_generics #filter #ty_generics #bounds {
            #(
                pub fn #fields<__T>(self, _: __T) -> Self {
                    self
                }
            )*
        }

        #[automatically_derived]
        impl #impl_generics __tidings::Filter for #filter #ty_generics #bounds {
            type Message = #ident #ty_generics;

            fn subjects(self) -> __tidings::Result<
                __tidings::Vec<__tidings::Subject>,
                __tidings::SubjectError,
            > {
                #never
            }
        }

        #[automatically_derived]
        impl #impl_generics __tidings::Message for #ident #ty_generics #bounds {
            type Reply = #reply;
            type Error = #error;
            type Tokens = ();
            type Filter = #filter #ty_generics;
            type Form = Self;

            const DECLARATIONS: &'static [&'static __tidings::Declaration] =
                &[&__tidings::Declaration::new("", 1, "", "", "")];

            fn subject(
                &self,
            ) -> __tidings::Result<__tidings::Subject, __tidings::SubjectError> {
                #never
            }

            fn filter() -> <Self as __tidings::Message>::Filter {
                #never
            }

            fn parse_subject(
                _: &__tidings::str,
            ) -> __tidings::Result<<Self as __tidings::Message>::Tokens, __tidings::ParseSubjectError> {
                #never
            }
        }

        #[automatically_derived]
        impl #impl_generics __tidings::Form<Self> for #ident #ty_generics #bounds {
            fn encode<__W: __tidings::std::io::Write>(
                _: &Self,
                _: __W,
            ) -> __tidings::Result<(), __tidings::serde_json::Error> {
                #never
            }

            fn read_back(
                _: &Self,
                _: &[__tidings::u8],
            ) -> __tidings::Result<(), __tidings::ReadBackError> {
                #never
            }

            fn descriptors() -> __tidings::Vec<__tidings::Descriptor> {
                #never
            }
        }

        #decode
    }
}

fn decode(input: &DeriveInput) -> Option<TokenStream> {
    if input.generics.lifetimes().next().is_some() {
        return None;
    }
    let ident = &input.ident;
    let (impl_generics, ty_generics, _) = input.generics.split_for_impl();
    let bounds = bounds(input, true);
    let never = never();
    Some(quote! {
        #[automatically_derived]
        impl #impl_generics __tidings::Decode for #ident #ty_generics #bounds {}

        #[automatically_derived]
        impl #impl_generics __tidings::Reading<Self> for #ident #ty_generics #bounds {
            fn decode_by<const WAS_WRITTEN: __tidings::bool>(
                _: &'static __tidings::Declaration,
                _: &[__tidings::u8],
            ) -> __tidings::Result<Self, __tidings::serde_json::Error> {
                #never
            }

            fn outcome(
                _: __tidings::Result<
                    <Self as __tidings::Message>::Reply,
                    <Self as __tidings::Message>::Error,
                >,
                _: __tidings::bool,
            ) -> __tidings::Outcome {
                #never
            }
        }
    })
}
