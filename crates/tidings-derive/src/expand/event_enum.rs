//! Enums of events: each method is the one of the event that the variant holds.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;
use syn::{Ident, Type, WherePredicate, parse_quote};

use super::tokens::{self, Part};
use super::variant;
use super::{and_where, at, call, is_made_of_generics, is_made_of_parameters};
use crate::model::{EventEnum, Variant};

/// `<T as Message>`, placed at the type: if it is no event, all errors are the same one.
pub(super) fn held(ty: &Type) -> TokenStream {
    quote_spanned!(ty.span()=> <#ty as __tidings::Message>)
}

/// `<T as Message>::method(arguments)` for each variant.
fn calls(event: &EventEnum<'_>, method: &str, arguments: &TokenStream) -> Vec<TokenStream> {
    let calls = event.variants.iter().map(|Variant { ty, .. }| {
        let (held, method) = (held(ty), Ident::new(method, ty.span()));
        call(ty.span(), &quote_spanned!(ty.span()=> #held::#method), arguments.clone())
    });
    calls.collect()
}

/// Writes an enum of events.
pub(crate) fn expand(event: &EventEnum<'_>) -> TokenStream {
    let ident = event.item.ident;
    let bounds = and_where(event.item.generics, predicates(event, &quote!(__tidings::Event)));
    let (impl_generics, ty_generics, _) = event.item.generics.split_for_impl();
    let ack = if event.stream.is_some() {
        quote!(__tidings::PublishAck)
    } else {
        quote!(__tidings::Option<__tidings::PublishAck>)
    };
    let stream_event = event.stream.map(|stream| {
        let kept_by = quote_spanned!(at(stream.span())=> type Stream = #stream;);
        quote! {
            #[automatically_derived]
            impl #impl_generics __tidings::StreamEvent for #ident #ty_generics #bounds {
                #kept_by
            }
        }
    });
    let tokens = tokens::expand_enum(event.item, &tokens_ident(event), &parts(event));
    let message = expand_message(event, &quote!(#bounds));
    let decode = (!event.item.borrows()).then(|| expand_decode(event));
    let checks = event.item.generics.params.is_empty().then(|| {
        let checks = variant::checks(event);
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

/// Bounds on variants' types that are made of type parameters.
fn predicates(event: &EventEnum<'_>, bound: &TokenStream) -> Vec<WherePredicate> {
    let made = event.variants.iter().map(|variant| variant.ty);
    made.filter(|ty| is_made_of_parameters(ty, event.item.generics))
        .map(|ty| parse_quote!(#ty: #bound))
        .collect()
}

fn tokens_ident(event: &EventEnum<'_>) -> Ident {
    format_ident!("{}Tokens", event.item.ident.unraw())
}

/// The tokens of each variant's event.
fn parts<'a>(event: &EventEnum<'a>) -> Vec<Part<'a>> {
    let parts = event.variants.iter().map(|Variant { ident, ty }| Part {
        name: (*ident).clone(),
        doc: format!("The subject is one of `{}`.", ident.unraw()),
        ty,
        owned: if is_made_of_generics(ty, event.item.generics) {
            quote_spanned!(at(ty.span())=> <#ty as __tidings::Message>::Tokens)
        } else {
            quote!(__tidings::VariantTokens<#ty>)
        },
    });
    parts.collect()
}

/// A variant's `tokens`, as the enum's hold them.
fn wrapped(event: &EventEnum<'_>, Variant { ty, .. }: &Variant<'_>) -> TokenStream {
    if is_made_of_generics(ty, event.item.generics) {
        quote!(tokens)
    } else {
        quote!(__tidings::VariantTokens::new(tokens))
    }
}

/// The name that all variants share, if they do.
fn name(event: &EventEnum<'_>) -> TokenStream {
    event
        .name
        .as_ref()
        .map_or_else(|| quote!(__tidings::None), |name| quote!(__tidings::Some(#name)))
}

fn expand_message(event: &EventEnum<'_>, bounds: &TokenStream) -> TokenStream {
    let ident = event.item.ident;
    let (impl_generics, ty_generics, _) = event.item.generics.split_for_impl();
    let tokens = tokens_ident(event);
    let name = name(event);
    // Of a generic enum they hold or not for each choice of its parameters.
    let checks =
        if event.item.generics.params.is_empty() { Vec::new() } else { variant::checks(event) };
    let held: Vec<_> = event.variants.iter().map(|variant| held(variant.ty)).collect();
    let variants: Vec<_> = event.variants.iter().map(|variant| variant.ident).collect();
    let each = |of: &TokenStream, method, arguments: TokenStream| {
        let calls = calls(event, method, &arguments);
        quote!(match #of { #(Self::#variants(event) => #calls,)* })
    };
    let of_event = |method| each(&quote!(self), method, quote!(event));
    let declaration = of_event("declaration");
    let subject = of_event("subject");
    let message_id = of_event("message_id");
    let encode = each(&quote!(message), "encode", quote!(event, payload));
    let read_back = each(&quote!(message), "read_back", quote!(event, payload));
    let parse_subject = calls(event, "parse_subject", &quote!(subject));
    let descriptors = calls(event, "descriptors", &TokenStream::new());
    let wrapped = event.variants.iter().map(|variant| wrapped(event, variant));
    let arguments = tokens::arguments(event.item, &parts(event));
    let of = ident.unraw().to_string();
    quote! {
        #[automatically_derived]
        impl #impl_generics __tidings::Message for #ident #ty_generics #bounds {
            type Reply = ();
            type Error = __tidings::Failure;
            type Tokens = #tokens #arguments;
            type Filter = __tidings::Unfiltered<Self>;
            type Form = Self;

            const DECLARATIONS: &'static [&'static __tidings::Declaration] = {
                #(#checks;)*
                &[#(#held::DECLARATIONS[0]),*]
            };
            const NAME: __tidings::Option<&'static __tidings::str> =
                #name;

            #[inline]
            fn declaration(&self) -> &'static __tidings::Declaration {
                #declaration
            }

            #[inline]
            fn subject(
                &self,
            ) -> __tidings::Result<__tidings::Subject, __tidings::SubjectError> {
                #subject
            }

            #[inline]
            fn message_id(
                &self,
            ) -> __tidings::Option<__tidings::String> {
                #message_id
            }

            #[inline]
            fn filter() -> <Self as __tidings::Message>::Filter {
                __tidings::Unfiltered::new()
            }

            #[inline]
            fn parse_subject(
                subject: &__tidings::str,
            ) -> __tidings::Result<<Self as __tidings::Message>::Tokens, __tidings::ParseSubjectError> {
                let refused = __tidings::None;
                #(
                    let refused = match #parse_subject {
                        __tidings::Ok(tokens) => {
                            return __tidings::Ok(#tokens::#variants(#wrapped));
                        }
                        __tidings::Err(error) => {
                            __tidings::ParseSubjectError::or(refused, error)
                        }
                    };
                )*
                __tidings::Err(
                    __tidings::ParseSubjectError::of_enum(refused, subject, #of),
                )
            }
        }

        #[automatically_derived]
        impl #impl_generics __tidings::Form<Self> for #ident #ty_generics #bounds {
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
                let mut descriptors = __tidings::Vec::new();
                #(__tidings::core::iter::Extend::extend(&mut descriptors, #descriptors);)*
                descriptors
            }
        }
    }
}

fn expand_decode(event: &EventEnum<'_>) -> TokenStream {
    let ident = event.item.ident;
    let of = ident.unraw().to_string();
    let parts: Vec<_> = event
        .variants
        .iter()
        .enumerate()
        .map(|(position, Variant { ty, .. })| (position, *ty))
        .collect();
    let mut predicates = predicates(event, &quote!(__tidings::Event + __tidings::Decode));
    predicates.extend(
        parts.iter().filter(|(_, ty)| !is_made_of_parameters(ty, event.item.generics)).map(
            |(position, ty)| -> WherePredicate {
                parse_quote! {
                    for<'__a> __tidings::Part<'__a, #ty, #position>: __tidings::DecodePart<#ty>
                }
            },
        ),
    );
    let bounds = and_where(event.item.generics, predicates);
    let (impl_generics, ty_generics, _) = event.item.generics.split_for_impl();
    let variants = event.variants.iter().enumerate().map(|(position, Variant { ident, ty })| {
        quote! {
            if let __tidings::Some(decoded) =
                <__tidings::Part<'_, #ty, #position> as __tidings::DecodePart<#ty>>::decode_part::<WAS_WRITTEN>(
                    declaration,
                    payload,
                )
            {
                return __tidings::Result::map(decoded, Self::#ident);
            }
        }
    });
    quote! {
        #[automatically_derived]
        impl #impl_generics __tidings::Decode for #ident #ty_generics #bounds {}

        #[automatically_derived]
        impl #impl_generics __tidings::Reading<Self> for #ident #ty_generics #bounds {
            #[inline]
            fn decode_by<const WAS_WRITTEN: __tidings::bool>(
                declaration: &'static __tidings::Declaration,
                payload: &[__tidings::u8],
            ) -> __tidings::Result<Self, __tidings::serde_json::Error> {
                #(#variants)*
                __tidings::Err(__tidings::no_variant(#of, declaration))
            }

            #[inline]
            fn outcome(
                result: __tidings::Result<(), __tidings::Failure>,
                _: __tidings::bool,
            ) -> __tidings::Outcome {
                __tidings::Outcome::of_event(result)
            }
        }
    }
}
