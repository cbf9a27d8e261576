//! Search for a value that a writer may write and a reader refuses.
//!
//! Candidates stand at the edges of what both schemas say; each is judged whole by both, so that a
//! bad guess costs time and nothing else.

use std::collections::BTreeSet;

use serde_json::{Map, Number, Value};

use super::conjunction::{Conjunction, Member, Reader};
use super::evaluate::Evaluator;
use super::format;
use super::kind::Kinds;
use super::node::Id;
use super::number;
use super::prove::DEPTH;
use super::schemas::escape;

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

/// One value of each kind.
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
        // What is refused comes first, so that it is not cut off.
        let mut refused: Vec<_> = found
            .into_iter()
            .map(|value| {
                let is_refused =
                    right.iter().any(|id| evaluator.accepts(*id, &value) == Some(false));
                (!is_refused, value)
            })
            .collect();
        refused.sort_by_key(|(taken, _)| *taken);
        // A value that is taken has to be among them, for what stands beside it.
        let taken = refused.iter().position(|(taken, _)| *taken);
        if let Some(taken) = taken.filter(|taken| *taken >= MOST) {
            refused.swap(taken, MOST - 1);
        }
        refused.truncate(MOST);
        refused.into_iter().map(|(_, value)| value).collect()
    }

    /// All schemas that may have a say about the same value.
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
            return;
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

    fn numbers(&self, one: &Conjunction, right: &[Id], found: &mut Vec<Value>) {
        let schemas = self.reader.schemas;
        let kinds = self.reader.kinds(one);
        let mut points = vec![0_i128, 1, -1, 2, 7];
        let mut steps = Vec::new();
        let mut broken = vec![0.5, 1.0];
        for id in right.iter().chain(one.ids()) {
            let node = &schemas[*id];
            for bound in [&node.minimum, &node.maximum].into_iter().flatten() {
                if let Some(value) = number::integer(&bound.value) {
                    points.extend([value, value - 1, value + 1]);
                }
                let value = bound.value.as_f64().unwrap_or_default();
                broken.extend([value, value - 0.5, value + 0.5, value - 1.0, value + 1.0]);
            }
            steps.extend(node.multiple_of.clone());
        }
        let bounds = points.clone();
        for step in &steps {
            if !self.reader.work.spend(bounds.len()) {
                break;
            }
            if let Some(step) = number::integer(step).filter(|step| *step != 0) {
                let near = bounds.iter().map(|point| point / step * step);
                points.extend(near.flat_map(|near| [near, near + step, near - step]));
            }
            let step = step.as_f64().unwrap_or(1.0);
            broken.extend([step, step * 2.0, step * 3.0, step * 1.5]);
        }
        points.dedup();
        let integers = points.into_iter().filter_map(|point| {
            let number = i64::try_from(point).map(Number::from);
            number.or_else(|_| u64::try_from(point).map(Number::from)).ok()
        });
        if kinds.has(Kinds::INTEGER) {
            found.extend(integers.map(Value::Number));
        }
        if kinds.has(Kinds::FRACTION) {
            found.extend(broken.into_iter().filter_map(Number::from_f64).map(Value::Number));
        }
    }

    fn texts(&self, one: &Conjunction, right: &[Id], found: &mut Vec<Value>) {
        const LONGEST: u64 = 4_096;
        let schemas = self.reader.schemas;
        let mut texts =
            vec![String::new(), "a".to_owned(), "Zz-9 ~".to_owned(), "\u{e9}".to_owned()];
        let mut lengths = Vec::new();
        for id in right.iter().chain(one.ids()) {
            let node = &schemas[*id];
            if !self.reader.work.spend(1) {
                break;
            }
            if let Some(pattern) = &node.pattern {
                texts.extend(pattern.examples());
            }
            let known = node.format.as_deref().map_or(&[][..], format::examples);
            texts.extend(known.iter().copied().map(str::to_owned));
            lengths.extend([node.min_length, node.min_length.saturating_sub(1)]);
            lengths.extend(node.max_length.iter().flat_map(|most| [*most, most + 1]));
        }
        let own = self.reader.nodes(one).filter_map(|node| node.pattern.as_ref());
        let examples: Vec<_> = own.flat_map(super::pattern::Pattern::examples).collect();
        for length in lengths.into_iter().filter(|length| *length <= LONGEST) {
            let length = usize::try_from(length).unwrap_or(0);
            if !self.reader.work.spend((1 + length / 64) * (1 + examples.len())) {
                break;
            }
            texts.push("x".repeat(length));
            for example in examples.iter().filter(|example| example.len() < length) {
                texts.push(format!("{example}{}", "x".repeat(length - example.len())));
            }
        }
        found.extend(texts.into_iter().map(Value::String));
    }

    fn arrays(&mut self, one: &Conjunction, right: &[Id], depth: usize, found: &mut Vec<Value>) {
        const LONGEST: u64 = 64;
        let reader = self.reader;
        let (least, most) = reader.items(one);
        let mut lengths = BTreeSet::from([least, least + 1, least + 2]);
        for id in right {
            let node = &reader.schemas[*id];
            lengths.extend([node.min_items.saturating_sub(1), node.min_items]);
            lengths.extend(node.max_items.iter().flat_map(|most| [*most, most + 1]));
            lengths.insert(node.prefix.len() as u64 + 1);
        }
        lengths.extend(most);
        let prefix = reader.prefix(one) as u64;
        lengths.extend([prefix, prefix + 1]);
        let positions = usize::try_from(least).unwrap_or(0).max(reader.prefix(one)) + 2;
        let items: Vec<Vec<Value>> = (0..positions.min(12))
            .map(|at| {
                let own = reader.item(one, at);
                let theirs = self.items_of(right, at);
                let mut all = Vec::new();
                // What is contained.
                for node in reader.nodes(one) {
                    if let Some(contains) = &node.contains {
                        let mut both = own.clone();
                        both.push(contains.schema);
                        all.extend(self.candidates(&both, &theirs, depth + 1).into_iter().take(6));
                    }
                }
                all.extend(self.candidates(&own, &theirs, depth + 1));
                all
            })
            .collect();
        for length in lengths.into_iter().filter(|length| *length <= LONGEST) {
            if most.is_some_and(|most| length > most) || length < least {
                continue;
            }
            let length = usize::try_from(length).unwrap_or(0);
            let at = |i: usize, choice: usize| {
                let choices = items.get(i.min(items.len() - 1))?;
                choices.get(choice % choices.len().max(1))
            };
            for choice in 0..10 {
                // All alike, all different, and with one that stands out.
                let alike: Option<Vec<_>> = (0..length).map(|i| at(i, choice)).collect();
                let different: Option<Vec<_>> = (0..length).map(|i| at(i, choice + i)).collect();
                if self.reader.work.is_spent() {
                    return;
                }
                for items in [alike, different].into_iter().flatten() {
                    if self.affords(items.iter().map(|item| weight(item))) {
                        found.push(items.into_iter().cloned().collect());
                    }
                }
            }
        }
    }

    /// Candidates for the member of this name, of an object that lies so deep in others.
    fn values_of(&mut self, name: &str, own: &[Id], theirs: &[Id], depth: usize) -> Vec<Value> {
        if self.is_varied(depth, name) {
            return self.candidates(own, theirs, depth + 1);
        }
        // Its parts are not varied either.
        let focus = self.focus.replace(Vec::new());
        let values = self.candidates(own, theirs, depth + 1);
        self.focus = focus;
        // One that is taken, so that it is in nobody's way.
        let mut evaluator = Evaluator::new(self.reader);
        let mut is_taken =
            |value: &Value| theirs.iter().all(|id| evaluator.accepts(*id, value) != Some(false));
        let taken = values.iter().position(&mut is_taken).unwrap_or(0);
        values.into_iter().skip(taken).take(1).collect()
    }

    /// Returns `true` if the member of this name is varied, where objects lie so deep in one another.
    fn is_varied(&self, depth: usize, name: &str) -> bool {
        let Some(focus) = &self.focus else { return true };
        focus.get(depth).is_some_and(|step| *step == "*" || *step == escape(name))
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

    fn items_of(&self, right: &[Id], at: usize) -> Vec<Id> {
        let nodes = right.iter().map(|id| &self.reader.schemas[*id]);
        nodes
            .flat_map(|node| {
                let item = node.prefix.get(at).copied().or(node.items);
                item.into_iter().chain(node.contains.as_ref().map(|contains| contains.schema))
            })
            .collect()
    }

    fn objects(&mut self, one: &Conjunction, right: &[Id], depth: usize, found: &mut Vec<Value>) {
        let reader = self.reader;
        let mut names: BTreeSet<String> =
            reader.names(one).into_iter().map(str::to_owned).collect();
        for id in right.iter().chain(one.ids()) {
            let node = &reader.schemas[*id];
            names.extend(node.properties.keys().chain(&node.required).cloned());
            names.extend(node.dependent_required.values().flatten().cloned());
            names.extend(node.dependent_required.keys().cloned());
            for example in node.patterns.iter().flat_map(|(pattern, _)| pattern.examples()) {
                names.extend([format!("a{example}"), format!("{example}a"), example]);
            }
        }
        names.extend(["zz_other".to_owned(), "zz_another".to_owned()]);
        let members: Vec<(String, Vec<Value>, bool)> = names
            .into_iter()
            .filter_map(|name| {
                let Member::Of(own) = reader.member(one, &name) else { return None };
                let theirs = self.members_of(right, &name);
                let values = self.values_of(&name, &own, &theirs, depth);
                let required = reader.requires(one, &name);
                (!values.is_empty()).then_some((name, values, required))
            })
            .collect();
        let least = |taken: usize| -> Map<String, Value> {
            members
                .iter()
                .filter(|(_, _, required)| *required)
                .filter_map(|(name, values, _)| {
                    Some((name.clone(), values.get(taken % values.len().max(1))?.clone()))
                })
                .collect()
        };
        // For what is required a value that the other side takes, so that one thing differs.
        let mut evaluator = Evaluator::new(reader);
        let mut base = least(0);
        for (name, values, _) in members.iter().filter(|(_, _, required)| *required) {
            let theirs = self.members_of(right, name);
            let taken = values
                .iter()
                .find(|value| theirs.iter().all(|id| evaluator.accepts(*id, value) != Some(false)));
            if let Some(taken) = taken {
                base.insert(name.clone(), taken.clone());
            }
        }
        found.push(Value::Object(base.clone()));
        let mut all = base.clone();
        let mut add = |object: &Map<String, Value>, change: Option<(&String, &Value)>| {
            let weights = object.values().chain(change.map(|(_, value)| value)).map(weight);
            if self.affords(weights) {
                let mut object = object.clone();
                object.extend(change.map(|(name, value)| (name.clone(), value.clone())));
                found.push(Value::Object(object));
            }
        };
        for (name, values, _) in &members {
            let is_varied = self.is_varied(depth, name);
            for value in values.iter().take(12).filter(|_| is_varied) {
                add(&base, Some((name, value)));
            }
            if !name.starts_with("zz_") {
                let theirs = self.members_of(right, name);
                let taken = values.iter().find(|value| {
                    theirs.iter().all(|id| evaluator.accepts(*id, value) != Some(false))
                });
                let value = taken.or(values.first());
                all.extend(value.map(|value| (name.clone(), value.clone())));
            }
            // As many as there may be.
            if is_varied {
                add(&all, None);
            }
        }
        // One that is another, beside all others.
        for (name, values, _) in members.iter().filter(|(name, ..)| self.is_varied(depth, name)) {
            for value in values.iter().take(4) {
                add(&all, Some((name, value)));
            }
        }
        for choice in 1..4 {
            add(&least(choice), None);
        }
        // One that is left out, beside all others.
        for (name, ..) in members.iter().filter(|(_, _, required)| !required) {
            if !self.is_varied(depth, name) {
                continue;
            }
            if let Some(value) = all.remove(name) {
                add(&all, None);
                all.insert(name.clone(), value);
            }
        }
        // More names than any has, where any may be written.
        if let Some((_, values, _)) = members.iter().find(|(name, ..)| name == "zz_other") {
            let mut many = base;
            for i in 0..12 {
                many.extend(values.first().map(|value| (format!("zz_{i}"), value.clone())));
                add(&many, None);
            }
        }
    }

    fn members_of(&self, right: &[Id], name: &str) -> Vec<Id> {
        let mut ids = Vec::new();
        for id in right {
            let node = &self.reader.schemas[*id];
            ids.extend(node.properties.get(name));
            let by_pattern = node.patterns.iter().filter(|(p, _)| p.is_in(name) == Some(true));
            let before = ids.len();
            ids.extend(by_pattern.map(|(_, id)| *id));
            if !node.properties.contains_key(name) && ids.len() == before {
                ids.extend(node.additional.or(node.unevaluated_properties));
            }
        }
        ids
    }
}
