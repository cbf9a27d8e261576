//! Values that are judged one by one, where a writer has few or lists them.

use serde_json::Value;

use super::{DEPTH, Prover};
use crate::compat::conjunction::Conjunction;
use crate::compat::evaluate::Evaluator;
use crate::compat::kind::Kinds;
use crate::compat::node::Id;
use crate::compat::rule::Rule;

impl Prover<'_> {
    /// Proves it by each of the values, where these are few.
    pub(super) fn few_hold(&mut self, left: &Conjunction, right: Id) -> bool {
        let mut evaluator = Evaluator::new(self.reader);
        let mut is_taken = |value: &Value| evaluator.accepts(right, value) == Some(true);
        self.few(left).is_some_and(|values| values.iter().all(&mut is_taken))
    }

    /// Values of it, where these are few.
    pub(super) fn few(&mut self, of: &Conjunction) -> Option<&[Value]> {
        let few = self.few.entry(of.clone()).or_insert_with(|| self.reader.few(of));
        few.as_deref()
    }

    pub(super) fn each_value(
        &mut self,
        left: &Conjunction,
        values: &[Value],
        right: Id,
        instance: &str,
    ) -> bool {
        let mut evaluator = Evaluator::new(self.reader);
        let judged: Vec<_> =
            values.iter().map(|value| (value, evaluator.accepts(right, value))).collect();
        let mut holds = true;
        let refused: Vec<String> = judged
            .iter()
            .filter(|(_, judgement)| *judgement == Some(false))
            .map(|(value, _)| value.to_string())
            .collect();
        if let Some((value, _)) = judged.iter().find(|(_, one)| *one == Some(false)) {
            let right = self.refusing(right, value);
            let node = &self.reader.schemas[right];
            let listed = node.values.as_ref().map_or(0, Vec::len);
            if !self.reader.work.spend(values.len() + listed) {
                return self.give_up(left.ids(), right, instance);
            }
            let is = node.values.as_ref().map_or_else(
                || "a schema that refuses it".to_owned(),
                |values| Value::Array(values.clone()).to_string(),
            );
            let rule = if node.values.is_some() || !node.one_of.is_empty() {
                Rule::EnumValueRemoved
            } else if kinds_of(values).is_within(node.kinds) {
                Rule::ValueRefused
            } else {
                Rule::TypeChanged
            };
            holds = self.broken(rule, left, right, instance, &refused.join(", "), &is);
        }
        if let Some((value, _)) = judged.iter().find(|(_, judgement)| judgement.is_none()) {
            let why = format!("whether {value} is accepted can't be told");
            self.undecided(Rule::Undecided, left.ids(), right, instance, why);
            holds = false;
        }
        holds
    }

    /// The schema behind references, or the one that is meant among alternatives, that refuses a
    /// value.
    fn refusing(&self, mut right: Id, value: &Value) -> Id {
        let schemas = self.reader.schemas;
        let mut evaluator = Evaluator::new(self.reader);
        for _ in 0..DEPTH {
            let node = &schemas[right];
            let mut branches = node.any_of.iter().filter(|id| schemas[**id].kinds != Kinds::NULL);
            let meant = branches.next().filter(|_| branches.next().is_none());
            let inner = node.reference.iter().chain(&node.all_of).chain(meant);
            let refusing = inner.copied().find(|id| evaluator.accepts(*id, value) == Some(false));
            match refusing {
                Some(inner) if node.values.is_none() => right = inner,
                _ => break,
            }
        }
        right
    }
}

fn kinds_of(values: &[Value]) -> Kinds {
    values.iter().fold(Kinds::NONE, |kinds, value| kinds | Kinds::of(value, true))
}
