//! Instances that a closed writer of a schema may write, by chance.

use serde_json::{Map, Value, json};

/// A sequence of choices that is the same for the same seed (xorshift).
pub(super) struct Chance(u64);

impl Chance {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(super) fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % n.max(1)
    }

    pub(super) fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub(super) fn of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }
}

/// A value that a closed writer of this schema may write; `None` where none was found.
pub(super) fn written(schema: &Value, chance: &mut Chance) -> Option<Value> {
    Writer { root: schema }.value(schema, chance, 0)
}

struct Writer<'a> {
    root: &'a Value,
}

impl Writer<'_> {
    fn value(&self, schema: &Value, chance: &mut Chance, depth: usize) -> Option<Value> {
        if depth > 12 {
            return None;
        }
        let Value::Object(keywords) = schema else {
            return (schema != &Value::Bool(false)).then(|| anything(chance));
        };
        if let Some(reference) = keywords.get("$ref").and_then(Value::as_str) {
            let target = self.root.pointer(reference.strip_prefix('#')?)?;
            return self.value(target, chance, depth + 1);
        }
        if let Some(value) = keywords.get("const") {
            return Some(value.clone());
        }
        if let Some(Value::Array(values)) = keywords.get("enum") {
            return (!values.is_empty()).then(|| chance.of(values).clone());
        }
        for keyword in ["anyOf", "oneOf"] {
            if let Some(Value::Array(branches)) = keywords.get(keyword) {
                let branch = self.value(chance.of(branches), chance, depth + 1)?;
                // A tag stands beside it.
                let mut own = keywords.clone();
                own.remove(keyword);
                if own.contains_key("properties")
                    && let (Value::Object(mut branch), Some(Value::Object(beside))) =
                        (branch.clone(), self.value(&Value::Object(own), chance, depth + 1))
                {
                    branch.extend(beside);
                    return Some(Value::Object(branch));
                }
                return Some(branch);
            }
        }
        let kind = match keywords.get("type") {
            Some(Value::String(kind)) => kind.as_str(),
            Some(Value::Array(kinds)) => chance.of(kinds).as_str()?,
            _ if keywords.contains_key("properties") => "object",
            _ => return Some(anything(chance)),
        };
        Some(match kind {
            "null" => Value::Null,
            "boolean" => Value::Bool(chance.one_in(2)),
            "integer" => integer(keywords, chance)?,
            "number" => number(keywords, chance),
            "string" => text(keywords, chance),
            "array" => self.array(keywords, chance, depth)?,
            _ => self.object(keywords, chance, depth)?,
        })
    }

    fn array(&self, of: &Map<String, Value>, chance: &mut Chance, depth: usize) -> Option<Value> {
        let count = |keyword: &str| of.get(keyword).and_then(Value::as_u64);
        let least = usize::try_from(count("minItems").unwrap_or(0)).unwrap();
        let most = usize::try_from(count("maxItems").unwrap_or(least as u64 + 3)).unwrap();
        let length = least + chance.below(most.checked_sub(least)? + 1);
        let open = Value::Bool(true);
        let prefix = of.get("prefixItems").and_then(Value::as_array);
        let items = (0..length).map(|at| {
            let schema = prefix.and_then(|prefix| prefix.get(at)).or(of.get("items"));
            self.value(schema.unwrap_or(&open), chance, depth + 1)
        });
        items.collect::<Option<Vec<_>>>().map(Value::Array)
    }

    fn object(&self, of: &Map<String, Value>, chance: &mut Chance, depth: usize) -> Option<Value> {
        let required = of.get("required").and_then(Value::as_array);
        let is_required = |name: &str| {
            required.is_some_and(|names| names.iter().any(|one| one.as_str() == Some(name)))
        };
        let mut members = Map::new();
        for (name, schema) in of.get("properties").and_then(Value::as_object).into_iter().flatten()
        {
            if is_required(name) || chance.one_in(2) {
                match self.value(schema, chance, depth + 1) {
                    Some(value) => drop(members.insert(name.clone(), value)),
                    None if is_required(name) => return None,
                    None => {}
                }
            }
        }
        if let Some(rest) = of.get("additionalProperties") {
            for name in ["k", "other", "zz"] {
                if chance.one_in(2)
                    && let Some(value) = self.value(rest, chance, depth + 1)
                {
                    members.entry(name).or_insert(value);
                }
            }
        }
        Some(Value::Object(members))
    }
}

fn anything(chance: &mut Chance) -> Value {
    chance
        .of(&[json!(null), json!(true), json!(3), json!(-1.5), json!("x"), json!([]), json!({})])
        .clone()
}

fn integer(of: &Map<String, Value>, chance: &mut Chance) -> Option<Value> {
    let (least, most): (i128, i128) = match of.get("format").and_then(Value::as_str) {
        Some("uint8") => (0, u8::MAX.into()),
        Some("uint16") => (0, u16::MAX.into()),
        Some("uint32") => (0, u32::MAX.into()),
        Some("uint64" | "uint") => (0, u64::MAX.into()),
        Some("int8") => (i8::MIN.into(), i8::MAX.into()),
        Some("int16") => (i16::MIN.into(), i16::MAX.into()),
        Some("int32") => (i32::MIN.into(), i32::MAX.into()),
        _ => (i64::MIN.into(), i64::MAX.into()),
    };
    let bound = |keyword: &str| of.get(keyword).and_then(Value::as_i64).map(i128::from);
    let least = bound("minimum").map_or(least, |bound| bound.max(least));
    let most = bound("maximum").map_or(most, |bound| bound.min(most));
    let step = bound("multipleOf").unwrap_or(1);
    let near = [least, least + 1, 0, 1, 7, most - 1, most, i128::midpoint(least, most)];
    let value = chance.of(&near).div_euclid(step) * step;
    let value = if value < least { value + step } else { value };
    (least..=most).contains(&value).then(|| {
        i64::try_from(value)
            .map_or_else(|_| json!(u64::try_from(value).unwrap()), |value| json!(value))
    })
}

fn number(of: &Map<String, Value>, chance: &mut Chance) -> Value {
    let bound = |keyword: &str| of.get(keyword).and_then(Value::as_f64);
    let least = bound("minimum").unwrap_or(-1e9);
    let most = bound("maximum").unwrap_or(1e9);
    json!(*chance.of(&[least, most, f64::midpoint(least, most), 0.5_f64.clamp(least, most)]))
}

fn text(of: &Map<String, Value>, chance: &mut Chance) -> Value {
    match of.get("format").and_then(Value::as_str) {
        Some("uuid") => return json!("0191b3a0-7c1e-7b3a-9c5d-2f4e6a8b0c1d"),
        Some("date-time") => return json!("2026-01-31T12:30:00Z"),
        _ => {}
    }
    let count = |keyword: &str| of.get(keyword).and_then(Value::as_u64);
    let least = usize::try_from(count("minLength").unwrap_or(0)).unwrap();
    let most = usize::try_from(count("maxLength").unwrap_or(least as u64 + 4)).unwrap();
    let letters = ["a", "Z", "9", " ", "é"];
    let length = least + chance.below(most.saturating_sub(least) + 1);
    Value::String((0..length).map(|_| *chance.of(&letters)).collect())
}
