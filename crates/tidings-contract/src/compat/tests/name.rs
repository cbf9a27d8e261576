//! Names that a writer may have written, though what names them may not hold.

use serde_json::{Value, json};

use crate::compat::{Policy, Verdict, compare};

/// Alternatives that are too many to be told apart may each have written a name.
#[test]
fn names_of_alternatives_that_are_left_out_may_be_written() {
    let alternative = |i| json!({"type": "object", "properties": {format!("n{i}"): {}}});
    let writer = json!({"oneOf": (0..200).map(alternative).collect::<Vec<_>>()});
    for reader in [
        json!({"additionalProperties": false}),
        json!({"additionalProperties": {"type": "null"}}),
        json!({"propertyNames": {"maxLength": 1}}),
        json!({"maxProperties": 0}),
    ] {
        let found = compare(&writer, &reader, Policy::Typed);
        assert_ne!(found.verdict, Verdict::Compatible, "{reader}: {found:#?}");
    }
}

/// Members of alternatives may have names that are left out within them.
#[test]
fn names_in_members_of_alternatives_that_are_left_out_may_be_written() {
    let inner = |i| json!({"properties": {format!("n{i}"): {"type": "integer"}}});
    let alternative = |i| json!({"type": "object", "properties": {"a": inner(i)}});
    let writer = json!({
        "properties": {"a": {"type": "object"}},
        "oneOf": (0..200).map(alternative).collect::<Vec<_>>(),
    });
    let reader =
        |name: &str| json!({"properties": {"a": {"properties": {name: {"type": "string"}}}}});
    let verdict = |reader: &Value| compare(&writer, reader, Policy::Typed).verdict;
    assert_ne!(verdict(&reader("n7")), Verdict::Compatible);
    assert_eq!(verdict(&reader("other")), Verdict::Compatible);
}

/// A reference that leads out of the document may name anything, at every level.
#[test]
fn names_of_what_is_not_known_may_be_written() {
    for unknown in [json!({"$ref": "https://example.com/a.json"}), json!({"$dynamicRef": "#a"})] {
        let writer =
            json!({"type": "object", "properties": {"a": {"type": "object"}}, "allOf": [unknown]});
        for reader in [
            json!({"properties": {"b": {"type": "string"}}}),
            json!({"properties": {"a": {"properties": {"b": {"type": "string"}}}}}),
            json!({"additionalProperties": false, "properties": {"a": true}}),
        ] {
            let found = compare(&writer, &reader, Policy::Typed);
            assert_eq!(found.verdict, Verdict::Unknown, "{reader}: {found:#?}");
        }
        let found =
            compare(&writer, &json!({"properties": {"a": {"type": "object"}}}), Policy::Typed);
        assert_eq!(found.verdict, Verdict::Compatible, "{found:#?}");
    }
}
