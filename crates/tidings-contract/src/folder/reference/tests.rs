use serde_json::{Value, json};

use super::{ReferenceError, check};

fn refused(document: &Value) -> (String, ReferenceError) {
    let refused = check(document).unwrap_err();
    (refused.pointer, refused.source)
}

#[test]
fn what_types_have_passes() {
    for document in [
        json!({"properties": {"children": {"type": "array", "items": {"$ref": "#"}}}}),
        json!({
            "$id": "urn:tidings:a:v1",
            "$defs": {"A/~B": {"properties": {"a": {"$ref": "#/$defs/A~1~0B"}}}, "C D": true},
            "properties": {
                "b": {"$ref": "urn:tidings:a:v1#/$defs/A~1~0B"}, "c": {"$ref": "#/$defs/C%20D"},
            },
        }),
        json!({"$defs": {"A": {"$anchor": "a"}}, "$ref": "#a"}),
        json!({"const": {"$ref": "http://example.com"}}),
        json!(true),
    ] {
        assert_eq!(check(&document), Ok(()), "{document}");
    }
}

#[test]
fn what_leads_out_or_nowhere_is_refused_where_it_stands() {
    for outside in ["http://127.0.0.1:1/a.json", "file:///etc/passwd", "other.json", "../a"] {
        let document = json!({"properties": {"a": {"$ref": outside}}});
        let at = "/properties/a".to_owned();
        assert_eq!(refused(&document), (at, ReferenceError::Outside), "{outside}");
    }
    let document = json!({"items": {"$ref": "#/$defs/A"}});
    assert_eq!(refused(&document), ("/items".to_owned(), ReferenceError::Nowhere));
}

#[test]
fn what_never_ends_is_refused() {
    assert_eq!(refused(&json!({"$ref": "#"})).1, ReferenceError::Endless);
    let around = json!({"$defs": {
        "A": {"allOf": [{"$ref": "#/$defs/B"}]}, "B": {"$ref": "#/$defs/A"},
    }});
    assert_eq!(refused(&around).1, ReferenceError::Endless);
}

#[test]
fn what_doubles_with_each_step_is_refused() {
    let mut definitions = serde_json::Map::new();
    for i in 0..40 {
        let next = json!({"$ref": format!("#/$defs/A{}", i + 1)});
        definitions.insert(format!("A{i}"), json!({"allOf": [next, next]}));
    }
    definitions.insert("A40".to_owned(), json!(true));
    let document = json!({"$defs": definitions});
    assert_eq!(refused(&document).1, ReferenceError::Costly);
}

#[test]
fn a_long_way_is_refused() {
    let mut definitions = serde_json::Map::new();
    for i in 0..10_000 {
        definitions.insert(format!("A{i}"), json!({"$ref": format!("#/$defs/A{}", i + 1)}));
    }
    definitions.insert("A10000".to_owned(), json!(true));
    assert_eq!(refused(&json!({"$defs": definitions})).1, ReferenceError::Deep);
    for (_, definition) in &mut definitions {
        *definition = json!({"properties": {"a": definition.clone()}});
    }
    let document = json!({"$defs": definitions, "items": {"$ref": "#/$defs/A0"}});
    let at = "/$defs/A200/properties/a".to_owned();
    assert_eq!(refused(&document), (at, ReferenceError::Deep));
}

#[test]
fn a_reference_starts_from_the_nearest_address() {
    let nested = |reference: &str, at: &str| {
        json!({
            "$id": "http://example.com/a/root.json",
            "$defs": {
                "Item": {
                    "$id": "item.json",
                    "$defs": {"Size": {"$anchor": "size"}, "Note": {"$id": "/note.json"}},
                    "properties": {"size": {"$ref": reference}},
                },
                "Size": {"$anchor": "outer"},
            },
            "items": {"$ref": at},
        })
    };
    for at in ["item.json", "http://example.com/a/item.json", "/a/item.json#", "#/$defs/Item"] {
        for reference in
            ["#/$defs/Size", "#size", "item.json#size", "root.json#outer", "/note.json"]
        {
            let document = nested(reference, at);
            assert_eq!(check(&document), Ok(()), "{document}");
        }
    }
    let at = "/$defs/Item/properties/size".to_owned();
    for reference in ["#/$defs/Item", "#outer", "root.json#size"] {
        let document = nested(reference, "item.json");
        assert_eq!(refused(&document), (at.clone(), ReferenceError::Nowhere), "{reference}");
    }
    let outside = nested("note.json", "item.json");
    assert_eq!(refused(&outside), (at, ReferenceError::Outside));
    // Before 2019-09 what stands beside a reference is no address, and one may be an anchor.
    let document = json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "definitions": {"A": {"$id": "#a"}, "B": {"$id": "b.json", "$ref": "#/definitions/A"}},
        "properties": {"a": {"$ref": "#a"}},
    });
    assert_eq!(check(&document), Ok(()));
}

#[test]
fn a_way_by_names_that_never_ends_is_refused() {
    let around = json!({"$defs": {
        "A": {"$anchor": "a", "allOf": [{"$ref": "#b"}]}, "B": {"$anchor": "b", "$ref": "#a"},
    }});
    assert_eq!(refused(&around).1, ReferenceError::Endless);
    let around = json!({"$defs": {"A": {"$id": "a.json", "$ref": "a.json"}}});
    assert_eq!(refused(&around).1, ReferenceError::Endless);
}

#[test]
fn a_field_may_be_called_as_a_keyword_is() {
    for name in ["default", "const", "enum", "examples"] {
        let document = json!({"properties": {name: {"$ref": "other.json"}}});
        let at = format!("/properties/{name}");
        assert_eq!(refused(&document), (at, ReferenceError::Outside));
        let document = json!({name: {"$ref": "#"}, "items": {"$ref": format!("#/{name}")}});
        let endless = json!({"$ref": format!("#/{name}"), name: {"$ref": "#"}});
        assert_eq!(check(&document), Ok(()));
        assert_eq!(refused(&endless).1, ReferenceError::Endless);
    }
}
