//! Search for a value that a writer may write and a reader refuses.
//!
//! Candidates stand at the edges of what both schemas say; each is judged whole by both, so that a
//! bad guess costs time and nothing else.

mod array;
mod object;
mod scalar;

use std::collections::BTreeSet;

use serde_json::{Map, Number, Value};

use super::conjunction::{Conjunction, Member, Reader};
use super::evaluate::Evaluator;
use super::kind::Kinds;
use super::node::Id;
use super::prove::DEPTH;

/// Largest number of candidates for a value.
const MOST: usize = 40;
const DEEPEST: usize = 7;
/// Largest number of values that a candidate may be made of.
const LARGEST: usize = 10_000;

/// Searches a value that `left` allows and `right` refuses.
///
/// With a `focus`, the pointer to a value that is in the way of the proof, only that one and those around
/// it are varied: a quick look, whatever else the schemas hold.
pub(super) fn find(reader: Reader<'_>, left: Id, right: Id, focus: Option<&str>) -> Option<Value> {
    let focus = focus.map(|pointer| pointer.split('/').skip(1).collect());
    let mut search = Search { reader, calls: 0, focus };
    let candidates = search.candidates(&[left], &[right], 0);
    let mut evaluator = Evaluator::new(reader);
    candidates.into_iter().find(|value| {
        evaluator.accepts(left, value) == Some(true)
            && evaluator.accepts(right, value) == Some(false)
    })
}

/// Values to try where a schema says nothing, one of each kind.
fn anything() -> Vec<Value> {
    let half = Number::from_f64(0.5).map(Value::Number);
    let mut all = vec![
        Value::Null,
        Value::Bool(true),
        Value::from(1),
        Value::from(-1),
        Value::from("a"),
        Value::from(""),
        Value::Array(Vec::new()),
        Value::Object(Map::new()),
    ];
    all.extend(half);
    all
}

struct Search<'a> {
    reader: Reader<'a>,
    calls: usize,
    /// Steps to the only value that is varied, if it is one.
    focus: Option<Vec<&'a str>>,
}

/// Number of values in a value, with itself; more than [`LARGEST`] are not counted.
fn weight(value: &Value) -> usize {
    let sum = |weights: &mut dyn Iterator<Item = usize>| {
        let mut sum = 1;
        for weight in weights {
            sum += weight;
            if sum > LARGEST {
                break;
            }
        }
        sum
    };
    match value {
        Value::Array(items) => sum(&mut items.iter().map(weight)),
        Value::Object(members) => sum(&mut members.values().map(weight)),
        Value::String(text) => 1 + text.len() / 64,
        _ => 1,
    }
}

