//! Objects that differ from one that is taken in one member or a few.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::{Search, weight};
use crate::compat::conjunction::{Conjunction, Member};
use crate::compat::evaluate::Evaluator;
use crate::compat::node::Id;
use crate::compat::schemas::escape;

/// A member's name, what it may hold, and whether it must be there.
type Candidates = (String, Vec<Value>, bool);

impl Search<'_> {
    /// Candidates for the member of this name, of an object that lies so deep in others.
    fn values_of(&mut self, name: &str, own: &[Id], theirs: &[Id], depth: usize) -> Vec<Value> {
        if self.is_varied(depth, name) {
            return self.candidates(own, theirs, depth + 1);
        }
        // Its parts are not varied either.
        let focus = self.focus.replace(Vec::new());
        let values = self.candidates(own, theirs, depth + 1);
        self.focus = focus;
        values
    }

    /// Returns `true` if the member of this name is varied, where objects lie so deep in one another.
    fn is_varied(&self, depth: usize, name: &str) -> bool {
        let Some(focus) = &self.focus else { return true };
        focus.get(depth).is_some_and(|step| *step == "*" || *step == escape(name))
    }

    pub(super) fn objects(
        &mut self,
        one: &Conjunction,
        right: &[Id],
        depth: usize,
        found: &mut Vec<Value>,
    ) {
        let reader = self.reader;
        let members = self.varied(one, right, depth);
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
        let first = found.len();
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
            let mut many = base.clone();
            for i in 0..12 {
                many.extend(values.first().map(|value| (format!("zz_{i}"), value.clone())));
                add(&many, None);
            }
        }
        self.beside_others(one, &Value::Object(base), &members, (depth, first), found);
    }

    /// Adds more where the first one can't be written: others that can be take its place.
    fn beside_others(
        &self,
        one: &Conjunction,
        base: &Value,
        members: &[Candidates],
        (depth, first): (usize, usize),
        found: &mut Vec<Value>,
    ) {
        let mut evaluator = Evaluator::new(self.reader);
        let mut is_written = |object: &Value| {
            one.ids().iter().all(|id| evaluator.accepts(*id, object) != Some(false))
        };
        if is_written(base) {
            return;
        }
        let written = found[first..].iter().filter(|object| is_written(object));
        let written: Vec<Map<String, Value>> =
            written.filter_map(Value::as_object).take(2).cloned().collect();
        for object in written {
            for (name, values, _) in members.iter().filter(|(name, ..)| self.is_varied(depth, name))
            {
                for value in values.iter().take(4) {
                    if self.affords(object.values().chain([value]).map(weight)) {
                        let mut object = object.clone();
                        object.insert(name.clone(), value.clone());
                        found.push(Value::Object(object));
                    }
                }
            }
        }
    }

    /// The members that an object may have, with candidates for each.
    fn varied(&mut self, one: &Conjunction, right: &[Id], depth: usize) -> Vec<Candidates> {
        let reader = self.reader;
        let mut names: BTreeSet<String> =
            reader.names(one).into_iter().map(str::to_owned).collect();
        for id in right.iter().chain(one.ids()) {
            let node = &reader.schemas[*id];
            names.extend(node.properties.keys().chain(&node.required).cloned());
            names.extend(node.dependent_required.values().flatten().cloned());
            names.extend(node.dependent_required.keys().cloned());
            names.extend(node.dependent_schemas.keys().cloned());
            for example in node.patterns.iter().flat_map(|(pattern, _)| pattern.examples()) {
                names.extend([format!("a{example}"), format!("{example}a"), example]);
            }
        }
        names.extend(self.names_by_schemas(one, right));
        names.extend(["zz_other".to_owned(), "zz_another".to_owned()]);
        names
            .into_iter()
            .filter_map(|name| {
                let required = reader.requires(one, &name);
                if !required && !self.is_varied(depth, &name) {
                    // It is left out.
                    return None;
                }
                let Member::Of(own) = reader.member(one, &name) else { return None };
                let theirs = self.members_of(right, &name);
                let values = self.values_of(&name, &own, &theirs, depth);
                (!values.is_empty()).then_some((name, values, required))
            })
            .collect()
    }

    /// Names at the edges of what schemas of names say.
    fn names_by_schemas(&self, one: &Conjunction, right: &[Id]) -> Vec<String> {
        let reader = self.reader;
        let named: Vec<Id> = right.iter().filter_map(|id| reader.schemas[*id].names).collect();
        if named.is_empty() {
            return Vec::new();
        }
        let own: Vec<Id> = reader.nodes(one).filter_map(|node| node.names).collect();
        let theirs = self.related(&named);
        let mut found = Vec::new();
        for names in reader.alternatives(&own) {
            self.texts(&names, &theirs, &mut found);
        }
        let mut evaluator = Evaluator::new(reader);
        let mut is_refused =
            |name: &Value| named.iter().any(|id| evaluator.accepts(*id, name) == Some(false));
        let refused = found.into_iter().filter(|name| is_refused(name)).take(4);
        refused.filter_map(|name| name.as_str().map(str::to_owned)).collect()
    }

    pub(super) fn members_of(&self, right: &[Id], name: &str) -> Vec<Id> {
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
