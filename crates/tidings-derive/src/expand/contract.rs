//! Implementation of `Message`, which events and requests share.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;
use syn::{WhereClause, WherePredicate, parse_quote};
use tidings_subject::{Segment, Template};

use super::{and_where, at, call, filter, gathered, is_generic, is_made_of_parameters};
use crate::model::{Bound, Contract};

/// Parts in which events and requests differ.
pub(crate) struct Parts {
    /// `type Reply = …;`
    pub(crate) reply: TokenStream,
    /// `type Error = …;`
    pub(crate) error: TokenStream,
    /// Calls on the declaration after it is made: `.tagged()` or `.request()`.
    pub(crate) declared: TokenStream,
    /// The names of the fields that identify it, as a constant slice.
    pub(crate) identified: TokenStream,
    /// `true` if a stream keeps it.
    pub(crate) kept: bool,
    /// `Message::message_id`, if it is written.
    pub(crate) message_id: TokenStream,
    /// `type Form = …;`, and methods that are not those of the form.
    pub(crate) form: TokenStream,
}

/// The where clause of the message's implementations.
pub(crate) fn bounds(contract: &Contract<'_>) -> Option<WhereClause> {
    let generics = contract.item.generics;
    let ident = contract.item.ident;
    let (_, ty_generics, _) = generics.split_for_impl();
    let mut predicates: Vec<WherePredicate> = Vec::new();
    if is_generic(generics) {
        predicates.push(parse_quote! {
            #ident #ty_generics: __tidings::serde::Serialize
                + __tidings::schemars::JsonSchema
                + __tidings::core::marker::Send
                + __tidings::core::marker::Sync
        });
    }
    for Bound { ty, .. } in &contract.tokens {
        if is_made_of_parameters(ty, generics) {
            predicates.push(parse_quote!(#ty: __tidings::Token));
        }
    }
    for ty in &contract.displayed {
        if is_made_of_parameters(ty, generics) {
            predicates.push(parse_quote!(#ty: __tidings::fmt::Display));
        }
    }
    and_where(generics, predicates)
}

/// The where clause of the implementation of `Decode`.
pub(crate) fn decode_bounds(contract: &Contract<'_>) -> Option<WhereClause> {
    let mut clause = bounds(contract);
    if is_generic(contract.item.generics)
        && let Some(clause) = &mut clause
    {
        let ident = contract.item.ident;
        let (_, ty_generics, _) = contract.item.generics.split_for_impl();
        clause.predicates.push(parse_quote! {
            #ident #ty_generics: __tidings::serde::de::DeserializeOwned + 'static
        });
    }
    clause
}

/// Writes the filter, the tokens and the implementation of `Message`.
pub(crate) fn expand(contract: &Contract<'_>, parts: &Parts) -> TokenStream {
    let Contract { item, subject, filter: wildcards, name, version, .. } = contract;
    let ident = item.ident;
    let bounds = bounds(contract);
    let filter::Types { filter, new_filter, tokens, tokens_name, code } =
        filter::expand(contract, bounds.as_ref());
    let tag = format!("{name}.v{version}");
    let open = open(wildcards);
    let Parts { reply, error, declared, identified, kept, message_id, form } = parts;
    // The stream is found through the event: that it is one is checked where the event names it, and only there.
    let stream = if *kept {
        quote!(<Self as __tidings::StreamEvent>::KEPT_BY)
    } else {
        quote!(__tidings::None)
    };
    let declaration = quote! {
        __tidings::Declaration::whole(
            (#name, #version, #tag),
            #subject,
            #wildcards,
            #open,
            #identified,
            #stream,
        )#declared
    };
    let subject_body = subject_body(contract);
    let (reader, read_body) = read_body(contract, &tokens_name);
    let (impl_generics, ty_generics, _) = item.generics.split_for_impl();
    quote! {
        #code

        #[automatically_derived]
        impl #impl_generics __tidings::Message for #ident #ty_generics #bounds {
            #reply
            #error
            type Tokens = #tokens;
            type Filter = #filter;
            #form

            const DECLARATION: __tidings::Declaration = #declaration;

            #[inline]
            fn subject(
                &self,
            ) -> __tidings::Result<__tidings::Subject, __tidings::SubjectError> {
                #subject_body
            }

            #message_id

            #[inline]
            fn filter() -> #filter {
                #new_filter
            }

            #[inline]
            fn read_tokens(
                #reader: &mut __tidings::SubjectReader<'_>,
            ) -> __tidings::Option<#tokens> {
                #read_body
            }
        }
    }
}

/// The open part of a filter, as the declaration keeps it.
fn open(filter: &str) -> TokenStream {
    let mut wildcards = filter.match_indices(['*', '>']);
    match (wildcards.next(), wildcards.next()) {
        (None, _) => quote!(__tidings::Open::None),
        (Some((before, "*")), None) => {
            let behind = filter.len() - before - 1;
            quote!(__tidings::Open::One { before: #before, behind: #behind })
        }
        _ => quote!(__tidings::Open::Several),
    }
}

/// Writes the implementation of `Decode`, with these methods.
pub(crate) fn expand_decode(
    contract: &Contract<'_>,
    bounds: Option<&WhereClause>,
    methods: &TokenStream,
) -> TokenStream {
    let ident = contract.item.ident;
    let (impl_generics, ty_generics, _) = contract.item.generics.split_for_impl();
    // As with the form.
    let header = quote_spanned!(at(contract.item.span())=> __tidings::Decode for #ident);
    quote! {
        #[automatically_derived]
        impl #impl_generics #header #ty_generics #bounds {
            #methods
        }
    }
}

/// A token and the literal text before it.
type Run<'a, 'b> = (String, &'a Bound<'b>);

/// The tokens of a subject, each with the text before it, and the text after the last.
fn runs<'a, 'b>(contract: &'a Contract<'b>) -> (Vec<Run<'a, 'b>>, String) {
    let text = contract.subject.value();
    let mut bound = contract.tokens.iter();
    let mut runs = Vec::new();
    let mut literal = String::new();
    for (position, segment) in segments(&text).enumerate() {
        if position > 0 {
            literal.push('.');
        }
        match segment {
            Segment::Literal(text) => literal.push_str(text),
            Segment::Field(_) => {
                runs.extend(bound.next().map(|bound| (std::mem::take(&mut literal), bound)));
            }
        }
    }
    (runs, literal)
}

fn subject_body(contract: &Contract<'_>) -> TokenStream {
    let subject = contract.subject;
    if contract.tokens.is_empty() {
        return quote!(__tidings::Ok(__tidings::Subject::from_static(#subject)));
    }
    let (runs, rest) = runs(contract);
    let literals = runs.iter().map(|(before, _)| before.len()).sum::<usize>() + rest.len();
    let steps = runs.iter().map(|(before, Bound { name, member, ty, .. })| {
        let field = name.unraw().to_string();
        let gathered = gathered(ty);
        let append = call(
            ty.span(),
            &quote_spanned!(ty.span()=> <#gathered as __tidings::Token>::append_to),
            quote!(&self.#member, subject.open(#before)),
        );
        quote! {
            #append;
            subject.close(#field);
        }
    });
    // By reference: so no trait of the user's comes before its methods.
    quote! {
        let subject = &mut __tidings::SubjectBuilder::new(#subject, #literals);
        #(#steps)*
        subject.finish(#rest)
    }
}

/// The parameter of `Message::read_tokens`, and its body.
fn read_body(contract: &Contract<'_>, tokens: &TokenStream) -> (TokenStream, TokenStream) {
    if contract.tokens.is_empty() {
        return (quote!(_), quote!(__tidings::Some(())));
    }
    let names = contract.tokens.iter().map(|bound| &bound.name);
    let values: Vec<_> =
        (0..contract.tokens.len()).map(|position| format_ident!("token{position}")).collect();
    let read = contract.tokens.iter().zip(&values).map(|(Bound { name, ty, .. }, value)| {
        let field = name.unraw().to_string();
        let gathered = gathered(ty);
        let parsed = call(
            ty.span(),
            &quote_spanned!(ty.span()=> <#gathered as __tidings::Token>::parse_next),
            quote!(reader.next(#field)),
        );
        quote!(let __tidings::Some(#value) = #parsed else { return __tidings::None; };)
    });
    let body = quote!(#(#read)* __tidings::Some(#tokens { #(#names: #values),* }));
    (quote!(reader), body)
}

/// The tokens of a template that was checked before.
fn segments(template: &str) -> impl Iterator<Item = Segment<'_>> {
    Template::parse(template).into_iter().flat_map(|template| template.segments())
}