impl Search<'_> {
    fn candidates(&mut self, left: &[Id], right: &[Id], depth: usize) -> Vec<Value> {
        self.calls += 1;
        if depth > DEEPEST || self.calls > 4_000 {
            return Vec::new();
        }
        let whole = right;
        if self.is_fixed()
            && let Some(plain) = self.plain(left, whole, depth)
        {
            return vec![plain];
        }
        let right = self.related(right);
        let mut found = Vec::new();
        for one in self.reader.alternatives(left) {
            if !self.reader.is_empty(&one, DEPTH) {
                self.of_one(&one, &right, depth, &mut found);
            }
        }
        let mut evaluator = Evaluator::new(self.reader);
        let mut seen = BTreeSet::new();
        found.retain(|value| {
            left.iter().all(|id| evaluator.accepts(*id, value) != Some(false))
                && seen.insert(value.to_string())
        });
        if self.is_fixed() {
            // Only what stands beside it is varied: one that is taken is in nobody's way.
            let mut is_taken =
                |value: &Value| whole.iter().all(|id| evaluator.accepts(*id, value) != Some(false));
            let taken = found.iter().position(&mut is_taken).unwrap_or(0);
            return found.into_iter().skip(taken).take(1).collect();
        }
        // What is refused comes first, so that it is not cut off: as a whole, or by a part of it.
        let mut refused: Vec<_> = found
            .into_iter()
            .map(|value| {
                let mut refuse =
                    |ids: &[Id]| ids.iter().any(|id| evaluator.accepts(*id, &value) == Some(false));
                let weight = match refuse(whole) {
                    true => 0,
                    false if refuse(&right) => 1,
                    false => 2,
                };
                (weight, value)
            })
            .collect();
        refused.sort_by_key(|(weight, _)| *weight);
        // A value that is taken has to be among them, for what stands beside it.
        let taken = refused.iter().position(|(weight, _)| *weight > 0);
        if let Some(taken) = taken.filter(|taken| *taken >= MOST) {
            refused.swap(taken, MOST - 1);
        }
        refused.truncate(MOST);
        refused.into_iter().map(|(_, value)| value).collect()
    }

    /// Returns `true` if nothing within the value is varied.
    fn is_fixed(&self) -> bool {
        self.focus.as_ref().is_some_and(Vec::is_empty)
    }

    /// A value that both sides take, where the first that comes to mind is one.
    fn plain(&self, left: &[Id], right: &[Id], depth: usize) -> Option<Value> {
        if depth > DEEPEST || !self.reader.work.spend(1) {
            return None;
        }
        let reader = self.reader;
        let mut alternatives = reader.alternatives(left);
        let one = alternatives.drain(..).find(|one| !reader.kinds(one).is_none())?;
        let kinds = reader.kinds(&one);
        let value = if let Some(values) = reader.values(&one) {
            values.into_iter().next()?
        } else if kinds.has(Kinds::STRING) {
            let mut formats = reader.nodes(&one).filter_map(|node| node.format.as_deref());
            let example = formats.find_map(|format| super::format::examples(format).first());
            Value::from(example.copied().unwrap_or("a"))
        } else if kinds.has(Kinds::INTEGER) {
            let low = reader.minimum(&one).and_then(|low| super::number::whole(&low, 1));
            Value::from(low.and_then(|low| i64::try_from(low.max(1)).ok()).unwrap_or(1))
        } else if kinds.has(Kinds::FRACTION) {
            Value::from(0.5)
        } else if kinds.has(Kinds::ARRAY) {
            Value::Array(Vec::new())
        } else {
            let required =
                reader.names(&one).into_iter().filter(|name| reader.requires(&one, name));
            let members = required.map(|name| {
                let Member::Of(own) = reader.member(&one, name) else { return None };
                let theirs = self.members_of(right, name);
                Some((name.to_owned(), self.plain(&own, &theirs, depth + 1)?))
            });
            Value::Object(members.collect::<Option<_>>()?)
        };
        let mut evaluator = Evaluator::new(reader);
        let mut is_taken = |id: &Id| evaluator.accepts(*id, &value) == Some(true);
        left.iter().chain(right).all(&mut is_taken).then_some(value)
    }

    /// Schemas that may have a say about the same value.
    fn related(&self, ids: &[Id]) -> Vec<Id> {
        let mut open = ids.to_vec();
        let mut seen = BTreeSet::new();
        while let Some(id) = open.pop() {
            if !seen.insert(id) {
                continue;
            }
            if !self.reader.work.spend(1) {
                break;
            }
            let node = &self.reader.schemas[id];
            open.extend(node.reference.iter().chain(&node.all_of).chain(&node.any_of));
            open.extend(node.one_of.iter().chain(&node.not));
            open.extend(node.dependent_schemas.values());
            if let Some(condition) = &node.condition {
                open.push(condition.test);
                open.extend(condition.then.iter().chain(&condition.otherwise));
            }
        }
        seen.into_iter().collect()
    }

    fn of_one(&mut self, one: &Conjunction, right: &[Id], depth: usize, found: &mut Vec<Value>) {
        if let Some(values) = self.reader.values(one) {
            found.extend(values);
            return;
        }
        if let Some(values) = self.reader.few(one) {
            found.extend(values);
            return;
        }
        let kinds = self.reader.kinds(one);
        let schemas = self.reader.schemas;
        if self.reader.says_nothing(one) {
            found.extend(anything());
            // What the other side has more to say about.
            let theirs: Vec<_> =
                right.iter().copied().filter(|id| !schemas[*id].never).take(8).collect();
            for id in theirs {
                found.extend(self.candidates(&[id], &[], depth + 1).into_iter().take(6));
            }
            if right.iter().all(|id| schemas[*id].is_open) {
                return;
            }
        }
        // A value that the other side lists.
        for id in right.iter().chain(one.ids()) {
            let listed = schemas[*id].values.iter().flatten();
            found.extend(listed.take(8).cloned());
        }
        if kinds.has(Kinds::NULL) {
            found.push(Value::Null);
        }
        if kinds.has(Kinds::BOOLEAN) {
            found.extend([Value::Bool(true), Value::Bool(false)]);
        }
        if kinds.has(Kinds::NUMBER) {
            self.numbers(one, right, found);
        }
        if kinds.has(Kinds::STRING) {
            self.texts(one, right, found);
        }
        if kinds.has(Kinds::ARRAY) {
            self.arrays(one, right, depth, found);
        }
        if kinds.has(Kinds::OBJECT) {
            self.objects(one, right, depth, found);
        }
    }

    /// Takes the steps that it costs to make a candidate of these parts and to judge it.
    fn affords(&self, weights: impl Iterator<Item = usize>) -> bool {
        let mut sum = 1;
        for weight in weights {
            sum += weight;
            if sum > LARGEST {
                break;
            }
        }
        self.reader.work.spend(sum) && sum <= LARGEST
    }
}
