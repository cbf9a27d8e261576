//! Fields of the subject, of the key and of the id, which have to travel in the payload as well.

use syn::ext::IdentExt as _;
use syn::{Fields, Member};

use crate::attr::serde::Detour;
use crate::error::Errors;
use crate::model::{Bound, Id};

/// Refuses what serde keeps from receivers although it fills a token of the subject, or of the key: they would
/// have another value there than the subject they got it on.
pub(super) fn check_tokens(
    fields: &Fields,
    tokens: &[Bound<'_>],
    of: &str,
    detours: &[Vec<Detour>],
    errors: &mut Errors,
) {
    for Bound { name, member, .. } in tokens {
        let use_of = format!("it fills `{{{}}}` of {of}", name.unraw());
        check(fields, member, detours, &use_of, true, errors);
    }
}

/// Refuses what serde keeps from receivers although it identifies the event: they would make
/// another id of it.
///
/// An expression may say what stands for a field that some payloads lack, and so only marked
/// fields have to be in all of them.
pub(super) fn check_id(
    fields: &Fields,
    tokens: &[Bound<'_>],
    id: &Id<'_>,
    detours: &[Vec<Detour>],
    errors: &mut Errors,
) {
    let (members, marked): (Vec<&Member>, _) = match id {
        Id::None => return,
        Id::Fields(fields) => (fields.iter().map(|(member, _)| member).collect(), true),
        Id::Parts { fields, .. } => (fields.iter().map(|(member, _)| member).collect(), false),
    };
    // One mistake is one error, and it was told of a token already.
    let is_token = |member: &Member| tokens.iter().any(|token| token.member == *member);
    for member in members.into_iter().filter(|member| !is_token(member)) {
        check(fields, member, detours, "it is part of the event's id", marked, errors);
    }
}

fn check(
    fields: &Fields,
    member: &Member,
    detours: &[Vec<Detour>],
    use_of: &str,
    always: bool,
    errors: &mut Errors,
) {
    let position = fields.members().position(|other| other == *member);
    let Some(detours) = position.and_then(|position| detours.get(position)) else { return };
    let name = match member {
        Member::Named(name) => format!("`{}`", name.unraw()),
        Member::Unnamed(_) => "the field".to_owned(),
    };
    for Detour { key, effect, .. } in detours.iter().filter(|detour| always || !detour.sometimes) {
        errors.at(
            *key,
            format!(
                "{name} has to reach receivers as it is sent: {use_of}, and {effect}; leave that \
                 out, or use another field"
            ),
        );
    }
}
