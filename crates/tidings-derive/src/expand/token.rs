//! Tokens.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{Ident, Type, WherePredicate, parse_quote};

use super::{and_where, at, call, gathered, in_block, is_made_of_parameters};
use crate::model::{Token, TokenShape};

/// Writes a token.
pub(crate) fn expand(token: &Token<'_>) -> TokenStream {
    let code = match &token.shape {
        TokenShape::Enum(variants) => expand_enum(token, variants),
        TokenShape::Newtype(ty) => expand_newtype(token, ty),
    };
    in_block(&token.item, &code)
}

fn expand_enum(token: &Token<'_>, variants: &[(&Ident, String)]) -> TokenStream {
    let ident = token.item.ident;
    let (impl_generics, ty_generics, where_clause) = token.item.generics.split_for_impl();
    let names: Vec<_> = variants.iter().map(|(name, _)| name).collect();
    let texts: Vec<_> = variants.iter().map(|(_, text)| text).collect();
    quote! {
        #[automatically_derived]
        impl #impl_generics __tidings::Token for #ident #ty_generics #where_clause {
            type Owned = Self;

            fn append_to(&self, subject: &mut __tidings::String) {
                subject.push_str(match self {
                    #(Self::#names => #texts,)*
                });
            }

            fn parse(
                token: &__tidings::str,
            ) -> __tidings::Option<Self> {
                match token {
                    #(#texts => __tidings::Some(Self::#names),)*
                    _ => __tidings::None,
                }
            }
        }
    }
}

fn expand_newtype(token: &Token<'_>, ty: &Type) -> TokenStream {
    let ident = token.item.ident;
    let generics = token.item.generics;
    let (impl_generics, ty_generics, _) = generics.split_for_impl();
    let borrows = token.item.borrows();
    // What borrows is parsed into what the field is parsed into; what owns, into itself.
    let bound: WherePredicate = if borrows {
        parse_quote!(#ty: __tidings::Token)
    } else {
        parse_quote! {
            #ty: __tidings::Token<Owned = #ty> + __tidings::core::marker::Send + 'static
        }
    };
    let bounds = and_where(generics, is_made_of_parameters(ty, generics).then_some(bound));
    let owned = if borrows {
        quote_spanned!(at(ty.span())=> <#ty as __tidings::Token>::Owned)
    } else {
        quote!(Self)
    };
    let gathered = gathered(ty);
    let inner = quote_spanned!(ty.span()=> <#gathered as __tidings::Token>);
    let append =
        call(ty.span(), &quote_spanned!(ty.span()=> #inner::append_to), quote!(&self.0, subject));
    let parse = call(ty.span(), &quote_spanned!(ty.span()=> #inner::parse), quote!(token));
    let parsed = if borrows {
        quote!(#parse)
    } else {
        quote! {
            match #parse {
                __tidings::Some(inner) => {
                    __tidings::Some(Self(inner))
                }
                __tidings::None => __tidings::None,
            }
        }
    };
    quote! {
        #[automatically_derived]
        impl #impl_generics __tidings::Token for #ident #ty_generics #bounds {
            type Owned = #owned;

            fn append_to(&self, subject: &mut __tidings::String) {
                #append;
            }

            fn parse(
                token: &__tidings::str,
            ) -> __tidings::Option<<Self as __tidings::Token>::Owned> {
                #parsed
            }
        }
    }
}
