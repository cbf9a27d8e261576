//! Instances that a writer of a schema may write, by chance.

mod scalar;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap};

use jsonschema::Validator;
use regex::Regex;
use serde_json::{Map, Value, json};

use super::chance::Chance;

type Keywords = Map<String, Value>;

/// Maximum number of schemas that are looked at for one value. What leads back to itself in many places has
/// values without end.
const STEPS: usize = 20_000;

/// Writes values of a schema.
pub(super) struct Writer<'a> {
    root: &'a Value,
    is_open: bool,
    /// Judges of the alternatives that were met, by the place of each in memory.
    judges: RefCell<HashMap<*const Value, Option<Validator>>>,
    /// Schemas that may yet be looked at for the value that is written.
    steps: Cell<usize>,
}

/// Names that the choice among schemas asks for.
#[derive(Default)]
struct Parts<'a> {
    all: Vec<&'a Keywords>,
    wanted: BTreeSet<&'a str>,
    unwanted: BTreeSet<&'a str>,
    /// The alternatives that were chosen.
    chosen: Vec<&'a Value>,
}

impl<'a> Writer<'a> {
    /// A writer that is closed, as a type is: it writes what its schema names.
    pub(super) fn closed(root: &'a Value) -> Self {
        Self::new(root, false)
    }

    /// A writer that writes other names, too.
    pub(super) fn open(root: &'a Value) -> Self {
        Self::new(root, true)
    }

    fn new(root: &'a Value, is_open: bool) -> Self {
        Self { root, is_open, judges: RefCell::default(), steps: Cell::new(STEPS) }
    }

    /// A value by chance; `None` where none was found. It may break what is not made on purpose, such as an
    /// exclusion: a validator is to look at it.
    pub(super) fn instance(&self, chance: &mut Chance) -> Option<Value> {
        self.steps.set(STEPS);
        self.value(&[self.root], chance, 0)
    }

    /// Returns `true` if the last value was given up because it took too long.
    pub(super) fn has_given_up(&self) -> bool {
        self.steps.get() == 0
    }

    fn step(&self) -> Option<()> {
        self.steps.set(self.steps.get().checked_sub(1)?);
        Some(())
    }

