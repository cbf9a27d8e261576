//! Pairs of schemas by chance: one, and the same after a few edits.

mod edit;

use serde_json::{Map, Value, json};

use super::Chance;

/// Number of definitions in a document.
const DEFINITIONS: usize = 3;

/// A document: an object in most cases, with definitions that may lead back to themselves.
pub(super) fn document(chance: &mut Chance) -> Value {
    let mut root = if chance.one_in(8) { schema(chance, 0) } else { object(chance, 0) };
    if root.is_boolean() {
        root = json!({});
    }
    let definitions: Map<String, Value> = (0..DEFINITIONS)
        .map(|i| {
            let mut one = if chance.one_in(3) { schema(chance, 1) } else { object(chance, 1) };
            // In the place of a whole value only to those further on, so that each has an end.
            if i + 1 < DEFINITIONS && chance.one_in(6) {
                one = json!({"allOf": [one, {"$ref": format!("#/$defs/D{}", i + 1)}]});
            }
            (format!("D{i}"), one)
        })
        .collect();
    root["$defs"] = definitions.into();
    root
}

/// Returns `true` if no schema leads back to itself for the same value, which means nothing.
pub(super) fn has_end(document: &Value) -> bool {
    let leads = |at: usize| {
        let mut found = Vec::new();
        in_place(&document["$defs"][format!("D{at}")], &mut found);
        found
    };
    let edges: Vec<Vec<usize>> = (0..DEFINITIONS).map(leads).collect();
    (0..DEFINITIONS).all(|from| {
        let (mut open, mut seen) = (edges[from].clone(), Vec::new());
        while let Some(at) = open.pop() {
            if !seen.contains(&at) {
                seen.push(at);
                open.extend(&edges[at]);
            }
        }
        !seen.contains(&from)
    })
}

/// The definitions that a schema refers to for the value that it looks at itself.
fn in_place(schema: &Value, found: &mut Vec<usize>) {
    let Value::Object(keywords) = schema else { return };
    for (keyword, value) in keywords {
        match keyword.as_str() {
            "$ref" => {
                let name = value.as_str().and_then(|to| to.strip_prefix("#/$defs/D"));
                found.extend(name.and_then(|at| at.parse::<usize>().ok()));
            }
            "allOf" | "anyOf" | "oneOf" => {
                value.as_array().into_iter().flatten().for_each(|one| in_place(one, found));
            }
            "dependentSchemas" => {
                let each = value.as_object().into_iter().flatten();
                each.for_each(|(_, one)| in_place(one, found));
            }
            "if" | "then" | "else" | "not" => in_place(value, found),
            _ => {}
        }
    }
}

/// A copy with a few changes.
pub(super) fn edited(document: &Value, chance: &mut Chance) -> Value {
    let mut edited = document.clone();
    let mut steps = 1 + chance.below(4);
    for _ in 0..40 {
        edit::edit(&mut edited, chance, &mut steps, 0);
        if steps == 0 {
            break;
        }
    }
    edited
}

fn schema(chance: &mut Chance, depth: usize) -> Value {
    let deepest = depth > 2;
    match chance.below(if deepest { 9 } else { 20 }) {
        0 => json!({"type": "boolean"}),
        1 => integer(chance),
        2 => number(chance),
        3 => text(chance),
        4 => json!({"enum": chance.of(&[
            json!(["a", "b"]), json!(["a"]), json!(["a", "b", "c"]), json!([1, 2, 3]),
            json!([1, "a", null]), json!([true]), json!([{"a": 1}, {"a": 2}]),
        ])}),
        5 => json!({"type": "null"}),
        6 => json!({"type": chance.of(&[
            json!(["string", "null"]), json!(["integer", "string"]), json!(["object", "null"]),
        ])}),
        7 => json!(!chance.one_in(8)),
        8 if depth > 0 => json!({"$ref": format!("#/$defs/D{}", chance.below(DEFINITIONS))}),
        9 | 10 => array(chance, depth),
        11 => json!({"anyOf": [schema(chance, depth + 1), {"type": "null"}]}),
        12 => json!({"anyOf": [schema(chance, depth + 1), schema(chance, depth + 1)]}),
        13 => variants(chance, depth),
        14 => json!({"type": "object", "additionalProperties": schema(chance, depth + 1)}),
        15 => json!({"allOf": [object(chance, depth + 1), object(chance, depth + 1)]}),
        16 => {
            let mut one = schema(chance, depth + 1);
            if let Value::Object(keywords) = &mut one {
                keywords.insert("not".to_owned(), exclusion(chance, depth));
            }
            one
        }
        17 => json!({"not": {"not": schema(chance, depth + 1)}}),
        _ => object(chance, depth),
    }
}

fn integer(chance: &mut Chance) -> Value {
    let mut integer = json!({"type": "integer"});
    if chance.one_in(2) {
        integer["format"] = json!(*chance.of(&["uint8", "int32", "uint32", "int64", "uint64"]));
    }
    if chance.one_in(3) {
        integer["minimum"] = chance.of(&[json!(0), json!(1), json!(3), json!(2.5)]).clone();
    }
    if chance.one_in(3) {
        integer["maximum"] = json!(4 + chance.below(300));
    }
    if chance.one_in(8) {
        integer["exclusiveMaximum"] = chance.of(&[json!(5), json!(7.5), json!(255)]).clone();
    }
    if chance.one_in(6) {
        integer["multipleOf"] = json!(1 + chance.below(4));
    }
    integer
}

