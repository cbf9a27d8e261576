//! The traits, implemented without meaning, where something is wrong: so that what uses the type
//! is no second error.

pub(crate) mod message;

use proc_macro2::TokenStream;
use quote::quote;
use syn::DeriveInput;

use crate::attr::bucket::BucketAttrs;
use crate::attr::stream::StreamAttrs;
use crate::attr::token::TokenAttrs;
use crate::expand::in_block;
use crate::model::Item;

/// The body of a method that never runs, as the program does not compile.
fn never() -> TokenStream {
    quote!(__tidings::core::unreachable!())
}

/// A stream that keeps everything, so that every event can be in it.
pub(crate) fn stream(input: &DeriveInput, attrs: &StreamAttrs) -> TokenStream {
    let ident = &input.ident;
    let (impl_generics, ty_generics, where_clause) = input.generics.split_for_impl();
    let never = never();
    let code = quote! {
        #[automatically_derived]
        impl #impl_generics __tidings::EventStream for #ident #ty_generics #where_clause {
            const NAME: &'static __tidings::str = "";
            const SUBJECTS: &'static [&'static __tidings::str] = &[">"];
            const LARGE_STORE: __tidings::Option<__tidings::LargeStore> =
                __tidings::Some(__tidings::LargeStore::new("", __tidings::None));

            fn config() -> __tidings::StreamConfig {
                #never
            }
        }
    };
    in_block(&Item::of(input, attrs.krate.as_ref()), &code)
}

/// A bucket whose keys are text.
pub(crate) fn bucket(input: &DeriveInput, attrs: &BucketAttrs) -> TokenStream {
    let ident = &input.ident;
    if !input.generics.params.is_empty() {
        return TokenStream::new();
    }
    let never = never();
    let code = quote! {
        #[automatically_derived]
        impl __tidings::EventStream for #ident {
            const NAME: &'static __tidings::str = "";
            const SUBJECTS: &'static [&'static __tidings::str] = &[">"];

            fn config() -> __tidings::StreamConfig {
                #never
            }
        }

        #[automatically_derived]
        impl __tidings::Bucket for #ident {
            const BUCKET: &'static __tidings::str = "";
            const KEY: &'static __tidings::str = "";
            type Key = __tidings::String;
            type Filter = __tidings::KeyFilterTokens<Self>;

            fn key(
                &self,
            ) -> __tidings::Result<__tidings::String, __tidings::SubjectError> {
                #never
            }

            fn key_filter() -> __tidings::KeyFilterTokens<Self> {
                #never
            }
        }
    };
    in_block(&Item::of(input, attrs.krate.as_ref()), &code)
}

/// A token without a text.
pub(crate) fn token(input: &DeriveInput, attrs: &TokenAttrs) -> TokenStream {
    let ident = &input.ident;
    // What borrows can't be its own owned form.
    let owned =
        if input.generics.params.is_empty() { quote!(Self) } else { quote!(__tidings::String) };
    let (impl_generics, ty_generics, where_clause) = input.generics.split_for_impl();
    let never = never();
    let code = quote! {
        #[automatically_derived]
        impl #impl_generics __tidings::Token for #ident #ty_generics #where_clause {
            type Owned = #owned;

            fn append_to(&self, _: &mut __tidings::String) {
                #never
            }

            fn parse(
                _: &__tidings::str,
            ) -> __tidings::Option<<Self as __tidings::Token>::Owned> {
                #never
            }
        }
    };
    in_block(&Item::of(input, attrs.krate.as_ref()), &code)
}
