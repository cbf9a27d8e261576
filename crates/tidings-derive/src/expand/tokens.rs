//! The tokens of a subject: a struct with a field for each, or an enum with the tokens of each
//! variant.
//!
//! The types of the parts are written out, so that a public event may have a private token. Only
//! what is made of the item's generics is a parameter of the new type, as borrowed text is owned
//! there.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::ext::IdentExt as _;
use syn::{Ident, Type};

use super::{is_made_of_generics, is_plain};
use crate::model::Item;

/// A token, or the tokens of one variant.
pub(crate) struct Part<'a> {
    /// The name of the field or the variant.
    pub(crate) name: Ident,
    /// Documentation of the field or the variant.
    pub(crate) doc: String,
    /// The type it is made of.
    pub(crate) ty: &'a Type,
    /// Type that owns the token.
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
    let doc = doc_of(item);
    let (declaration, implementations) = split_struct(&Head::new(item, tokens, &doc, parts));
    quote!(#declaration #implementations)
}

/// Writes the keys of a bucket: their declaration, which names nothing of `__tidings`, and their
/// implementations. They are as good as their texts in a map.
pub(crate) fn expand_key(
    item: Item<'_>,
    key: &Ident,
    doc: &str,
    parts: &[Part<'_>],
) -> (TokenStream, TokenStream) {
    let head = Head::new(item, key, doc, parts);
    let (declaration, implementations) = split_struct(&head);
    let bounds = head.bounds(|_| quote!(__tidings::core::cmp::PartialEq));
    let implementations = quote! {
        #implementations

        #[automatically_derived]
        impl __tidings::core::cmp::Eq for #key #bounds {}

        #[automatically_derived]
        impl __tidings::core::hash::Hash for #key {
            #[inline]
            fn hash<__H: __tidings::core::hash::Hasher>(&self, state: &mut __H) {
                __tidings::hash_key(self, state);
            }
        }
    };
    (declaration, implementations)
}