    fn value(&self, schemas: &[&'a Value], chance: &mut Chance, depth: usize) -> Option<Value> {
        if depth > 14 {
            return None;
        }
        self.step()?;
        let mut parts = Parts::default();
        for schema in schemas {
            self.collect(schema, chance, &mut parts, 0)?;
        }
        if let Some(value) = listed(&parts.all, chance) {
            return value;
        }
        Some(match kind(&parts.all, chance, depth)? {
            "null" => Value::Null,
            "boolean" => Value::Bool(chance.one_in(2)),
            "integer" => scalar::integer(&parts.all, chance)?,
            "number" => scalar::number(&parts.all, chance),
            "string" => scalar::text(&parts.all, chance)?,
            "array" => self.array(&parts.all, chance, depth)?,
            _ => self.object(&parts, chance, depth)?,
        })
        // What it names an alternative has named that holds.
        .filter(|value| self.is_open || parts.chosen.iter().all(|one| self.is_met(one, value)))
    }

    fn is_met(&self, alternative: &'a Value, value: &Value) -> bool {
        let mut judges = self.judges.borrow_mut();
        let judge = judges.entry(std::ptr::from_ref(alternative)).or_insert_with(|| {
            let definitions = self.root.get("$defs").cloned().unwrap_or_else(|| json!({}));
            let schema = json!({"allOf": [alternative], "$defs": definitions});
            // The root is another one there.
            let is_alone = !schema.to_string().contains(r##""$ref":"#""##);
            if is_alone { jsonschema::validator_for(&schema).ok() } else { None }
        });
        judge.as_ref().is_none_or(|judge| judge.is_valid(value))
    }

    /// Collects the schemas that hold for one value, with a choice where there is one.
    fn collect(
        &self,
        schema: &'a Value,
        chance: &mut Chance,
        parts: &mut Parts<'a>,
        depth: usize,
    ) -> Option<()> {
        if depth > 12 {
            return None;
        }
        self.step()?;
        let Value::Object(keywords) = schema else {
            return (schema != &Value::Bool(false)).then_some(());
        };
        parts.all.push(keywords);
        if let Some(reference) = keywords.get("$ref").and_then(Value::as_str) {
            let target = self.root.pointer(reference.strip_prefix('#')?)?;
            self.collect(target, chance, parts, depth + 1)?;
        }
        for schema in list(keywords, "allOf") {
            self.collect(schema, chance, parts, depth + 1)?;
        }
        for keyword in ["anyOf", "oneOf"] {
            let branches = list(keywords, keyword);
            if !branches.is_empty() {
                let branch = chance.of(branches);
                parts.chosen.push(branch);
                self.collect(branch, chance, parts, depth + 1)?;
            }
        }
        if let Some(test) = keywords.get("if") {
            let holds = chance.one_in(2);
            let follows = keywords.get(if holds { "then" } else { "else" });
            for schema in holds.then_some(test).into_iter().chain(follows) {
                self.collect(schema, chance, parts, depth + 1)?;
            }
        }
        for (by, schema) in members(keywords, "dependentSchemas") {
            if chance.one_in(2) {
                parts.wanted.insert(by);
                self.collect(schema, chance, parts, depth + 1)?;
            } else {
                parts.unwanted.insert(by);
            }
        }
        Some(())
    }

    fn array(&self, of: &[&'a Keywords], chance: &mut Chance, depth: usize) -> Option<Value> {
        let least = counts(of, "minItems").max().unwrap_or(0);
        let contains = |one: &&Keywords| one.contains_key("contains");
        let least = least.max(of.iter().copied().filter(contains).count());
        let few = if depth > 8 { least } else { least + 3 };
        let most = counts(of, "maxItems").min().unwrap_or(few).min(least + 5);
        let length = least + chance.below(most.checked_sub(least)? + 1);
        let mut items = Vec::new();
        for at in 0..length {
            let mut schemas: Vec<&Value> = of
                .iter()
                .filter_map(|one| list(one, "prefixItems").get(at).or(one.get("items")))
                .collect();
            if chance.one_in(2) {
                schemas.extend(of.iter().filter_map(|one| one.get("contains")));
            }
            items.push(self.value(&schemas, chance, depth + 1)?);
        }
        Some(Value::Array(items))
    }

    fn object(&self, parts: &Parts<'a>, chance: &mut Chance, depth: usize) -> Option<Value> {
        let of = &parts.all;
        let mut required: BTreeSet<&str> = parts.wanted.clone();
        let listed = of.iter().flat_map(|one| list(one, "required"));
        required.extend(listed.filter_map(Value::as_str));
        let mut names: BTreeSet<&str> = required.clone();
        names.extend(of.iter().flat_map(|one| members(one, "properties")).map(|(name, _)| name));
        let is_map = of.iter().any(|one| {
            let names_any = one.contains_key("propertyNames")
                && !one.contains_key("properties")
                && !one.contains_key("patternProperties");
            names_any || one.get("additionalProperties").is_some_and(|rest| rest != &json!(false))
        });
        let says = |keywords: &[&str]| {
            of.iter().any(|one| keywords.iter().any(|keyword| one.contains_key(*keyword)))
        };
        // What counts names and has none is a map as well. What might have been looked at counts as named.
        let counts = says(&["maxProperties"]) || counts(of, "minProperties").any(|least| least > 0);
        let naming =
            ["properties", "patternProperties", "if", "dependentRequired", "dependentSchemas"];
        let is_map = is_map || counts && names.is_empty() && !says(&naming);
        if is_map || self.is_open {
            names.extend(["a", "c", "k", "other", "x-1", "zz"]);
        }
        if of.iter().any(|one| one.contains_key("patternProperties")) {
            names.extend(["7", "k", "x-1", "x-2", "zz"]);
        }
        let mut chosen: BTreeSet<&str> = names
            .into_iter()
            .filter(|name| {
                required.contains(name)
                    || !parts.unwanted.contains(name)
                        && (depth < 6 || chance.one_in(3))
                        && chance.one_in(2)
            })
            .collect();
        for (by, names) in of.iter().flat_map(|one| members(one, "dependentRequired")) {
            if chosen.contains(by) {
                let names = names.as_array().into_iter().flatten().filter_map(Value::as_str);
                let names: Vec<&str> = names.collect();
                chosen.extend(&names);
                required.extend(names);
            }
        }
        let mut object = BTreeMap::new();
        for name in chosen {
            let mut known = is_map || self.is_open || required.contains(name);
            let mut schemas = Vec::new();
            for one in of {
                let before = schemas.len();
                schemas.extend(one.get("properties").and_then(|all| all.get(name)));
                let by_pattern = members(one, "patternProperties")
                    .filter(|(pattern, _)| Regex::new(pattern).unwrap().is_match(name));
                schemas.extend(by_pattern.map(|(_, schema)| schema));
                known |= schemas.len() > before;
                if schemas.len() == before {
                    schemas.extend(one.get("additionalProperties"));
                }
            }
            if !known {
                continue;
            }
            match self.value(&schemas, chance, depth + 1) {
                Some(value) => drop(object.insert(name.to_owned(), value)),
                None if required.contains(name) => return None,
                None => {}
            }
        }
        Some(object.into_iter().collect())
    }
}

fn list<'a>(of: &'a Keywords, keyword: &str) -> &'a [Value] {
    of.get(keyword).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn members<'a>(of: &'a Keywords, keyword: &str) -> impl Iterator<Item = (&'a str, &'a Value)> {
    let members = of.get(keyword).and_then(Value::as_object);
    members.into_iter().flatten().map(|(name, one)| (name.as_str(), one))
}

fn counts(of: &[&Keywords], keyword: &str) -> impl Iterator<Item = usize> {
    let counts = of.iter().filter_map(move |one| one.get(keyword)?.as_u64());
    counts.map(|count| usize::try_from(count).unwrap())
}

/// A listed value by chance, if any are listed.
#[expect(clippy::option_option, reason = "values may be listed, and none be left")]
fn listed(of: &[&Keywords], chance: &mut Chance) -> Option<Option<Value>> {
    let constant = of.iter().find_map(|one| one.get("const"));
    if let Some(value) = constant {
        return Some(Some(value.clone()));
    }
    let mut lists = of.iter().filter_map(|one| one.get("enum")?.as_array());
    let first = lists.next()?;
    let rest: Vec<_> = lists.collect();
    let both: Vec<_> =
        first.iter().filter(|one| rest.iter().all(|list| list.contains(one))).collect();
    Some((!both.is_empty()).then(|| (*chance.of(&both)).clone()))
}

/// A kind that all allow, and rather one of which something is said.
fn kind(of: &[&Keywords], chance: &mut Chance, depth: usize) -> Option<&'static str> {
    let mut kinds = vec!["null", "boolean", "integer", "number", "string", "array", "object"];
    let mut is_said = false;
    for one in of {
        let names: Vec<&str> = match one.get("type") {
            Some(Value::String(name)) => vec![name],
            Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
            _ => continue,
        };
        is_said = true;
        kinds
            .retain(|kind| names.contains(kind) || *kind == "integer" && names.contains(&"number"));
    }
    if !is_said && !chance.one_in(4) {
        let says = |keywords: &[&str]| {
            of.iter().any(|one| keywords.iter().any(|keyword| one.contains_key(*keyword)))
        };
        if says(&["properties", "required", "additionalProperties", "dependentRequired"]) {
            return Some("object");
        }
        if says(&["items", "prefixItems", "contains", "minItems"]) {
            return Some("array");
        }
        if says(&["minLength", "maxLength", "pattern"]) {
            return Some("string");
        }
        if says(&["minimum", "maximum", "multipleOf"]) {
            return Some(*chance.of(&["integer", "number"]));
        }
    }
    if depth > 8 {
        let flat: Vec<_> =
            kinds.iter().copied().filter(|kind| !["array", "object"].contains(kind)).collect();
        kinds = if flat.is_empty() { kinds } else { flat };
    }
    (!kinds.is_empty()).then(|| *chance.of(&kinds))
}
