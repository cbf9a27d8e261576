//! Buckets: the value, its keys, and the filter of these.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;
use tidings_subject::{Segment, Template};

use super::stream::{duration, expand_placement, some, text};
use super::tokens::{self, Part};
use super::{at, call, gathered, in_block};
use crate::model::{Bound, Bucket, Item};

/// Writes a bucket.
pub(crate) fn expand(bucket: &Bucket<'_>) -> TokenStream {
    let Bucket { item, name, key, .. } = bucket;
    let ident = item.ident;
    let stream = format!("KV_{}", name.value());
    let subjects = format!("$KV.{}.>", name.value());
    let config = config(bucket);
    let key_type = format_ident!("{}Key", ident.unraw());
    let filter_type = format_ident!("{}KeyFilter", ident.unraw());
    let (key_declaration, keys) = keys(bucket, &key_type);
    let filter = filter(bucket, &filter_type);
    let own = key_body(bucket, &quote!(self));
    let code = quote! {
        #keys
        #filter

        #[automatically_derived]
        impl __tidings::EventStream for #ident {
            const NAME: &'static __tidings::str = #stream;
            const SUBJECTS: &'static [&'static __tidings::str] = &[#subjects];

            fn config() -> __tidings::StreamConfig {
                #config
            }
        }

        #[automatically_derived]
        impl __tidings::Bucket for #ident {
            const BUCKET: &'static __tidings::str = #name;
            const KEY: &'static __tidings::str = #key;
            type Key = #key_type;
            type Filter = #filter_type;

            #[inline]
            fn key(
                &self,
            ) -> __tidings::Result<__tidings::String, __tidings::SubjectError> {
                #own
            }

            #[inline]
            fn key_filter() -> #filter_type {
                #filter_type(__tidings::KeyFilterTokens::all(#key))
            }
        }
    };
    let code = in_block(item, &code);
    // Outside the block: a program names its keys.
    quote!(#key_declaration #code)
}

