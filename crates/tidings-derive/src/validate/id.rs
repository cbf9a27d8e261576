//! Validation of the fields that identify an event.

use std::collections::HashSet;

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens as _;
use syn::ext::IdentExt as _;
use syn::{Expr, Fields, Ident, Lit, Member};

use crate::attr::message::MessageAttrs;
use crate::error::Errors;
use crate::model::{Bound, Id};

/// Checks the id: fields that are marked, or an expression, but not both.
pub(crate) fn validate<'a>(
    fields: &'a Fields,
    tokens: &[Bound<'_>],
    attrs: &'a MessageAttrs,
    errors: &mut Errors,
) -> Option<Id<'a>> {
    let Some(id) = &attrs.id else {
        if attrs.id_fields.is_empty() {
            return Some(Id::None);
        }
        let members: Vec<_> = fields.members().zip(fields.iter().map(|field| &field.ty)).collect();
        let marked = attrs.id_fields.iter().filter_map(|(position, _)| members.get(*position));
        return Some(Id::Fields(marked.cloned().collect()));
    };
    if let Some((_, span)) = attrs.id_fields.first() {
        errors.at(
            *span,
            "the id is declared twice: mark its fields with `#[event(id)]`, or give `id = \"…\"`",
        );
        return None;
    }
    let parts: Vec<_> = match &id.value {
        Expr::Tuple(tuple) => tuple.elems.iter().collect(),
        expression => vec![expression],
    };
    if parts.is_empty() {
        errors.at(id.key, "an id has at least one part: `id = \"order_id\"`");
        return None;
    }
    let fields = fields_in(id.value.to_token_stream(), fields, tokens);
    Some(Id::Parts { parts, fields })
}

/// The fields whose names occur in an expression.
///
/// Each name is taken from the expression and not from the field: inside a macro the two may come
/// from different places, and the expression must see what it names.
fn fields_in(
    expression: TokenStream,
    fields: &Fields,
    tokens: &[Bound<'_>],
) -> Vec<(Member, Ident)> {
    let mut seen = HashSet::new();
    let mut found = Vec::new();
    let mut identifiers = Vec::new();
    collect(expression, &mut identifiers);
    for ident in identifiers {
        let member = match fields {
            Fields::Named(_) => fields.members().find(
                |member| matches!(member, Member::Named(name) if name.unraw() == ident.unraw()),
            ),
            // A newtype's field goes by the name of its token.
            _ => tokens
                .first()
                .filter(|token| token.name.unraw() == ident.unraw())
                .map(|token| token.member.clone()),
        };
        if let Some(member) = member
            && seen.insert(ident.unraw().to_string())
        {
            found.push((member, ident));
        }
    }
    found
}

fn collect(tokens: TokenStream, identifiers: &mut Vec<Ident>) {
    for token in tokens {
        match token {
            TokenTree::Ident(ident) => identifiers.push(ident),
            TokenTree::Group(group) => collect(group.stream(), identifiers),
            // A format string may name what it shows: `format!("{order}-{region}")`.
            TokenTree::Literal(literal) => {
                let span = literal.span();
                if let Lit::Str(text) = Lit::new(literal) {
                    let parsed = |name: String| syn::parse_str::<Ident>(&name).ok();
                    for mut ident in format_names(&text.value()).into_iter().filter_map(parsed) {
                        ident.set_span(span);
                        identifiers.push(ident);
                    }
                }
            }
            TokenTree::Punct(_) => {}
        }
    }
}

/// The names in the braces of a format string: what it shows, and the `width$` and `.precision$`
/// that it shows it with.
fn format_names(text: &str) -> Vec<String> {
    let text = text.replace("{{", "").replace("}}", "");
    let mut names = Vec::new();
    for inside in text.split('{').skip(1).filter_map(|rest| rest.split('}').next()) {
        let (name, shape) = inside.split_once(':').unwrap_or((inside, ""));
        names.push(name.trim().to_owned());
        let is_part = |letter: char| letter == '_' || letter.is_alphanumeric();
        let measures = shape.split_inclusive('$').filter_map(|before| before.strip_suffix('$'));
        names.extend(measures.map(|before| {
            let start = before.rfind(|letter| !is_part(letter));
            let start =
                start.map_or(0, |at| at + before[at..].chars().next().map_or(1, char::len_utf8));
            before[start..].to_owned()
        }));
    }
    names.retain(|name| !name.is_empty());
    names
}

#[cfg(test)]
mod tests {
    use super::format_names;

    #[test]
    fn names_in_a_format_string() {
        for (text, names) in [
            ("", &[][..]),
            ("{}-{0}", &["0"]),
            ("{order}-{region}", &["order", "region"]),
            ("{{order}}-{region:?}", &["region"]),
            ("{total:>width$.digits$}", &["total", "width", "digits"]),
            ("{order", &["order"]),
        ] {
            assert_eq!(format_names(text), names, "{text}");
        }
    }
}
