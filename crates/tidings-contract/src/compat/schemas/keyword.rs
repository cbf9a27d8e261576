//! Keywords whose values are no schemas: types, lists of values, limits.

use std::collections::BTreeSet;

use hashbrown::HashSet;
use serde_json::{Number, Value};

use crate::compat::keyword::Keywords;
use crate::compat::kind::Kinds;
use crate::compat::node::{Bound, Node};
use crate::compat::number::{self, range};
use crate::compat::work::DEEPEST;

/// Returns `true` if a value is nested no deeper than this.
fn is_within(value: &Value, depth: usize) -> bool {
    match value {
        Value::Array(elements) => depth > 0 && elements.iter().all(|one| is_within(one, depth - 1)),
        Value::Object(members) => {
            depth > 0 && members.values().all(|one| is_within(one, depth - 1))
        }
        _ => true,
    }
}

/// Largest number of values that are looked through one by one.
const MANY: usize = 16;

pub(super) fn any_kind(all: &Keywords<'_>, node: &mut Node) {
    match all.get("type") {
        Some(Value::String(name)) => node.kinds = kinds([name.as_str()], node),
        Some(Value::Array(names)) => {
            node.kinds = kinds(names.iter().filter_map(Value::as_str), node);
        }
        _ => {}
    }
    let data = [all.get("enum"), all.get("const")];
    if data.into_iter().flatten().any(|value| !is_within(value, DEEPEST)) {
        node.unsupported = Some(format!("it lists a value with more than {DEEPEST} levels"));
        return;
    }
    if let Some(Value::Array(values)) = all.get("enum") {
        node.values = Some(values.clone());
    }
    if let Some(value) = all.get("const") {
        let both = node.values.as_ref().is_none_or(|values| values.contains(value));
        node.values = Some(if both { vec![value.clone()] } else { Vec::new() });
    }
    if let Some(values) = node.values.as_ref().filter(|values| values.len() > MANY) {
        let texts: HashSet<_> =
            values.iter().filter_map(Value::as_str).map(str::to_owned).collect();
        node.texts = Some(texts).filter(|texts| !texts.is_empty());
    }
    // OpenAPI's own way of saying `null`.
    if all.get("nullable") == Some(&Value::Bool(true)) && all.get("type").is_some() {
        node.kinds = node.kinds | Kinds::NULL;
    }
}

fn kinds<'a>(names: impl IntoIterator<Item = &'a str>, node: &mut Node) -> Kinds {
    let mut all = Kinds::NONE;
    for name in names {
        if let Some(kind) = Kinds::named(name) {
            all = all | kind;
        } else {
            node.unsupported = Some(format!("there is no type `{name}`"));
        }
    }
    all
}

pub(super) fn numbers(all: &Keywords<'_>, node: &mut Node) {
    let number = |keyword: &str| match all.get(keyword) {
        Some(Value::Number(number)) => Some(number.clone()),
        _ => None,
    };
    let bound = |keyword: &str, exclusive: &str, tighter: std::cmp::Ordering| {
        // A flag beside it, in draft-04.
        let flag = all.get(exclusive) == Some(&Value::Bool(true));
        let inclusive = number(keyword).map(|value| Bound { value, exclusive: flag });
        let other = number(exclusive).map(|value| Bound { value, exclusive: true });
        match (inclusive, other) {
            (Some(one), Some(other)) => {
                let one_is_looser = number::compare(&one.value, &other.value) != tighter;
                Some(if one_is_looser { other } else { one })
            }
            (one, other) => one.or(other),
        }
    };
    node.minimum = bound("minimum", "exclusiveMinimum", std::cmp::Ordering::Greater);
    node.maximum = bound("maximum", "exclusiveMaximum", std::cmp::Ordering::Less);
    node.multiple_of = number("multipleOf").filter(|step| step.as_f64() != Some(0.0));
    let range = all.get("format").and_then(Value::as_str).and_then(range);
    if let Some((least, most)) = range {
        let inclusive = |value: Number| Bound { value, exclusive: false };
        tighten(&mut node.minimum, inclusive(least), std::cmp::Ordering::Greater);
        tighten(&mut node.maximum, inclusive(most), std::cmp::Ordering::Less);
    }
}

/// Keeps the tighter of two bounds.
fn tighten(bound: &mut Option<Bound>, other: Bound, tighter: std::cmp::Ordering) {
    let keep =
        bound.as_ref().is_some_and(|bound| number::compare(&bound.value, &other.value) == tighter);
    let equal = bound.as_ref().is_some_and(|bound| {
        number::compare(&bound.value, &other.value) == std::cmp::Ordering::Equal
    });
    if !keep && !equal {
        *bound = Some(other);
    }
}

pub(super) fn strings(all: &Keywords<'_>, node: &mut Node) {
    node.min_length = count(all, "minLength").unwrap_or(0);
    node.max_length = count(all, "maxLength");
    let text = |keyword: &str| all.get(keyword).and_then(Value::as_str).map(str::to_owned);
    // A number's format is its range.
    node.format = text("format").filter(|format| range(format).is_none());
    for keyword in ["contentEncoding", "contentMediaType"] {
        if let Some(text) = text(keyword) {
            node.content.insert(keyword, text);
        }
    }
}

pub(super) fn count(all: &Keywords<'_>, keyword: &str) -> Option<u64> {
    let number = all.get(keyword)?;
    // 2.0 is a count, too.
    number.as_u64().or_else(|| match number {
        Value::Number(number) => number::integer(number).and_then(|n| u64::try_from(n).ok()),
        _ => None,
    })
}

pub(super) fn texts(list: Option<&Value>) -> BTreeSet<String> {
    let list = list.and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}
