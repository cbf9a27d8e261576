//! The name that serde writes for a field.

use syn::ext::IdentExt as _;
use syn::{Attribute, Data, DeriveInput, Member};

use super::{Case, read_variant, serde, serialized, skip};

/// The name of a struct's field in the payload, as it is written; the number of one without a name.
pub(crate) fn wire_name(input: &DeriveInput, member: &Member) -> String {
    let name = match member {
        Member::Named(name) => name.unraw().to_string(),
        Member::Unnamed(index) => return index.index.to_string(),
    };
    let Data::Struct(data) = &input.data else { return name };
    let field = data
        .fields
        .iter()
        .find(|field| field.ident.as_ref().is_some_and(|one| one.unraw() == name));
    let own = field.and_then(|field| read_variant(&field.attrs)).map(|name| name.value());
    own.unwrap_or_else(|| rule(&input.attrs).map_or(name.clone(), |case| of_field(case, &name)))
}

/// The rule for the names of all fields (`rename_all`), as they are written.
fn rule(attributes: &[Attribute]) -> Option<Case> {
    let mut case = None;
    for attribute in serde(attributes) {
        let read = attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("rename_all") {
                case = serialized(&meta)?.and_then(|name| Case::named(&name.value())).or(case);
                return Ok(());
            }
            skip(&meta)
        });
        // Not ours to report: serde does.
        drop(read);
    }
    case
}

/// The name of a field by a rule, as serde makes it: it takes a field for snake case.
fn of_field(case: Case, field: &str) -> String {
    let pascal = || -> String {
        let upper = |word: &str| {
            let first = word.chars().next().map_or(0, char::len_utf8);
            word[..first].to_ascii_uppercase() + &word[first..]
        };
        field.split('_').map(upper).collect()
    };
    match case {
        Case::Lower | Case::Snake => field.to_owned(),
        Case::Upper | Case::ScreamingSnake => field.to_ascii_uppercase(),
        Case::Pascal => pascal(),
        Case::Camel => Case::Camel.apply(&pascal()),
        Case::Kebab => field.replace('_', "-"),
        Case::ScreamingKebab => field.to_ascii_uppercase().replace('_', "-"),
    }
}

#[cfg(test)]
mod tests {
    use syn::{DeriveInput, Member, parse_quote};

    use super::{Case, of_field, wire_name};

    #[test]
    fn rules_for_fields() {
        // The table of serde's own tests.
        for (field, upper, pascal, camel, kebab) in [
            ("outcome", "OUTCOME", "Outcome", "outcome", "outcome"),
            ("very_tasty", "VERY_TASTY", "VeryTasty", "veryTasty", "very-tasty"),
            ("a", "A", "A", "a", "a"),
            ("z42", "Z42", "Z42", "z42", "z42"),
        ] {
            assert_eq!(of_field(Case::Lower, field), field);
            assert_eq!(of_field(Case::Snake, field), field);
            assert_eq!(of_field(Case::Upper, field), upper);
            assert_eq!(of_field(Case::ScreamingSnake, field), upper);
            assert_eq!(of_field(Case::Pascal, field), pascal);
            assert_eq!(of_field(Case::Camel, field), camel);
            assert_eq!(of_field(Case::Kebab, field), kebab);
            assert_eq!(of_field(Case::ScreamingKebab, field), upper.replace('_', "-"));
        }
    }

    #[test]
    fn a_field_is_called_as_serde_writes_it() {
        let input: DeriveInput = parse_quote! {
            #[serde(deny_unknown_fields, rename_all(serialize = "camelCase", deserialize = "UPPERCASE"))]
            struct Order {
                order_id: u64,
                #[serde(default, rename = "number")]
                order_number: u64,
                #[serde(rename(deserialize = "x"))]
                r#type: u64,
            }
        };
        let name = |field: Member| wire_name(&input, &field);
        assert_eq!(name(parse_quote!(order_id)), "orderId");
        assert_eq!(name(parse_quote!(order_number)), "number");
        assert_eq!(name(parse_quote!(r#type)), "type");
        let plain: DeriveInput = parse_quote!(
            struct Plain {
                order_id: u64,
                r#type: u64,
            }
        );
        assert_eq!(wire_name(&plain, &parse_quote!(order_id)), "order_id");
        assert_eq!(wire_name(&plain, &parse_quote!(r#type)), "type");
        assert_eq!(
            wire_name(
                &parse_quote!(
                    struct Newtype(u64);
                ),
                &parse_quote!(0)
            ),
            "0"
        );
    }
}
