//! Edits of a schema, by chance.

use serde_json::{Value, json};

use super::{Chance, more, plain_object, schema};

/// Keywords of which the value is a schema, a list of them, or schemas by name.
const ONE: [&str; 9] = [
    "additionalProperties",
    "contains",
    "else",
    "if",
    "items",
    "not",
    "propertyNames",
    "then",
    "unevaluatedProperties",
];
const LISTS: [&str; 4] = ["allOf", "anyOf", "oneOf", "prefixItems"];
const NAMED: [&str; 4] = ["$defs", "dependentSchemas", "patternProperties", "properties"];

/// Changes a schema here or within, while steps are left.
pub(super) fn edit(at: &mut Value, chance: &mut Chance, steps: &mut usize, depth: usize) {
    if *steps == 0 {
        return;
    }
    if chance.one_in(8) {
        *steps -= 1;
        change(at, chance, depth);
        return;
    }
    let Value::Object(keywords) = at else { return };
    let refers = keywords.contains_key("$defs")
        && serde_json::to_string(&keywords).unwrap().contains("\"$ref\"");
    for (keyword, value) in keywords {
        match value {
            // What is nowhere referred to says nothing.
            _ if keyword == "$defs" && (!refers || chance.one_in(2)) => {}
            Value::Object(members) if NAMED.contains(&keyword.as_str()) => {
                if keyword == "properties" && chance.one_in(8) {
                    *steps = steps.saturating_sub(1);
                    members.insert("e".to_owned(), schema(chance, depth + 1));
                }
                members.values_mut().for_each(|one| edit(one, chance, steps, depth + 1));
            }
            Value::Array(all) if LISTS.contains(&keyword.as_str()) => {
                if chance.one_in(10) {
                    *steps = steps.saturating_sub(1);
                    all.push(schema(chance, depth + 1));
                }
                for one in all {
                    edit(one, chance, steps, depth + 1);
                }
            }
            one if ONE.contains(&keyword.as_str()) => edit(one, chance, steps, depth + 1),
            _ => {}
        }
    }
}

/// Changes one schema.
fn change(at: &mut Value, chance: &mut Chance, depth: usize) {
    let deeper = depth + 1;
    match at {
        Value::Object(keywords) if chance.one_in(2) => {
            let there: Vec<String> = keywords.keys().filter(|k| *k != "$defs").cloned().collect();
            if there.is_empty() {
                return;
            }
            let keyword = chance.of(&there);
            if keyword == "type" || !nudge(&mut keywords[keyword.as_str()], chance) {
                keywords.remove(keyword);
            }
        }
        Value::Object(keywords) if chance.one_in(3) => {
            let (keyword, value) = match chance.below(8) {
                0 => ("minLength", json!(1)),
                1 => ("maximum", json!(200)),
                2 => ("then", plain_object(chance, deeper)),
                3 => ("else", plain_object(chance, deeper)),
                4 => ("format", json!("uint32")),
                _ => more(chance, depth),
            };
            keywords.insert(keyword.to_owned(), value);
        }
        // The root holds the definitions.
        Value::Object(keywords) if keywords.contains_key("$defs") => {}
        _ if chance.one_in(3) => *at = schema(chance, depth),
        one => {
            let inner = one.take();
            *one = match chance.below(5) {
                0 => json!({"allOf": [inner, schema(chance, deeper)]}),
                1 => json!({"not": {"not": inner}}),
                2 => json!({"oneOf": [inner, {"type": "null"}]}),
                3 => json!({"anyOf": [schema(chance, deeper), inner]}),
                _ => json!({"anyOf": [inner, {"type": "null"}]}),
            };
        }
    }
}

/// Changes a keyword's value by a little; `false` if it is best taken away.
fn nudge(value: &mut Value, chance: &mut Chance) -> bool {
    if chance.one_in(3) {
        return false;
    }
    match value {
        Value::Number(number) => {
            let by = *chance.of(&[-1.0, 1.0, 0.5]);
            let near = number.as_f64().unwrap_or(1.0) + by;
            *value = if near.fract() == 0.0 && near >= 0.0 {
                json!(near.abs().to_string().parse::<u64>().unwrap())
            } else {
                json!(near)
            };
        }
        // Names and listed values.
        Value::Array(all) if all.iter().all(|one| !one.is_object() && !one.is_boolean()) => {
            if all.len() > 1 && chance.one_in(2) {
                all.remove(chance.below(all.len()));
            } else {
                let more = json!(*chance.of(&["a", "b", "c", "kind"]));
                if !all.contains(&more) {
                    all.push(more);
                }
            }
        }
        Value::String(text) if text.starts_with('v') => "v9".clone_into(text),
        _ => return false,
    }
    true
}
