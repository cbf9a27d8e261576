//! Validation that events and requests share: the subject, the fields bound to it, name and version.

use syn::ext::IdentExt as _;
use syn::{Data, DeriveInput, Fields, Ident, LitStr, Member};
use tidings_subject::{Segment, Template, check_token};

use super::payload;
use crate::attr::Keyed;
use crate::attr::message::MessageAttrs;
use crate::attr::suggest::{did_you_mean, list};
use crate::error::Errors;
use crate::model::{Bound, Contract, Item};

/// The fields of a struct that can be a message; an error for every other shape.
pub(crate) fn fields<'a>(
    input: &'a DeriveInput,
    what: &str,
    errors: &mut Errors,
) -> Option<&'a Fields> {
    let Data::Struct(data) = &input.data else {
        errors.at(input.ident.span(), format!("{what} is a struct"));
        return None;
    };
    match &data.fields {
        Fields::Unnamed(fields) if fields.unnamed.len() != 1 => {
            errors.at(
                input.ident.span(),
                format!(
                    "{what} with several fields needs names for them, as its payload and its \
                     subject are made of names: `struct {} {{ … }}`",
                    input.ident
                ),
            );
            None
        }
        fields => Some(fields),
    }
}

/// Checks what an event and a request share.
pub(crate) fn validate<'a>(
    input: &'a DeriveInput,
    fields: Option<&'a Fields>,
    attrs: &'a MessageAttrs,
    what: &str,
    errors: &mut Errors,
) -> Option<Contract<'a>> {
    if let Some(Keyed { key, value: 0 }) = attrs.version {
        errors.at(key, "versions count from 1: `version = 1`");
    }
    if attrs.given.lacks("subject") {
        let derive = if what == "a request" { "request" } else { "event" };
        errors.at(
            input.ident.span(),
            format!(
                "`{}` needs a subject: add `#[{derive}(subject = \"{}\")]`",
                input.ident,
                suggested_subject(&input.ident),
            ),
        );
    }
    let subject = attrs.subject.as_ref();
    let text = subject.map(LitStr::value);
    let template = subject.zip(text.as_deref()).and_then(|(subject, text)| {
        Template::parse(text)
            .map_err(|error| {
                let what = if text.is_empty() { "the subject".into() } else { format!("`{text}`") };
                errors.at(subject.span(), format!("{what} {error}"));
            })
            .ok()
    });
    let name = match (&attrs.name, subject, &template) {
        (Some(name), ..) => explicit_name(name, errors),
        (None, Some(subject), Some(template)) => {
            default_name(template).map_err(|error| errors.at(subject.span(), error)).ok()
        }
        _ => None,
    };
    let (subject, template) = (subject?, template?);
    let fields = fields?;
    let tokens = bind(subject, &template, fields, errors)?;
    payload::check_tokens(fields, &tokens, "the subject", &attrs.detours, errors);
    Some(Contract {
        item: Item::of(input, attrs.krate.as_ref()),
        subject,
        filter: template.filter(),
        name: name?,
        version: attrs.version.as_ref().map_or(1, |version| version.value),
        tokens,
        displayed: Vec::new(),
    })
}

/// Finds the field of each bound token.
pub(super) fn bind<'a>(
    subject: &LitStr,
    template: &Template<'_>,
    fields: &'a Fields,
    errors: &mut Errors,
) -> Option<Vec<Bound<'a>>> {
    let mut tokens = Vec::new();
    let mut complete = true;
    for (position, segment) in template.segments().enumerate() {
        let Segment::Field(name) = segment else { continue };
        let bound = match fields {
            Fields::Named(named) => named.named.iter().find_map(|field| {
                let ident = field.ident.as_ref().filter(|ident| ident.unraw() == name)?;
                Some((ident.clone(), Member::Named(ident.clone()), &field.ty))
            }),
            // The one field of a newtype goes by any name.
            Fields::Unnamed(unnamed) => {
                unnamed.unnamed.first().filter(|_| tokens.is_empty()).and_then(|field| {
                    Some((identifier(name, subject)?, Member::from(0), &field.ty))
                })
            }
            Fields::Unit => None,
        };
        if let Some((name, member, ty)) = bound {
            tokens.push(Bound { name, member, ty, position });
        } else {
            errors.at(subject.span(), no_field(name, fields));
            complete = false;
        }
    }
    complete.then_some(tokens)
}

/// The identifier of a newtype's token, raw where it is a keyword.
fn identifier(name: &str, subject: &LitStr) -> Option<Ident> {
    let mut ident =
        syn::parse_str::<Ident>(name).or_else(|_| syn::parse_str(&format!("r#{name}"))).ok()?;
    ident.set_span(subject.span());
    Some(ident)
}