fn config(bucket: &Bucket<'_>) -> TokenStream {
    let Bucket { name, attrs, .. } = bucket;
    let mut fields = Vec::new();
    let mut set = |field: &str, value: TokenStream| {
        let field = Ident::new(field, Span::call_site());
        fields.push(quote!(config.#field = #value;));
    };
    if let Some(description) = &attrs.description {
        set("description", some(&text(description)));
    }
    if let Some(history) = &attrs.history {
        let history = history.value;
        set("history", quote!(#history));
    }
    if let Some(ttl) = &attrs.ttl {
        set("ttl", some(&duration(ttl.value)));
    }
    if let Some(markers) = &attrs.limit_markers {
        set("limit_markers", some(&duration(markers.value)));
    }
    if let Some(bytes) = attrs.max_bytes {
        let bytes = Literal::u64_unsuffixed(bytes);
        set("max_bytes", some(&quote!(#bytes)));
    }
    if let Some(bytes) = attrs.max_value_size {
        let bytes = Literal::u32_unsuffixed(bytes);
        set("max_value_size", some(&quote!(#bytes)));
    }
    if let Some(variant) = attrs.storage {
        let variant = Ident::new(variant, Span::call_site());
        set("storage", quote!(__tidings::Storage::#variant));
    }
    if let Some(replicas) = &attrs.replicas {
        let replicas = replicas.value;
        set("replicas", quote!(#replicas));
    }
    if let Some(variant) = attrs.compression {
        let variant = Ident::new(variant, Span::call_site());
        set("compression", some(&quote!(__tidings::Compression::#variant)));
    }
    if let Some(placement) = &attrs.placement {
        set("placement", some(&expand_placement(placement)));
    }
    quote! {
        let mut config = __tidings::BucketConfig::new(#name);
        #(#fields)*
        __tidings::BucketConfig::to_stream(&config)
    }
}

/// The keys: a struct with a field for each of the template's, and what it implements.
fn keys(bucket: &Bucket<'_>, key_type: &Ident) -> (TokenStream, TokenStream) {
    let Bucket { item, key, tokens, .. } = bucket;
    let parts: Vec<_> = tokens
        .iter()
        .map(|Bound { name, ty, .. }| Part {
            name: name.clone(),
            doc: format!("The value of `{{{}}}`.", name.unraw()),
            ty,
            owned: quote!(#ty),
        })
        .collect();
    let doc = format!("A key of the bucket of [`{}`].", item.ident.unraw());
    let (declaration, implementations) = tokens::expand_key(*item, key_type, &doc, &parts);
    let names: Vec<_> = tokens.iter().map(|bound| &bound.name).collect();
    let own = key_of_fields(bucket);
    let (count, template) = (tokens.len(), key);
    let read = tokens.iter().map(|Bound { name, ty, .. }| {
        let gathered = gathered(ty);
        let parsed = call(
            ty.span(),
            &quote_spanned!(ty.span()=> <#gathered as __tidings::Token>::parse),
            quote!(#name),
        );
        quote!(let #name = #parsed?;)
    });
    let implementations = quote! {
        #implementations

        #[automatically_derived]
        impl __tidings::BucketKey for #key_type {
            type Owned = Self;

            #[inline]
            fn to_key(
                &self,
            ) -> __tidings::Result<__tidings::String, __tidings::KeyError> {
                let key: __tidings::Result<_, __tidings::SubjectError> = { #own };
                __tidings::Result::map_err(key, __tidings::KeyError::Field)
            }

            #[inline]
            fn parse(
                key: &__tidings::str,
            ) -> __tidings::Result<Self, __tidings::KeyError> {
                let parsed = || -> __tidings::Option<Self> {
                    let [#(#names),*] = __tidings::key_tokens::<#count>(#template, key)?;
                    #(#read)*
                    __tidings::Some(Self { #(#names),* })
                };
                __tidings::Option::ok_or_else(parsed(), || __tidings::no_key(key, #template))
            }
        }
    };
    (declaration, implementations)
}

/// The key of a value, by its own fields.
fn key_body(bucket: &Bucket<'_>, of: &TokenStream) -> TokenStream {
    body(bucket, |Bound { member, .. }| quote!(&#of.#member))
}

/// The key of a typed key.
fn key_of_fields(bucket: &Bucket<'_>) -> TokenStream {
    body(bucket, |Bound { name, .. }| quote!(&self.#name))
}

fn body(bucket: &Bucket<'_>, value: impl Fn(&Bound<'_>) -> TokenStream) -> TokenStream {
    let template = bucket.key;
    let text = template.value();
    let segments = Template::parse(&text).into_iter().flat_map(|template| template.segments());
    let mut bound = bucket.tokens.iter();
    let (mut steps, mut literal) = (Vec::new(), String::new());
    for (position, segment) in segments.enumerate() {
        if position > 0 {
            literal.push('.');
        }
        match segment {
            Segment::Literal(text) => literal.push_str(text),
            Segment::Field(_) => {
                let Some(field) = bound.next() else { continue };
                let before = std::mem::take(&mut literal);
                let (ty, name) = (field.ty, field.name.unraw().to_string());
                let (gathered, value) = (gathered(ty), value(field));
                let append = call(
                    ty.span(),
                    &quote_spanned!(ty.span()=> <#gathered as __tidings::Token>::append_to),
                    quote!(#value, key.open(#before)),
                );
                steps.push(quote! {
                    #append;
                    key.close(#name);
                });
            }
        }
    }
    quote! {
        let key = &mut __tidings::KeyBuilder::new(#template);
        #(#steps)*
        key.finish(#literal)
    }
}

/// The filter: a type with one method for each field.
fn filter(bucket: &Bucket<'_>, filter: &Ident) -> TokenStream {
    let Item { ident, vis, .. } = bucket.item;
    let doc = format!("A filter over the keys of the bucket of [`{}`].", ident.unraw());
    let methods = bucket.tokens.iter().map(|Bound { name, ty, position, .. }| {
        let field = name.unraw().to_string();
        let doc = format!("Narrows `{{{field}}}` to one value.");
        let value = quote_spanned!(at(ty.span())=> impl __tidings::TokenOf<#ty>);
        quote! {
            #[doc = #doc]
            pub fn #name(self, value: #value) -> Self {
                Self(self.0.narrow(#position, #field, &value))
            }
        }
    });
    quote! {
        #[doc = #doc]
        #[derive(__tidings::core::clone::Clone, __tidings::fmt::Debug)]
        #[must_use = "a filter does nothing by itself: list or watch with it"]
        #vis struct #filter(__tidings::KeyFilterTokens<#ident>);

        #[automatically_derived]
        impl #filter {
            #(#methods)*
        }

        #[automatically_derived]
        impl __tidings::KeyFilter for #filter {
            type Of = #ident;

            #[inline]
            fn to_filter(self) -> __tidings::Result<__tidings::String, __tidings::KeyError> {
                self.0.to_filter()
            }
        }
    }
}