fn number(chance: &mut Chance) -> Value {
    let mut number = json!({"type": "number"});
    if chance.one_in(3) {
        number["minimum"] = chance.of(&[json!(0), json!(-1.5), json!(2)]).clone();
    }
    if chance.one_in(4) {
        number["exclusiveMaximum"] = chance.of(&[json!(3), json!(10.5)]).clone();
    }
    if chance.one_in(8) {
        number["multipleOf"] = chance.of(&[json!(0.5), json!(0.25), json!(2)]).clone();
    }
    number
}

fn text(chance: &mut Chance) -> Value {
    let mut text = json!({"type": "string"});
    if chance.one_in(4) {
        text["minLength"] = json!(chance.below(3));
    }
    if chance.one_in(4) {
        text["maxLength"] = json!(1 + chance.below(5));
    }
    if chance.one_in(8) {
        text["pattern"] = json!(*chance.of(&["^x*$", "^x+$", "x"]));
    }
    if chance.one_in(10) {
        text["format"] = json!(*chance.of(&["uuid", "date-time", "ipv4"]));
    }
    text
}

fn array(chance: &mut Chance, depth: usize) -> Value {
    let mut array = json!({"type": "array", "items": schema(chance, depth + 1)});
    if chance.one_in(4) {
        array["prefixItems"] = json!([schema(chance, depth + 1), schema(chance, depth + 1)]);
    }
    if chance.one_in(3) {
        array["minItems"] = json!(chance.below(3));
    }
    if chance.one_in(3) {
        array["maxItems"] = json!(2 + chance.below(3));
    }
    if chance.one_in(8) {
        array["contains"] = schema(chance, depth + 1);
    }
    if chance.one_in(10) {
        array["uniqueItems"] = json!(true);
    }
    array
}

fn variants(chance: &mut Chance, depth: usize) -> Value {
    let variants: Vec<Value> = (0..=chance.below(3))
        .map(|i| {
            let mut variant = plain_object(chance, depth + 1);
            variant["properties"]["kind"] = json!({"type": "string", "const": format!("v{i}")});
            let required = variant["required"].as_array_mut().unwrap();
            required.push(json!("kind"));
            variant
        })
        .collect();
    json!({*chance.of(&["oneOf", "anyOf"]): variants})
}

fn plain_object(chance: &mut Chance, depth: usize) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for name in ["a", "b", "c", "d"] {
        if chance.one_in(2) {
            properties.insert(name.to_owned(), schema(chance, depth + 1));
            if chance.one_in(2) {
                required.push(json!(name));
            }
        }
    }
    json!({"type": "object", "properties": properties, "required": required})
}

fn object(chance: &mut Chance, depth: usize) -> Value {
    let mut object = plain_object(chance, depth);
    if chance.one_in(5) {
        object["additionalProperties"] = json!(false);
    }
    for _ in 0..chance.below(3) {
        let (keyword, value) = more(chance, depth);
        object[keyword] = value;
    }
    object
}

/// A keyword of objects that is not on every one of them.
fn more(chance: &mut Chance, depth: usize) -> (&'static str, Value) {
    let name = |chance: &mut Chance| *chance.of(&["a", "b", "c", "d", "kind"]);
    let deeper = depth + 1;
    match chance.below(14) {
        0 => ("dependentRequired", json!({name(chance): [name(chance)]})),
        1 => ("dependentSchemas", json!({name(chance): plain_object(chance, deeper)})),
        2 => ("allOf", json!([plain_object(chance, deeper)])),
        3 => ("not", exclusion(chance, depth)),
        4 => ("propertyNames", json!({*chance.of(&["minLength", "maxLength"]): 1})),
        5 => ("propertyNames", json!({"enum": ["a", "b", "c", "kind"]})),
        6 => ("minProperties", json!(chance.below(3))),
        7 => ("maxProperties", json!(2 + chance.below(3))),
        8 => {
            ("patternProperties", json!({*chance.of(&["^x-", "^k", "."]): schema(chance, deeper)}))
        }
        9 => ("anyOf", json!([plain_object(chance, deeper), plain_object(chance, deeper)])),
        10 => ("unevaluatedProperties", json!(false)),
        _ => ("if", exclusion(chance, depth)),
    }
}

/// Small schema that is excluded, or asked first.
fn exclusion(chance: &mut Chance, depth: usize) -> Value {
    let name = *chance.of(&["a", "b", "c", "kind"]);
    match chance.below(6) {
        0 => json!({"required": [name]}),
        1 => json!({"properties": {name: schema(chance, depth + 2)}}),
        2 => json!({"properties": {name: {"const": "v0"}}, "required": [name]}),
        3 => json!({"enum": ["a", 1, null]}),
        4 => json!({"type": *chance.of(&["integer", "string", "null", "array"])}),
        _ => schema(chance, depth + 1),
    }
}
