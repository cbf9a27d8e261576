//! Judgement of one instance by one schema.

mod object;

use serde_json::Value;

use super::conjunction::Reader;
use super::format;
use super::kind::Kinds;
use super::node::{Bound, Id, Node};
use super::number;
use super::schemas::is_shadow;
use super::work::DEEPEST;

/// `Some(true)` if the schema accepts the instance, `None` where that can't be told.
pub(crate) type Judgement = Option<bool>;

/// Judges instances.
pub(crate) struct Evaluator<'a> {
    reader: Reader<'a>,
    /// Judgements under way: a schema that leads back to itself for the same value asks nothing.
    stack: Vec<(Id, *const Value)>,
}

impl<'a> Evaluator<'a> {
    pub(crate) fn new(reader: Reader<'a>) -> Self {
        Self { reader, stack: Vec::new() }
    }

    pub(crate) fn accepts(&mut self, id: Id, value: &Value) -> Judgement {
        if is_shadow(id) {
            return Some(true);
        }
        let at = (id, std::ptr::from_ref(value));
        if self.stack.contains(&at) {
            return Some(true);
        }
        if self.stack.len() > DEEPEST || !self.reader.work.spend(1) {
            return None;
        }
        self.stack.push(at);
        let judgement = self.judge(id, value);
        self.stack.pop();
        judgement
    }

    fn judge(&mut self, id: Id, value: &Value) -> Judgement {
        let schemas = self.reader.schemas;
        let node = &schemas[id];
        if node.never || !node.kinds.has(Kinds::of(value, self.reader.policy.as_serde())) {
            return Some(false);
        }
        if let Some(values) = &node.values {
            let is_listed = match (value, &node.texts) {
                (Value::String(text), Some(texts)) => texts.contains(text),
                _ if !self.reader.work.spend(values.len() / 8) => return None,
                _ => values.iter().any(|one| equal(one, value)),
            };
            if !is_listed {
                return Some(false);
            }
        }
        let mut judgement = match value {
            Value::Number(_) => Some(number_fits(node, value)),
            Value::String(text) => self.text(node, text),
            Value::Array(items) => self.array(node, items),
            Value::Object(members) => self.object(node, value, members),
            Value::Null | Value::Bool(_) => Some(true),
        };
        if judgement != Some(false) {
            judgement = and(judgement, self.combined(node, value));
        }
        if node.unsupported.is_some() { and(judgement, None) } else { judgement }
    }

