//! The tokens of a subject: a struct with a field for each, or an enum with the tokens of each
//! variant.
//!
//! The types of the parts are written out, so that a public event may have a private token. Only
//! what is made of the item's generics is a parameter of the new type, as borrowed text is owned
//! there.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{Ident, Type};

use super::is_made_of_generics;
use crate::model::Item;

/// One token, or the tokens of one variant.
pub(crate) struct Part<'a> {
    /// The name of the field or the variant.
    pub(crate) name: Ident,
    /// Its documentation.
    pub(crate) doc: String,
    /// The type it is made of.
    pub(crate) ty: &'a Type,
    /// Its own type.
    pub(crate) owned: TokenStream,
}

/// The arguments of the type where it stands for the tokens of `item`.
pub(crate) fn arguments(item: Item<'_>, parts: &[Part<'_>]) -> TokenStream {
    let arguments = parts
        .iter()
        .filter(|part| is_made_of_generics(part.ty, item.generics))
        .map(|part| &part.owned);
    quote!(<#(#arguments),*>)
}

/// Writes the tokens of a struct.
pub(crate) fn expand_struct(item: Item<'_>, tokens: &Ident, parts: &[Part<'_>]) -> TokenStream {
    let (names, docs): (Vec<_>, Vec<_>) = parts.iter().map(|part| (&part.name, &part.doc)).unzip();
    let types = types(item, parts);
    let name = tokens.to_string();
    let texts = names.iter().map(|name| syn::ext::IdentExt::unraw(*name).to_string());
    let positions: Vec<_> = (0..parts.len()).collect();
    let head = Head::new(item, tokens, parts);
    let declaration =
        head.declaration(&quote!(struct), &quote!({ #(#[doc = #docs] pub #names: #types,)* }));
    let implementations = head.implementations(
        &quote! {
            __tidings::core::fmt::Formatter::debug_struct(f, #name)
                #(.field(#texts, &__tidings::Part::<_, #positions>(&self.#names)))*
                .finish()
        },
        &quote! {
            Self {
                #(#names: __tidings::ClonePart::clone_part(&__tidings::Part::<_, #positions>(&self.#names)),)*
            }
        },
        &quote!(true #(&& __tidings::Part::<_, #positions>(&self.#names)
                    == __tidings::Part::<_, #positions>(&other.#names))*),
    );
    quote!(#declaration #implementations)
}

/// Writes the tokens of an enum.
pub(crate) fn expand_enum(item: Item<'_>, tokens: &Ident, parts: &[Part<'_>]) -> TokenStream {
    let (names, docs): (Vec<_>, Vec<_>) = parts.iter().map(|part| (&part.name, &part.doc)).unzip();
    let types = types(item, parts);
    let texts = names.iter().map(|name| syn::ext::IdentExt::unraw(*name).to_string());
    let positions: Vec<_> = (0..parts.len()).collect();
    let head = Head::new(item, tokens, parts);
    let declaration =
        head.declaration(&quote!(enum), &quote!({ #(#[doc = #docs] #names(#types),)* }));
    let implementations = head.implementations(
        &quote! {
            match self {
                #(Self::#names(tokens) => {
                    __tidings::core::fmt::Formatter::debug_tuple(f, #texts)
                        .field(&__tidings::Part::<_, #positions>(tokens))
                        .finish()
                })*
            }
        },
        &quote! {
            match self {
                #(Self::#names(tokens) => {
                    Self::#names(__tidings::ClonePart::clone_part(&__tidings::Part::<_, #positions>(tokens)))
                })*
            }
        },
        &quote! {
            match (self, other) {
                #((Self::#names(one), Self::#names(other)) => {
                    __tidings::Part::<_, #positions>(one) == __tidings::Part::<_, #positions>(other)
                })*
                _ => false,
            }
        },
    );
    quote!(#declaration #implementations)
}

/// The name of the type, its parameters, and what its parts must be for it to be the same.
struct Head<'a> {
    item: Item<'a>,
    tokens: &'a Ident,
    parameters: Vec<Ident>,
    types: Vec<TokenStream>,
}

impl<'a> Head<'a> {
    fn new(item: Item<'a>, tokens: &'a Ident, parts: &[Part<'_>]) -> Self {
        let parameters = parts
            .iter()
            .enumerate()
            .filter(|(_, part)| is_made_of_generics(part.ty, item.generics))
            .map(|(position, _)| format_ident!("T{position}"))
            .collect();
        Self { item, tokens, parameters, types: types(item, parts) }
    }

    fn declaration(&self, keyword: &TokenStream, body: &TokenStream) -> TokenStream {
        let Self { item: Item { vis, ident, .. }, tokens, parameters, .. } = self;
        let doc = format!("The tokens of a subject of [`{}`].", syn::ext::IdentExt::unraw(*ident));
        quote! {
            #[doc = #doc]
            #vis #keyword #tokens<#(#parameters),*> #body
        }
    }

    /// `Debug`, `Clone` and `PartialEq`, where all parts have them.
    ///
    /// A bound on a type without parameters is an error where it does not hold; as one for every
    /// lifetime it only says when the implementation is there.
    fn implementations(
        &self,
        debug: &TokenStream,
        clone: &TokenStream,
        eq: &TokenStream,
    ) -> TokenStream {
        let Self { tokens, parameters, types, .. } = self;
        let positions: Vec<_> = (0..types.len()).collect();
        quote! {
            #[automatically_derived]
            impl<#(#parameters),*> __tidings::core::fmt::Debug for #tokens<#(#parameters),*>
            where
                #(for<'__a> __tidings::Part<'__a, #types, #positions>: __tidings::core::fmt::Debug,)*
            {
                #[inline]
                fn fmt(
                    &self,
                    f: &mut __tidings::core::fmt::Formatter<'_>,
                ) -> __tidings::core::fmt::Result {
                    #debug
                }
            }

            #[automatically_derived]
            impl<#(#parameters),*> __tidings::core::clone::Clone for #tokens<#(#parameters),*>
            where
                #(for<'__a> __tidings::Part<'__a, #types, #positions>: __tidings::ClonePart<#types>,)*
            {
                #[inline]
                fn clone(&self) -> Self {
                    #clone
                }
            }

            #[automatically_derived]
            impl<#(#parameters),*> __tidings::core::cmp::PartialEq for #tokens<#(#parameters),*>
            where
                #(for<'__a> __tidings::Part<'__a, #types, #positions>: __tidings::core::cmp::PartialEq,)*
            {
                #[inline]
                fn eq(&self, other: &Self) -> __tidings::core::primitive::bool {
                    #eq
                }
            }
        }
    }
}

fn types(item: Item<'_>, parts: &[Part<'_>]) -> Vec<TokenStream> {
    let types = parts.iter().enumerate().map(|(position, part)| {
        if is_made_of_generics(part.ty, item.generics) {
            let parameter = format_ident!("T{position}");
            quote!(#parameter)
        } else {
            part.owned.clone()
        }
    });
    types.collect()
}
