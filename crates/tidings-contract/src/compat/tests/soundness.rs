//! Soundness: where a pair is called compatible, all that the writer may write is valid for the
//! reader, as another validator sees it; where it is called incompatible, the example is not.

use serde_json::{Map, Value, json};

use super::instance::{Chance, written};
use crate::compat::{Policy, Verdict, compare};

/// A schema as types make them, by chance.
fn schema(chance: &mut Chance, depth: usize) -> Value {
    let deepest = depth > 3;
    match chance.below(if deepest { 6 } else { 11 }) {
        0 => json!({"type": "boolean"}),
        1 => integer(chance),
        2 => json!({"type": "number"}),
        3 => text(chance),
        4 => {
            json!({"type": "string", "enum": chance.of(&[vec!["a", "b"], vec!["a"], vec!["a", "b", "c"]])})
        }
        5 => json!({"type": "null"}),
        6 => {
            let mut array = json!({"type": "array", "items": schema(chance, depth + 1)});
            if chance.one_in(3) {
                array["minItems"] = json!(chance.below(3));
            }
            if chance.one_in(3) {
                array["maxItems"] = json!(2 + chance.below(3));
            }
            array
        }
        7 => json!({"anyOf": [schema(chance, depth + 1), {"type": "null"}]}),
        8 => {
            let variants: Vec<Value> = (0..=chance.below(3))
                .map(|i| {
                    let mut variant = object(chance, depth + 1);
                    variant["properties"]["kind"] =
                        json!({"type": "string", "const": format!("v{i}")});
                    let required = variant["required"].as_array_mut().unwrap();
                    required.push(json!("kind"));
                    variant
                })
                .collect();
            json!({"oneOf": variants})
        }
        9 => json!({"type": "object", "additionalProperties": schema(chance, depth + 1)}),
        _ => object(chance, depth),
    }
}

fn integer(chance: &mut Chance) -> Value {
    let mut integer = json!({"type": "integer"});
    if chance.one_in(2) {
        integer["format"] = json!(*chance.of(&["uint8", "int32", "uint32", "int64", "uint64"]));
    }
    if chance.one_in(3) {
        integer["minimum"] = json!(chance.below(4));
    }
    if chance.one_in(3) {
        integer["maximum"] = json!(4 + chance.below(300));
    }
    if chance.one_in(6) {
        integer["multipleOf"] = json!(1 + chance.below(4));
    }
    integer
}

fn text(chance: &mut Chance) -> Value {
    let mut text = json!({"type": "string"});
    if chance.one_in(4) {
        text["minLength"] = json!(chance.below(3));
    }
    if chance.one_in(4) {
        text["maxLength"] = json!(2 + chance.below(5));
    }
    text
}

fn object(chance: &mut Chance, depth: usize) -> Value {
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
    let mut object = json!({"type": "object", "properties": properties, "required": required});
    if chance.one_in(5) {
        object["additionalProperties"] = json!(false);
    }
    object
}

/// A copy with a few changes.
fn edited(schema: &Value, chance: &mut Chance) -> Value {
    let mut edited = schema.clone();
    let mut steps = 1 + chance.below(3);
    edit(&mut edited, chance, &mut steps, 0);
    edited
}

fn edit(at: &mut Value, chance: &mut Chance, steps: &mut usize, depth: usize) {
    if *steps == 0 {
        return;
    }
    if chance.one_in(4) {
        *steps -= 1;
        match at {
            Value::Object(keywords) if chance.one_in(2) => {
                let limits = [
                    "minimum",
                    "maximum",
                    "minLength",
                    "maxLength",
                    "minItems",
                    "maxItems",
                    "format",
                    "required",
                    "additionalProperties",
                    "multipleOf",
                ];
                let there: Vec<&str> =
                    limits.into_iter().filter(|k| keywords.contains_key(*k)).collect();
                if there.is_empty() {
                    keywords.insert("minLength".to_owned(), json!(1));
                } else {
                    keywords.remove(*chance.of(&there));
                }
            }
            Value::Object(_) if chance.one_in(3) => {
                *at = json!({"anyOf": [at.clone(), {"type": "null"}]});
            }
            _ => *at = schema(chance, depth),
        }
        return;
    }
    let Value::Object(keywords) = at else { return };
    for keyword in ["properties", "items", "additionalProperties", "anyOf", "oneOf"] {
        match keywords.get_mut(keyword) {
            Some(Value::Object(members)) if keyword == "properties" => {
                if chance.one_in(6) {
                    members.insert("e".to_owned(), schema(chance, depth + 1));
                    *steps = steps.saturating_sub(1);
                }
                for (_, member) in members {
                    edit(member, chance, steps, depth + 1);
                }
            }
            Some(Value::Array(branches)) => {
                for branch in branches {
                    edit(branch, chance, steps, depth + 1);
                }
            }
            Some(one @ Value::Object(_)) => edit(one, chance, steps, depth + 1),
            _ => {}
        }
    }
}

/// How many pairs had which verdict.
#[derive(Debug, Default)]
struct Tally {
    compatible: usize,
    incompatible: usize,
    unknown: usize,
}

fn run(seed: u64, pairs: usize) -> Tally {
    let mut chance = Chance::new(seed);
    let mut tally = Tally::default();
    for pair in 0..pairs {
        let writer = object(&mut chance, 0);
        let reader =
            if chance.one_in(8) { object(&mut chance, 0) } else { edited(&writer, &mut chance) };
        let (Ok(old), Ok(new)) =
            (jsonschema::validator_for(&writer), jsonschema::validator_for(&reader))
        else {
            continue;
        };
        let found = compare(&writer, &reader, Policy::Typed);
        let renamed = found.findings.iter().any(|one| one.renamed_from.is_some());
        match found.verdict {
            Verdict::Compatible => {
                tally.compatible += 1;
                for _ in 0..20 {
                    let Some(value) = written(&writer, &mut chance) else { continue };
                    assert!(
                        !old.is_valid(&value) || new.is_valid(&value),
                        "seed {seed}, pair {pair}: {value} is refused\n{writer}\n{reader}"
                    );
                }
            }
            Verdict::Incompatible if renamed && found.example.is_none() => tally.incompatible += 1,
            Verdict::Incompatible => {
                tally.incompatible += 1;
                let example = found.example.unwrap();
                assert!(
                    old.is_valid(&example),
                    "seed {seed}, pair {pair}: {example}\n{writer}\n{reader}"
                );
                // A width is a format, which this validator passes over.
                let is_width = reader.to_string().contains("int");
                assert!(
                    is_width || !new.is_valid(&example),
                    "seed {seed}, pair {pair}: {example}\n{writer}\n{reader}"
                );
            }
            Verdict::Unknown => tally.unknown += 1,
        }
    }
    tally
}

/// `SOUNDNESS_PAIRS` and `SOUNDNESS_SEED` make a long run of it.
#[test]
fn what_is_compatible_is_read_and_what_is_not_is_refused() {
    let number = |name| std::env::var(name).ok().map(|number| number.parse().unwrap());
    let pairs = number("SOUNDNESS_PAIRS").unwrap_or(2_000);
    let seed = number("SOUNDNESS_SEED").unwrap_or(1);
    let tally = run(seed, usize::try_from(pairs).unwrap());
    eprintln!("{tally:?}");
    // It says something, and seldom that it can't.
    let some = usize::try_from(pairs).unwrap() / 10;
    assert!(tally.compatible > some && tally.incompatible > some, "{tally:?}");
    assert!(tally.unknown < some / 2, "{tally:?}");
}