    fn all<'v>(&mut self, each: impl IntoIterator<Item = (Id, &'v Value)>) -> Judgement {
        let mut all = Some(true);
        for (id, value) in each {
            match self.accepts(id, value) {
                Some(false) => return Some(false),
                one => all = and(all, one),
            }
        }
        all
    }

    fn text(&self, node: &Node, text: &str) -> Judgement {
        let length = text.chars().count() as u64;
        if length < node.min_length || node.max_length.is_some_and(|most| length > most) {
            return Some(false);
        }
        let pattern = node.pattern.as_ref().map_or(Some(true), |pattern| pattern.is_in(text));
        let format = match &node.format {
            Some(format) if self.reader.policy.format_binds(format) => {
                format::is_met(format, text, self.reader.policy.as_serde())
            }
            _ => Some(true),
        };
        and(pattern, format)
    }

    fn array(&mut self, node: &Node, items: &[Value]) -> Judgement {
        let length = items.len() as u64;
        if length < node.min_items || node.max_items.is_some_and(|most| length > most) {
            return Some(false);
        }
        if node.unique && !self.reader.work.spend(items.len().saturating_mul(items.len()) / 8) {
            return None;
        }
        let repeats = |i: usize| items[..i].iter().any(|other| equal(other, &items[i]));
        if node.unique && (0..items.len()).any(repeats) {
            return Some(false);
        }
        let prefix = node.prefix.iter().copied().zip(items);
        let mut judgement = self.all(prefix);
        if let Some(rest) = node.items {
            judgement = and(
                judgement,
                self.all(items.iter().skip(node.prefix.len()).map(|item| (rest, item))),
            );
        }
        if let Some(contains) = &node.contains {
            let found: Vec<_> = items.iter().map(|i| self.accepts(contains.schema, i)).collect();
            let sure = found.iter().filter(|one| **one == Some(true)).count() as u64;
            let possible = found.iter().filter(|one| **one != Some(false)).count() as u64;
            let enough = at_least(sure, possible, contains.least);
            let few = contains.most.map_or(Some(true), |most| {
                at_least(sure, possible, most.saturating_add(1)).map(|more| !more)
            });
            judgement = and(judgement, and(enough, few));
        }
        if node.unevaluated_items.is_some() {
            // Only what stands beside it is looked at.
            judgement = and(judgement, None);
        }
        judgement
    }

    fn combined(&mut self, node: &Node, value: &Value) -> Judgement {
        let all = node.reference.iter().chain(&node.all_of);
        let mut judgement = self.all(all.map(|id| (*id, value)));
        if judgement == Some(false) {
            return judgement;
        }
        if !node.any_of.is_empty() {
            let each: Vec<_> = node.any_of.iter().map(|id| self.accepts(*id, value)).collect();
            judgement = and(
                judgement,
                if each.contains(&Some(true)) {
                    Some(true)
                } else if each.contains(&None) {
                    None
                } else {
                    Some(false)
                },
            );
        }
        if !node.one_of.is_empty() {
            let each: Vec<_> = node.one_of.iter().map(|id| self.accepts(*id, value)).collect();
            let sure = each.iter().filter(|one| **one == Some(true)).count();
            let open = each.iter().filter(|one| one.is_none()).count();
            judgement = and(
                judgement,
                match (sure, open) {
                    (1, 0) => Some(true),
                    (0, 0) | (2.., _) => Some(false),
                    _ => None,
                },
            );
        }
        if let Some(not) = node.not {
            judgement = and(judgement, self.accepts(not, value).map(|accepts| !accepts));
        }
        if let Some(condition) = &node.condition {
            let follows = match self.accepts(condition.test, value) {
                Some(true) => condition.then.map_or(Some(true), |then| self.accepts(then, value)),
                Some(false) => {
                    condition.otherwise.map_or(Some(true), |other| self.accepts(other, value))
                }
                None => None,
            };
            judgement = and(judgement, follows);
        }
        judgement
    }
}

pub(crate) fn and(one: Judgement, other: Judgement) -> Judgement {
    match (one, other) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    }
}

fn at_least(sure: u64, possible: u64, least: u64) -> Judgement {
    if sure >= least {
        Some(true)
    } else if possible < least {
        Some(false)
    } else {
        None
    }
}

fn number_fits(node: &Node, value: &Value) -> bool {
    let Value::Number(number) = value else { return true };
    let low = |bound: &Bound| match number::compare(number, &bound.value) {
        std::cmp::Ordering::Less => true,
        std::cmp::Ordering::Equal => bound.exclusive,
        std::cmp::Ordering::Greater => false,
    };
    let high = |bound: &Bound| match number::compare(number, &bound.value) {
        std::cmp::Ordering::Greater => true,
        std::cmp::Ordering::Equal => bound.exclusive,
        std::cmp::Ordering::Less => false,
    };
    !node.minimum.as_ref().is_some_and(low)
        && !node.maximum.as_ref().is_some_and(high)
        && node.multiple_of.as_ref().is_none_or(|of| number::is_multiple(number, of))
}

/// Returns `true` if two values are the same to JSON Schema: 1 and 1.0 are.
pub(crate) fn equal(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => number::compare(one, other).is_eq(),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(a, b)| equal(a, b))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one.iter().all(|(k, v)| other.get(k).is_some_and(|w| equal(v, w)))
        }
        _ => one == other,
    }
}
