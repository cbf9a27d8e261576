//! Enums of events: each method is the one of the event that the variant holds.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;
use syn::{Type, WherePredicate, parse_quote};

use super::tokens::{self, Part};
use super::{and_where, at, is_made_of_parameters};
use crate::model::{EventEnum, Variant};

/// `Variant::<T>`, placed at the type, so that all errors about the type are the same one.
fn held(ty: &Type) -> TokenStream {
    quote_spanned!(at(ty.span())=> __tidings::Variant::<#ty>)
}

/// Writes an enum of events.
pub(crate) fn expand(event: &EventEnum<'_>) -> TokenStream {
    let ident = event.item.ident;
    let bounds = and_where(event.item.generics, predicates(event, &quote!(__tidings::Event)));
    let (impl_generics, ty_generics, _) = event.item.generics.split_for_impl();
    let ack = if event.stream.is_some() {
        quote!(__tidings::PublishAck)
    } else {
        quote!(__tidings::core::option::Option<__tidings::PublishAck>)
    };
    let stream_event = event.stream.map(|stream| {
        quote! {
            #[automatically_derived]
            impl #impl_generics __tidings::StreamEvent for #ident #ty_generics #bounds {
                type Stream = #stream;
            }
        }
    });
    let tokens = tokens::expand_enum(event.item, &tokens_ident(event), &parts(event));
    let message = expand_message(event, &quote!(#bounds));
    let decode = (!event.item.borrows()).then(|| expand_decode(event));
    let checks = event.item.generics.params.is_empty().then(|| {
        let checks = checks(event);
        quote!(#(const _: () = #checks;)*)
    });
    quote! {
        #checks

        #tokens

        #message

        #[automatically_derived]
        impl #impl_generics __tidings::Event for #ident #ty_generics #bounds {
            type Ack = #ack;
        }

        #stream_event

        #decode
    }
}

/// What must hold of variants' types that are made of type parameters.
fn predicates(event: &EventEnum<'_>, bound: &TokenStream) -> Vec<WherePredicate> {
    let made = event.variants.iter().map(|variant| variant.ty);
    made.filter(|ty| is_made_of_parameters(ty, event.item.generics))
        .map(|ty| parse_quote!(#ty: #bound))
        .collect()
}

fn tokens_ident(event: &EventEnum<'_>) -> syn::Ident {
    format_ident!("{}Tokens", event.item.ident.unraw())
}

/// The tokens of each variant's event.
fn parts<'a>(event: &EventEnum<'a>) -> Vec<Part<'a>> {
    let parts = event.variants.iter().map(|Variant { ident, ty }| Part {
        name: (*ident).clone(),
        doc: format!("The subject is one of `{}`.", ident.unraw()),
        ty,
        owned: quote_spanned!(at(ty.span())=> <#ty as __tidings::Message>::Tokens),
    });
    parts.collect()
}

fn expand_message(event: &EventEnum<'_>, bounds: &TokenStream) -> TokenStream {
    let ident = event.item.ident;
    let (impl_generics, ty_generics, _) = event.item.generics.split_for_impl();
    let tokens = tokens_ident(event);
    let name = event.name.as_ref().map_or_else(
        || quote!(__tidings::core::option::Option::None),
        |name| quote!(__tidings::core::option::Option::Some(#name)),
    );
    // Of a generic enum they hold or not for each choice of its parameters.
    let checks = if event.item.generics.params.is_empty() { Vec::new() } else { checks(event) };
    let held: Vec<_> = event.variants.iter().map(|variant| held(variant.ty)).collect();
    let variants: Vec<_> = event.variants.iter().map(|variant| variant.ident).collect();
    let arguments = tokens::arguments(event.item, &parts(event));
    let of = ident.unraw().to_string();
    quote! {
        #[automatically_derived]
        impl #impl_generics __tidings::Message for #ident #ty_generics #bounds {
            type Reply = ();
            type Error = __tidings::Failure;
            type Tokens = #tokens #arguments;
            type Filter = __tidings::Unfiltered<Self>;

            const DECLARATIONS: &'static [&'static __tidings::Declaration] = {
                #(#checks;)*
                &[#(#held::DECLARATION),*]
            };
            const NAME: __tidings::core::option::Option<&'static __tidings::core::primitive::str> =
                #name;

            fn declaration(&self) -> &'static __tidings::Declaration {
                match self {
                    #(Self::#variants(_) => #held::DECLARATION,)*
                }
            }

            fn subject(
                &self,
            ) -> __tidings::core::result::Result<__tidings::Subject, __tidings::SubjectError> {
                match self {
                    #(Self::#variants(event) => #held::subject(event),)*
                }
            }

            fn message_id(
                &self,
            ) -> __tidings::core::option::Option<__tidings::std::string::String> {
                match self {
                    #(Self::#variants(event) => #held::message_id(event),)*
                }
            }

            fn encode<__W: __tidings::std::io::Write>(
                &self,
                payload: __W,
            ) -> __tidings::core::result::Result<(), __tidings::serde_json::Error> {
                match self {
                    #(Self::#variants(event) => #held::encode(event, payload),)*
                }
            }

            fn filter() -> <Self as __tidings::Message>::Filter {
                __tidings::Unfiltered::new()
            }

            fn parse_subject(
                subject: &__tidings::core::primitive::str,
            ) -> __tidings::core::result::Result<<Self as __tidings::Message>::Tokens, __tidings::ParseSubjectError> {
                let refused = __tidings::core::option::Option::None;
                #(
                    let refused = match #held::parse_subject(subject) {
                        __tidings::core::result::Result::Ok(tokens) => {
                            return __tidings::core::result::Result::Ok(#tokens::#variants(tokens));
                        }
                        __tidings::core::result::Result::Err(error) => {
                            __tidings::ParseSubjectError::or(refused, error)
                        }
                    };
                )*
                __tidings::core::result::Result::Err(
                    __tidings::ParseSubjectError::of_enum(refused, subject, #of),
                )
            }

            fn descriptors() -> __tidings::std::vec::Vec<__tidings::Descriptor> {
                let mut descriptors = __tidings::std::vec::Vec::new();
                #(#held::describe(&mut descriptors);)*
                descriptors
            }
        }
    }
}

fn expand_decode(event: &EventEnum<'_>) -> TokenStream {
    let ident = event.item.ident;
    let of = ident.unraw().to_string();
    let bounds = and_where(
        event.item.generics,
        predicates(event, &quote!(__tidings::Event + __tidings::Decode)),
    );
    let (impl_generics, ty_generics, _) = event.item.generics.split_for_impl();
    let variants = event.variants.iter().map(|Variant { ident, ty }| {
        let held = held(ty);
        quote! {
            if let __tidings::core::option::Option::Some(decoded) =
                #held::decode(declaration, payload)
            {
                return __tidings::core::result::Result::map(decoded, Self::#ident);
            }
        }
    });
    quote! {
        #[automatically_derived]
        impl #impl_generics __tidings::Decode for #ident #ty_generics #bounds {
            fn decode(
                declaration: &'static __tidings::Declaration,
                payload: &[__tidings::core::primitive::u8],
            ) -> __tidings::core::result::Result<Self, __tidings::serde_json::Error> {
                #(#variants)*
                __tidings::core::result::Result::Err(__tidings::no_variant(#of, declaration))
            }

            fn outcome(
                result: __tidings::core::result::Result<(), __tidings::Failure>,
            ) -> __tidings::Outcome {
                __tidings::Outcome::of_event(result)
            }
        }
    }
}

/// What must hold of the variants, as constant expressions.
fn checks(event: &EventEnum<'_>) -> Vec<TokenStream> {
    let mut checks = Vec::new();
    for (position, Variant { ident, ty }) in event.variants.iter().enumerate() {
        let this = held(ty);
        let nested = format!(
            "`{}` holds an enum of events itself: a variant holds one event, so that its subject \
             says which; name its variants here",
            ident.unraw()
        );
        checks.push(quote_spanned! {at(ty.span())=>
            if #this::DECLARATIONS != 1 { __tidings::core::panic!("{}", #nested) }
        });
        if let Some(stream) = event.stream {
            checks.push(quote_spanned!(at(ty.span())=> #this::assert_kept_by::<#stream>()));
        }
        if position > 0 {
            checks.push(clashes(ident, ty, &event.variants[..position]));
        }
    }
    checks
}

/// That a message of this variant can be told from one of those before it.
fn clashes(ident: &syn::Ident, ty: &Type, others: &[Variant<'_>]) -> TokenStream {
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
            __tidings::core::option::Option::Some(#position) => __tidings::core::panic!("{}", #clash),
        }
    });
    quote_spanned! {at(ty.span())=>
        match __tidings::Declaration::clash(#this::DECLARATION, &[#(#declarations::DECLARATION),*]) {
            #(#arms)*
            _ => {}
        }
    }
}
