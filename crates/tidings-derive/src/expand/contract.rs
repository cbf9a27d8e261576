//! What an event and a request share: the implementation of `Message`.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;
use syn::{WhereClause, WherePredicate, parse_quote};
use tidings_subject::{Segment, Template};

use super::{and_where, at, call, filter, is_generic, is_made_of_parameters};
use crate::model::{Bound, Contract};

/// What differs between an event and a request.
pub(crate) struct Parts {
    /// `MessageKind`'s variant.
    pub(crate) kind: TokenStream,
    /// `type Reply = …;`
    pub(crate) reply: TokenStream,
    /// `type Error = …;`
    pub(crate) error: TokenStream,
    /// What is called on the declaration after it is made: `.tagged()`.
    pub(crate) declared: TokenStream,
    /// Whether a stream keeps it.
    pub(crate) kept: bool,
    /// `Message::message_id`, if it is written.
    pub(crate) message_id: TokenStream,
    /// What makes the descriptors.
    pub(crate) describe: TokenStream,
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
            predicates.push(parse_quote!(#ty: __tidings::core::fmt::Display));
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
    let Parts { kind, reply, error, declared, kept, message_id, describe } = parts;
    let declaration = quote! {
        __tidings::Declaration::new(
            __tidings::MessageKind::#kind,
            #name,
            #version,
            #tag,
            #subject,
            #wildcards,
        )#declared
    };
    let declaration =
        if *kept { quote!(__tidings::kept::<Self>(#declaration)) } else { declaration };
    let subject_body = subject_body(contract);
    let parse_body = parse_body(contract, &tokens_name);
    // Where the type is not what its derives should have made it, its name is the place to say so.
    let encode = quote_spanned!(at(item.span())=> __tidings::serde_json::to_writer(payload, self));
    let (impl_generics, ty_generics, _) = item.generics.split_for_impl();
    quote! {
        #code

        #[automatically_derived]
        impl #impl_generics __tidings::Message for #ident #ty_generics #bounds {
            #reply
            #error
            type Tokens = #tokens;
            type Filter = #filter;

            const DECLARATIONS: &'static [&'static __tidings::Declaration] =
                &[&#declaration];
            const NAME: __tidings::core::option::Option<&'static __tidings::core::primitive::str> =
                __tidings::core::option::Option::Some(#name);

            #[inline]
            fn declaration(&self) -> &'static __tidings::Declaration {
                <Self as __tidings::Message>::DECLARATIONS[0]
            }

            #[inline]
            fn subject(
                &self,
            ) -> __tidings::core::result::Result<__tidings::Subject, __tidings::SubjectError> {
                #subject_body
            }

            #message_id

            fn encode<__W: __tidings::std::io::Write>(
                &self,
                payload: __W,
            ) -> __tidings::core::result::Result<(), __tidings::serde_json::Error> {
                #encode
            }

            #[inline]
            fn filter() -> <Self as __tidings::Message>::Filter {
                #new_filter
            }

            #[inline]
            fn parse_subject(
                subject: &__tidings::core::primitive::str,
            ) -> __tidings::core::result::Result<<Self as __tidings::Message>::Tokens, __tidings::ParseSubjectError> {
                #parse_body
            }

            #[inline]
            fn descriptors() -> __tidings::std::vec::Vec<__tidings::Descriptor> {
                #describe
            }
        }
    }
}

/// Literal text and bound tokens by turns.
enum Run<'a> {
    Text(String),
    Token(&'a Bound<'a>),
}

fn subject_body(contract: &Contract<'_>) -> TokenStream {
    let subject = contract.subject;
    if contract.tokens.is_empty() {
        return quote! {
            __tidings::core::result::Result::Ok(__tidings::Subject::from_static(#subject))
        };
    }
    let mut runs: Vec<Run<'_>> = Vec::new();
    let text = subject.value();
    let mut bound = contract.tokens.iter();
    for (position, segment) in segments(&text).enumerate() {
        let dot = if position == 0 { "" } else { "." };
        let literal = match segment {
            Segment::Literal(literal) => literal,
            Segment::Field(_) => "",
        };
        match runs.last_mut() {
            Some(Run::Text(text)) => text.extend([dot, literal]),
            _ => runs.push(Run::Text(format!("{dot}{literal}"))),
        }
        if matches!(segment, Segment::Field(_)) {
            runs.extend(bound.next().map(Run::Token));
        }
    }
    runs.retain(|run| !matches!(run, Run::Text(text) if text.is_empty()));
    let literals: usize =
        runs.iter().map(|run| if let Run::Text(text) = run { text.len() } else { 0 }).sum();
    let steps = runs.iter().map(|run| match run {
        Run::Text(text) => quote!(__tidings::SubjectBuilder::literal(&mut subject, #text);),
        Run::Token(Bound { name, member, ty, .. }) => {
            let field = name.unraw().to_string();
            let append = call(
                ty.span(),
                &quote_spanned!(ty.span()=> <#ty as __tidings::Token>::append_to),
                quote!(&self.#member, __tidings::SubjectBuilder::open(&mut subject)),
            );
            quote! {
                #append;
                __tidings::SubjectBuilder::close(&mut subject, #field)?;
            }
        }
    });
    quote! {
        let mut subject = __tidings::SubjectBuilder::new(#subject, #literals);
        #(#steps)*
        __tidings::core::result::Result::Ok(__tidings::SubjectBuilder::finish(subject))
    }
}

fn parse_body(contract: &Contract<'_>, tokens: &TokenStream) -> TokenStream {
    let subject = contract.subject;
    let text = subject.value();
    let mut bound = contract.tokens.iter().enumerate();
    let steps = segments(&text).map(|segment| match segment {
        Segment::Literal(literal) => {
            quote!(__tidings::SubjectParser::literal(&mut parser, #literal)?;)
        }
        Segment::Field(_) => bound.next().map_or_else(TokenStream::new, |(position, bound)| {
            let Bound { name, ty, .. } = bound;
            let value = quote::format_ident!("token{position}");
            let field = name.unraw().to_string();
            let parsed = call(
                ty.span(),
                &quote_spanned!(ty.span()=> <#ty as __tidings::Token>::parse),
                quote!(token),
            );
            quote! {
                let token = __tidings::SubjectParser::token(&mut parser)?;
                let #value =
                    __tidings::SubjectParser::value(&parser, #field, token, #parsed)?;
            }
        }),
    });
    let steps: Vec<_> = steps.collect();
    let made = if contract.tokens.is_empty() {
        quote!(())
    } else {
        let fields = contract.tokens.iter().enumerate().map(|(position, Bound { name, .. })| {
            let value = quote::format_ident!("token{position}");
            quote!(#name: #value)
        });
        quote!(#tokens { #(#fields),* })
    };
    quote! {
        let mut parser = __tidings::SubjectParser::new(#subject, subject);
        #(#steps)*
        __tidings::SubjectParser::finish(parser)?;
        __tidings::core::result::Result::Ok(#made)
    }
}

/// The tokens of a template that was checked before.
fn segments(template: &str) -> impl Iterator<Item = Segment<'_>> {
    Template::parse(template).into_iter().flat_map(|template| template.segments())
}