/// Error message for a token that names no field.
fn no_field(name: &str, fields: &Fields) -> String {
    match fields {
        Fields::Unit => format!("`{{{name}}}` names a field, and a unit struct has none"),
        Fields::Unnamed(_) => {
            format!(
                "`{{{name}}}` can't be bound: the newtype has one field, and it is bound already"
            )
        }
        Fields::Named(named) if named.named.is_empty() => {
            format!("`{{{name}}}` names a field, and there is none")
        }
        Fields::Named(fields) => {
            let names: Vec<_> = fields
                .named
                .iter()
                .filter_map(|field| field.ident.as_ref())
                .map(|ident| ident.unraw().to_string())
                .collect();
            let known = || names.iter().map(String::as_str);
            let meant = did_you_mean(name, known())
                .map_or_else(String::new, |meant| format!("did you mean `{{{meant}}}`? "));
            let verb = if names.len() == 1 { "field is" } else { "fields are" };
            format!("`{{{name}}}` names no field: {meant}the {verb} {}", list(known()))
        }
    }
}

/// Checks a name that was given.
pub(crate) fn explicit_name(name: &LitStr, errors: &mut Errors) -> Option<String> {
    let text = name.value();
    match check_name(&text) {
        Ok(()) => Some(text),
        Err(error) => {
            errors.at(name.span(), format!("{text:?} {error}, as in \"orders.created\""));
            None
        }
    }
}

/// The subject's literal tokens.
fn default_name(template: &Template<'_>) -> Result<String, String> {
    let literals: Vec<_> = template
        .segments()
        .filter_map(|segment| match segment {
            Segment::Literal(text) => Some(text),
            Segment::Field(_) => None,
        })
        .collect();
    let name = literals.join(".");
    if name.is_empty() {
        return Err(format!(
            "`{}` has no literal token to make a name of: give one with `name = \"…\"`",
            template.as_str()
        ));
    }
    check_name(&name).map_err(|_| {
        format!(
            "the name would be `{name}`, and a name is made of A-Z, a-z, 0-9, `_`, `-` and dots: \
             give one with `name = \"…\"`"
        )
    })?;
    Ok(name)
}

fn check_name(name: &str) -> Result<(), &'static str> {
    let is_name =
        |token: &str| token.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    if name.is_empty() {
        Err("is no name: a name has letters")
    } else if name.split('.').all(|token| check_token(token).is_ok() && is_name(token)) {
        Ok(())
    } else {
        Err("is no name: a name is made of A-Z, a-z, 0-9, `_` and `-`, with single dots between")
    }
}

/// `orders.created` for `OrderCreated`: the last word is what happened.
fn suggested_subject(ident: &Ident) -> String {
    let name = ident.unraw().to_string();
    let mut words: Vec<String> = Vec::new();
    for letter in name.chars() {
        match words.last_mut() {
            Some(word) if !letter.is_uppercase() => word.push(letter),
            _ => words.push(letter.to_lowercase().collect()),
        }
    }
    match words.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{}s.{last}", rest.join("_")),
        _ => format!("{}.happened", words.concat()),
    }
}

#[cfg(test)]
mod tests {
    use proc_macro2::Span;
    use syn::Ident;
    use tidings_subject::Template;

    use super::{check_name, default_name, suggested_subject};

    #[test]
    fn default_names() {
        for (template, name) in [
            ("orders.created", "orders.created"),
            ("orders.{region}.created", "orders.created"),
            ("{tenant}.orders.{region}", "orders"),
            ("a-b.c_d.E1", "a-b.c_d.E1"),
        ] {
            assert_eq!(default_name(&Template::parse(template).unwrap()).as_deref(), Ok(name));
        }
        for template in ["{a}", "{a}.{b}", "größe.x", "a/b"] {
            assert!(default_name(&Template::parse(template).unwrap()).is_err(), "{template}");
        }
    }

    #[test]
    fn names() {
        for name in ["a", "orders.created", "A-b_1.c"] {
            assert_eq!(check_name(name), Ok(()), "{name}");
        }
        for name in ["", ".", "a.", ".a", "a..b", "a b", "a/b", "é", "{a}", "*"] {
            assert!(check_name(name).is_err(), "{name}");
        }
    }

    #[test]
    fn suggested_subjects() {
        let suggested = |name| suggested_subject(&Ident::new(name, Span::call_site()));
        assert_eq!(suggested("OrderCreated"), "orders.created");
        assert_eq!(suggested("UserProfileUpdated"), "user_profiles.updated");
        assert_eq!(suggested("Ping"), "ping.happened");
    }
}
