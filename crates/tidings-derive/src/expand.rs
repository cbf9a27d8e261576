//! Expansion: from what is declared to the code.
//!
//! Everything is named from `__tidings`, an alias inside the generated block, and nothing from the
//! prelude: what a user's module calls `Result` or `tidings` does not matter.
//!
//! What is no generic function is `#[inline]`, and so compiled where it is used: a crate of 200 events
//! that publishes none of them is built in half the time that the code to decode each would take. What is alike
//! in all messages of a kind is not written at all: their form (`__tidings::Form`) has it.

pub(crate) mod bucket;
pub(crate) mod contract;
pub(crate) mod event;
pub(crate) mod event_enum;
pub(crate) mod filter;
pub(crate) mod request;
pub(crate) mod stream;
pub(crate) mod token;
pub(crate) mod tokens;
mod variant;

use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{Generics, Type, WhereClause, WherePredicate};

use crate::attr::lint::allowed;
use crate::model::Item;

/// Puts the code in a block of its own, in which `__tidings` is what generated code calls.
pub(crate) fn in_block(item: &Item<'_>, code: &TokenStream) -> TokenStream {
    let private = item.krate.map_or_else(
        || quote!(::tidings::__private),
        |krate| quote_spanned!(krate.span()=> #krate::__private),
    );
    let lints = allowed(item.input);
    quote! {
        #[doc(hidden)]
        #[allow(
            missing_docs,
            non_local_definitions,
            non_shorthand_field_patterns,
            private_bounds,
            private_interfaces,
            unused_lifetimes,
            unused_qualifications,
            clippy::all,
            clippy::nursery,
            clippy::pedantic,
            clippy::restriction,
        )]
        #(#[allow(#lints)])*
        const _: () = {
            use #private as __tidings;
            #code
        };
    }
}

/// A place for generated code: errors point there, but names mean what they mean in the expansion,
/// also where the place is inside a macro of the user's.
pub(crate) fn at(place: Span) -> Span {
    Span::call_site().located_at(place)
}

/// A call whose errors point at one place: all of them are then the same error, and told once.
///
/// The callee is placed there as well, for the whole call is from its first token to its last.
pub(crate) fn call(place: Span, callee: &TokenStream, arguments: TokenStream) -> TokenStream {
    let mut arguments = Group::new(Delimiter::Parenthesis, arguments);
    arguments.set_span(place);
    quote!(#callee #arguments)
}

/// A type, all of it at the place of its first token: what is wrong with it is then told there,
/// wherever the type is written, and so it is told once.
pub(crate) fn gathered(ty: &Type) -> TokenStream {
    fn gather(tokens: TokenStream, place: Span) -> TokenStream {
        let gathered = tokens.into_iter().map(|mut token| {
            if let TokenTree::Group(group) = &token {
                token = Group::new(group.delimiter(), gather(group.stream(), place)).into();
            }
            token.set_span(token.span().located_at(place));
            token
        });
        gathered.collect()
    }
    gather(ty.to_token_stream(), ty.span())
}

/// The where clause of an implementation: the type's own, and these.
pub(crate) fn and_where(
    generics: &Generics,
    predicates: impl IntoIterator<Item = WherePredicate>,
) -> Option<WhereClause> {
    let mut predicates = predicates.into_iter().peekable();
    if predicates.peek().is_none() {
        return generics.where_clause.clone();
    }
    let mut clause = generics.where_clause.clone().unwrap_or_else(|| WhereClause {
        where_token: <syn::Token![where]>::default(),
        predicates: syn::punctuated::Punctuated::new(),
    });
    clause.predicates.extend(predicates);
    Some(clause)
}

/// Returns `true` if bounds on the type, or a type made of it, belong in a where clause: only of
/// generic types, as one that does not hold for a type without parameters is an error by itself.
pub(crate) fn is_generic(generics: &Generics) -> bool {
    generics.type_params().next().is_some()
}

/// Returns `true` if a type is made of one of the type parameters.
pub(crate) fn is_made_of_parameters(ty: &Type, generics: &Generics) -> bool {
    any_token(ty.to_token_stream(), &|token| match token {
        TokenTree::Ident(ident) => generics.type_params().any(|of| of.ident == *ident),
        _ => false,
    })
}

/// Returns `true` if a type can't be named where the item's generics are not in scope.
pub(crate) fn is_made_of_generics(ty: &Type, generics: &Generics) -> bool {
    any_token(ty.to_token_stream(), &|token| match token {
        TokenTree::Ident(ident) => {
            generics.type_params().any(|of| of.ident == *ident)
                || generics.const_params().any(|of| of.ident == *ident)
        }
        // A lifetime.
        TokenTree::Punct(punct) => punct.as_char() == '\'',
        _ => false,
    })
}

/// Returns `true` if a type is one of the language's own or `String`, by its name, as serde takes
/// `Option`: what else is called so has to be `Debug`, `Clone` and `PartialEq` as they are.
pub(crate) fn is_plain(ty: &Type) -> bool {
    const NAMES: [&str; 15] = [
        "String", "bool", "char", "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32",
        "i64", "i128", "isize",
    ];
    let Type::Path(ty) = ty else { return false };
    ty.path.get_ident().is_some_and(|name| NAMES.iter().any(|known| name == known))
}

fn any_token(tokens: TokenStream, is_it: &dyn Fn(&TokenTree) -> bool) -> bool {
    tokens.into_iter().any(|token| match &token {
        TokenTree::Group(group) => any_token(group.stream(), is_it),
        token => is_it(token),
    })
}
