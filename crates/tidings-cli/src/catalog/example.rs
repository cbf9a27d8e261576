//! An instance to look at: one that the type gives as an example, else one that is made of the schema.

use serde_json::{Map, Number, Value};
use tidings_contract::Contract;

use super::schema::{Node, resolve, values};
use crate::validator;

/// Deepest level of a made instance that gives what need not be there.
const DEEPEST: usize = 4;
/// Deepest level of a made instance at all.
const END: usize = 12;
/// Longest text or list that is made to be long enough.
const LONGEST: u64 = 64;
/// Largest number of values that an instance is made of.
const MOST: usize = 1_000;

/// An instance of a contract.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Example {
    pub(super) value: Value,
    pub(super) origin: Origin,
    /// `true` if a reader takes it; `false` also where its schema can't be tried.
    pub(super) is_valid: bool,
}

/// Origin of an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// The type's `examples`.
    Declared,
    /// The type's schema.
    Made,
}

pub(super) fn example(contract: &Contract) -> Example {
    let declared = |schema: &Value| schema.get("examples")?.as_array()?.first().cloned();
    let (value, origin) = match declared(contract.read()) {
        Some(value) => (value, Origin::Declared),
        None => (Maker::new(contract.written()).value(contract.written(), 0), Origin::Made),
    };
    let validator = validator::build(contract.read());
    let is_valid = validator.is_ok_and(|validator| validator.is_valid(&value));
    Example { value, origin, is_valid }
}

/// Maker of an instance, in no more values than [`MOST`].
struct Maker<'a> {
    root: &'a Value,
    left: usize,
}

impl<'a> Maker<'a> {
    fn new(root: &'a Value) -> Self {
        Self { root, left: MOST }
    }

    fn value(&mut self, schema: &'a Value, depth: usize) -> Value {
        if self.left == 0 {
            return Value::Null;
        }
        self.left -= 1;
        if depth > END || schema == &Value::Bool(true) {
            return Value::Null;
        }
        let node = resolve(self.root, schema);
        let given = node.list("examples").first().or_else(|| node.get("default"));
        if let Some(given) = given.filter(|given| !given.is_null()) {
            return given.clone();
        }
        if let Some((only, _)) = values(&node).and_then(|values| values.into_iter().next()) {
            return only.clone();
        }
        if node.is_nullable() && depth >= DEEPEST {
            return Value::Null;
        }
        let variants = node.variants();
        if variants.len() > 1
            && let Some(first) = variants.first()
        {
            let (mut value, rest) = (self.value(first, depth + 1), self.members(&node, depth));
            if let Value::Object(present) = &mut value {
                present.extend(rest);
            }
            return value;
        }
        let kind = node.types().into_iter().find(|kind| *kind != "null");
        match kind.or_else(|| node.members().next().map(|_| "object")) {
            Some("string") => Value::String(text(&node)),
            Some("integer") => integer(&node),
            Some("number") => number(&node),
            Some("boolean") => Value::Bool(true),
            Some("array") => Value::Array(self.items(&node, depth)),
            Some("object") => {
                let mut object = self.members(&node, depth);
                let values = node.get("additionalProperties").filter(|schema| schema.is_object());
                if let Some(values) = values.filter(|_| object.is_empty() && depth < DEEPEST) {
                    object.insert("key".to_owned(), self.value(values, depth + 1));
                }
                Value::Object(object)
            }
            _ => Value::Null,
        }
    }

    fn members(&mut self, node: &Node<'a>, depth: usize) -> Map<String, Value> {
        let given = node.members().filter(|(name, _)| depth < DEEPEST || node.requires(name));
        given.map(|(name, schema)| (name.clone(), self.value(schema, depth + 1))).collect()
    }

    fn items(&mut self, node: &Node<'a>, depth: usize) -> Vec<Value> {
        let parts = node.list("prefixItems");
        let mut items: Vec<Value> = parts.iter().map(|part| self.value(part, depth + 1)).collect();
        let least = limit(node, "minItems").unwrap_or(0);
        let wanted = least.max(u64::from(parts.is_empty() && depth < DEEPEST)).min(LONGEST);
        if let Some(schema) = node.get("items").filter(|schema| schema.is_object()) {
            while (items.len() as u64) < wanted && self.left > 0 {
                items.push(self.value(schema, depth + 1));
            }
        }
        items
    }
}

fn limit(node: &Node<'_>, keyword: &str) -> Option<u64> {
    node.get(keyword)?.as_u64()
}

fn text(node: &Node<'_>) -> String {
    let of_format = match node.text("format") {
        Some("uuid") => "0191b3a0-7c1e-7b3a-9c5d-2f4e6a8b0c1d",
        Some("date-time") => "2026-01-31T12:00:00Z",
        Some("date") => "2026-01-31",
        Some("time") => "12:00:00Z",
        Some("duration") => "PT5M",
        Some("email") => "ada@example.com",
        Some("hostname") => "example.com",
        Some("ipv4") => "192.0.2.1",
        Some("ipv6") => "2001:db8::1",
        Some("uri" | "iri") => "https://example.com/",
        _ => "text",
    };
    let mut text = of_format.to_owned();
    if of_format == "text" {
        let length = |text: &str| text.chars().count() as u64;
        while length(&text) < limit(node, "minLength").unwrap_or(0).min(LONGEST) {
            text.push('x');
        }
        if let Some(most) = limit(node, "maxLength") {
            text = text.chars().take(usize::try_from(most).unwrap_or(usize::MAX)).collect();
        }
    }
    text
}

fn integer(node: &Node<'_>) -> Value {
    let whole = |keyword: &str| node.get(keyword).and_then(Value::as_i64);
    let least = whole("minimum").or_else(|| whole("exclusiveMinimum")?.checked_add(1));
    let most = whole("maximum").or_else(|| whole("exclusiveMaximum")?.checked_sub(1));
    let step = whole("multipleOf").filter(|step| *step > 0).unwrap_or(1);
    let wanted = 42.max(least.unwrap_or(i64::MIN)).min(most.unwrap_or(i64::MAX));
    let down = wanted.saturating_sub(wanted.rem_euclid(step));
    let fits = least.is_none_or(|least| down >= least);
    Value::from(if fits { down } else { down.saturating_add(step) })
}

fn number(node: &Node<'_>) -> Value {
    let limit = |keyword: &str| node.get(keyword).and_then(Value::as_f64);
    let least = limit("minimum").or_else(|| limit("exclusiveMinimum").map(|least| least + 0.5));
    let most = limit("maximum").or_else(|| limit("exclusiveMaximum").map(|most| most - 0.5));
    let wanted = 1.5_f64.max(least.unwrap_or(f64::MIN)).min(most.unwrap_or(f64::MAX));
    Number::from_f64(limit("multipleOf").unwrap_or(wanted)).map_or(Value::Null, Value::Number)
}