fn split_struct(head: &Head<'_>) -> (TokenStream, TokenStream) {
    let tokens = head.tokens;
    let name = tokens.to_string();
    let declared = head.each(
        |Field { part: Part { doc, .. }, ty, .. }, name| quote!(#[doc = #doc] pub #name: #ty),
    );
    let shown = head.each(|field, name| {
        let text = name.unraw().to_string();
        let own = quote!(&self.#name);
        let shown = if field.plain { own } else { field.wrapped(&own) };
        let shown = if field.plain { shown } else { quote!(&#shown) };
        quote!(#text, #shown)
    });
    let debug = match &*shown {
        [only] => quote!(__tidings::debug_single(f, #name, #only)),
        shown => quote!(__tidings::DebugParts::new(f, #name)#(.part(#shown))*.end()),
    };
    let cloned = head.each(|field, name| {
        let cloned = field.cloned(&quote!(&self.#name));
        quote!(#name: #cloned)
    });
    let equal = head.each(|field, name| {
        let own = field.wrapped(&quote!(&self.#name));
        let other = field.wrapped(&quote!(&other.#name));
        quote!(#own == #other)
    });
    let declaration = head.declaration(&quote!(struct), &quote!({ #(#declared,)* }));
    let implementations =
        head.implementations(&debug, &quote!(Self { #(#cloned,)* }), &quote!(#(#equal)&&*));
    (declaration, implementations)
}

/// Writes the tokens of an enum.
pub(crate) fn expand_enum(item: Item<'_>, tokens: &Ident, parts: &[Part<'_>]) -> TokenStream {
    let doc = doc_of(item);
    let head = Head::new(item, tokens, &doc, parts);
    let declared = head
        .each(|Field { part: Part { doc, .. }, ty, .. }, name| quote!(#[doc = #doc] #name(#ty)));
    let shown = head.each(|field, name| {
        let (text, shown) = (name.unraw().to_string(), field.wrapped(&quote!(tokens)));
        quote! {
            Self::#name(tokens) => {
                __tidings::debug_part(f, #text, &#shown)
            }
        }
    });
    let cloned = head.each(|field, name| {
        let cloned = field.cloned(&quote!(tokens));
        quote!(Self::#name(tokens) => Self::#name(#cloned))
    });
    let equal = head.each(|field, name| {
        let (own, other) = (field.wrapped(&quote!(one)), field.wrapped(&quote!(other)));
        quote!((Self::#name(one), Self::#name(other)) => #own == #other)
    });
    let declaration = head.declaration(&quote!(enum), &quote!({ #(#declared,)* }));
    let implementations = head.implementations(
        &quote!(match self { #(#shown)* }),
        &quote!(match self { #(#cloned,)* }),
        &quote!(match (self, other) { #(#equal,)* _ => false }),
    );
    quote!(#declaration #implementations)
}

/// Documentation of the tokens of `item`.
fn doc_of(item: Item<'_>) -> String {
    format!("The tokens of a subject of [`{}`].", item.ident.unraw())
}

/// A part as it is declared.
struct Field<'a> {
    part: &'a Part<'a>,
    position: usize,
    ty: TokenStream,
    /// `true` if it is `Debug`, `Clone` and `PartialEq` for sure.
    plain: bool,
}

impl Field<'_> {
    /// Wrapper of a part that is `Debug`, `PartialEq` and a copy where the part is.
    fn wrapped(&self, part: &TokenStream) -> TokenStream {
        let position = self.position;
        if self.plain { part.clone() } else { quote!(__tidings::Part::<_, #position>(#part)) }
    }

    fn cloned(&self, part: &TokenStream) -> TokenStream {
        if self.plain {
            return quote!(__tidings::core::clone::Clone::clone(#part));
        }
        let wrapped = self.wrapped(part);
        quote!(__tidings::ClonePart::clone_part(&#wrapped))
    }

    /// Bound of a part, `bound`, which may name its type, where that is not sure.
    ///
    /// A bound on a type without parameters is an error where it does not hold; as one for every
    /// lifetime it only says when the implementation is there.
    fn bound(&self, bound: fn(&TokenStream) -> TokenStream) -> Option<TokenStream> {
        let Self { position, ty, .. } = self;
        let bound = bound(ty);
        (!self.plain).then(|| quote!(for<'__a> __tidings::Part<'__a, #ty, #position>: #bound))
    }
}

/// The name of the type, its parameters and its fields.
struct Head<'a> {
    item: Item<'a>,
    tokens: &'a Ident,
    doc: &'a str,
    parameters: Vec<Ident>,
    fields: Vec<Field<'a>>,
}

impl<'a> Head<'a> {
    fn new(item: Item<'a>, tokens: &'a Ident, doc: &'a str, parts: &'a [Part<'a>]) -> Self {
        let mut parameters = Vec::new();
        let fields = parts.iter().enumerate().map(|(position, part)| {
            let (ty, plain) = if is_made_of_generics(part.ty, item.generics) {
                let parameter = format_ident!("T{position}");
                parameters.push(parameter.clone());
                (quote!(#parameter), false)
            } else {
                (part.owned.clone(), is_plain(part.ty))
            };
            Field { part, position, ty, plain }
        });
        let fields = fields.collect();
        Self { item, tokens, doc, parameters, fields }
    }

    /// Code that `write` writes for each part, given its name.
    fn each(&self, write: impl Fn(&Field<'_>, &Ident) -> TokenStream) -> Vec<TokenStream> {
        self.fields.iter().map(|field| write(field, &field.part.name)).collect()
    }

    fn declaration(&self, keyword: &TokenStream, body: &TokenStream) -> TokenStream {
        let Self { item: Item { vis, .. }, tokens, doc, parameters, .. } = self;
        quote! {
            #[doc = #doc]
            #vis #keyword #tokens<#(#parameters),*> #body
        }
    }

    /// The where clause by which all parts have something.
    fn bounds(&self, of: fn(&TokenStream) -> TokenStream) -> Option<TokenStream> {
        let bounds: Vec<_> = self.fields.iter().filter_map(|field| field.bound(of)).collect();
        (!bounds.is_empty()).then(|| quote!(where #(#bounds,)*))
    }

    /// `Debug`, `Clone` and `PartialEq`, where all parts have them.
    fn implementations(
        &self,
        debug: &TokenStream,
        clone: &TokenStream,
        eq: &TokenStream,
    ) -> TokenStream {
        let Self { tokens, parameters, .. } = self;
        let debug_bounds = self.bounds(|_| quote!(__tidings::fmt::Debug));
        let clone_bounds = self.bounds(|ty| quote!(__tidings::ClonePart<#ty>));
        let eq_bounds = self.bounds(|_| quote!(__tidings::core::cmp::PartialEq));
        quote! {
            #[automatically_derived]
            impl<#(#parameters),*> __tidings::fmt::Debug for #tokens<#(#parameters),*>
            #debug_bounds
            {
                #[inline]
                fn fmt(&self, f: &mut __tidings::fmt::Formatter<'_>) -> __tidings::fmt::Result {
                    #debug
                }
            }

            #[automatically_derived]
            impl<#(#parameters),*> __tidings::core::clone::Clone for #tokens<#(#parameters),*>
            #clone_bounds
            {
                #[inline]
                fn clone(&self) -> Self {
                    #clone
                }
            }

            #[automatically_derived]
            impl<#(#parameters),*> __tidings::core::cmp::PartialEq for #tokens<#(#parameters),*>
            #eq_bounds
            {
                #[inline]
                fn eq(&self, other: &Self) -> __tidings::bool {
                    #eq
                }
            }
        }
    }
}
