//! The filter: a type with one method for each token.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;
use syn::{Ident, Type, WhereClause};

use super::tokens::{self, Part};
use super::{at, is_made_of_generics};
use crate::model::{Bound, Contract, Item};

/// The names of the two types, and the code that declares them.
pub(crate) struct Types {
    /// The filter, with its generic arguments.
    pub(crate) filter: TokenStream,
    /// Expression with which `Message::filter` makes one.
    pub(crate) new_filter: TokenStream,
    /// The tokens, with their generic arguments.
    pub(crate) tokens: TokenStream,
    /// The tokens' name, to make a value.
    pub(crate) tokens_name: TokenStream,
    /// The code.
    pub(crate) code: TokenStream,
}

/// Writes the two types.
pub(crate) fn expand(contract: &Contract<'_>, bounds: Option<&WhereClause>) -> Types {
    let item = contract.item;
    let (_, ty_generics, _) = item.generics.split_for_impl();
    if contract.tokens.is_empty() {
        return Types {
            filter: quote!(__tidings::Unfiltered<Self>),
            new_filter: quote!(__tidings::Unfiltered::new()),
            tokens: quote!(()),
            tokens_name: quote!(),
            code: quote!(),
        };
    }
    let filter = format_ident!("{}Filter", item.ident.unraw());
    let tokens = format_ident!("{}Tokens", item.ident.unraw());
    let parts = contract.tokens.iter().map(|Bound { name, ty, .. }| Part {
        name: name.clone(),
        doc: format!("The value of `{{{}}}`.", name.unraw()),
        ty,
        owned: owned(item, ty),
    });
    let parts: Vec<_> = parts.collect();
    let filter_code = expand_filter(contract, &filter, bounds);
    let tokens_code = tokens::expand_struct(item, &tokens, &parts);
    let arguments = tokens::arguments(item, &parts);
    Types {
        filter: quote!(#filter #ty_generics),
        new_filter: quote!(#filter(__tidings::FilterTokens::all())),
        tokens: quote!(#tokens #arguments),
        tokens_name: quote!(#tokens),
        code: quote!(#filter_code #tokens_code),
    }
}

/// The type that a token is parsed into.
///
/// What borrows nothing is its own owned form: a field whose type is no token is then an error
/// where its value is written, and not in every signature as well.
fn owned(item: Item<'_>, ty: &Type) -> TokenStream {
    if is_made_of_generics(ty, item.generics) {
        quote_spanned!(at(ty.span())=> <#ty as __tidings::Token>::Owned)
    } else {
        quote!(#ty)
    }
}

fn expand_filter(
    contract: &Contract<'_>,
    filter: &Ident,
    bounds: Option<&WhereClause>,
) -> TokenStream {
    let Item { ident, vis, .. } = contract.item;
    let (impl_generics, ty_generics, where_clause) = contract.item.generics.split_for_impl();
    let doc = format!("A filter over the subjects of [`{}`].", ident.unraw());
    let methods = contract.tokens.iter().map(|Bound { name, ty, position, .. }| {
        let field = name.unraw().to_string();
        let doc = format!("Narrows `{{{field}}}` to one value.");
        let owned = owned(contract.item, ty);
        let value = quote_spanned!(at(ty.span())=> impl __tidings::TokenOf<#owned>);
        quote! {
            #[doc = #doc]
            pub fn #name(self, value: #value) -> Self {
                Self(self.0.narrow(#position, #field, &value))
            }
        }
    });
    let name = filter.to_string();
    quote! {
        #[doc = #doc]
        #[must_use = "a filter does nothing by itself: subscribe with it"]
        #vis struct #filter #impl_generics (
            __tidings::FilterTokens<#ident #ty_generics>,
        ) #where_clause;

        #[automatically_derived]
        impl #impl_generics #filter #ty_generics #bounds {
            #(#methods)*
        }

        #[automatically_derived]
        impl #impl_generics __tidings::Filter for #filter #ty_generics #bounds {
            type Message = #ident #ty_generics;

            #[inline]
            fn subjects(self) -> __tidings::Result<
                __tidings::Vec<__tidings::Subject>,
                __tidings::SubjectError,
            > {
                self.0.subjects()
            }
        }

        #[automatically_derived]
        impl #impl_generics __tidings::core::clone::Clone for #filter #ty_generics #where_clause {
            #[inline]
            fn clone(&self) -> Self {
                Self(self.0.copy())
            }
        }

        #[automatically_derived]
        impl #impl_generics __tidings::fmt::Debug for #filter #ty_generics #where_clause {
            #[inline]
            fn fmt(
                &self,
                f: &mut __tidings::fmt::Formatter<'_>,
            ) -> __tidings::fmt::Result {
                __tidings::FilterTokens::debug(&self.0, #name, f)
            }
        }
    }
}
