//! References, alternatives, exclusions and conditions.

use super::{MOST_EXCLUDED, MOST_NESTED, Obstacle, Prover};
use crate::compat::conjunction::Conjunction;
use crate::compat::kind::Kinds;
use crate::compat::node::{Condition, Id, Node};
use crate::compat::rule::Rule;

impl Prover<'_> {
    pub(super) fn combinators(
        &mut self,
        left: &Conjunction,
        right: Id,
        node: &Node,
        instance: &str,
    ) -> bool {
        let mut holds = true;
        for schema in node.reference.iter().chain(&node.all_of) {
            holds &= self.holds_for(left, *schema, instance);
        }
        if !node.any_of.is_empty() {
            holds &= self.one_holds(left, right, &node.any_of, false, instance);
        }
        if !node.one_of.is_empty() {
            holds &= self.one_holds(left, right, &node.one_of, true, instance);
        }
        if let Some(not) = node.not
            && !self.is_apart(left, not)
        {
            let (was, is) = ("values of that kind", "none of them");
            holds = self.broken(Rule::Excluded, left, right, instance, was, is);
        }
        if let Some(condition) = &node.condition {
            holds &= self.condition(left, right, condition, instance);
        }
        holds
    }

    /// Proves another of the reader's schemas for one value.
    pub(super) fn holds_for(&mut self, left: &Conjunction, right: Id, instance: &str) -> bool {
        if !self.may_go_on(left.ids(), right, instance) {
            return false;
        }
        if self.nested > MOST_NESTED {
            return self.give_up(left.ids(), right, instance);
        }
        self.claim(&(vec![left.clone()], right), instance)
    }

    /// One of several schemas, or exactly one of them.
    pub(super) fn one_holds(
        &mut self,
        left: &Conjunction,
        right: Id,
        branches: &[Id],
        exactly: bool,
        instance: &str,
    ) -> bool {
        let before = self.obstacles.len();
        let mut nearest: Option<Vec<Obstacle>> = None;
        for (i, branch) in branches.iter().enumerate() {
            if self.holds_for(left, *branch, instance) {
                let others = branches.iter().enumerate().filter(|(j, _)| i != *j);
                if !exactly || others.into_iter().all(|(_, other)| self.is_apart(left, *other)) {
                    let mut found = self.obstacles.split_off(before);
                    found.retain(Obstacle::is_note);
                    self.obstacles.extend(found);
                    return true;
                }
                self.obstacles.truncate(before);
                let (was, is) = ("one of several", "exactly one");
                self.broken(Rule::BranchOverlaps, left, right, instance, was, is);
            }
            let found = self.obstacles.split_off(before);
            // What fails deepest is the branch that was meant.
            let depth = |found: &[Obstacle]| {
                let deep = found.iter().map(|one| one.instance.len()).max().unwrap_or(0);
                (std::cmp::Reverse(found.len().min(8)), deep)
            };
            let is_better = nearest.as_ref().is_none_or(|nearest| depth(nearest) < depth(&found));
            let is_null = self.reader.schemas[*branch].kinds == Kinds::NULL;
            if is_better && (!is_null || branches.len() == 1) {
                nearest = Some(found);
            }
        }
        // Values of several kinds may each have a branch of their own.
        let kinds = self.reader.kinds(left);
        if kinds.each().count() > 1 {
            let mut holds = true;
            for kind in kinds.each() {
                let one = left.only(kind);
                if !self.is_empty(&one) {
                    holds &= self.one_holds(&one, right, branches, exactly, instance);
                }
            }
            if holds {
                let mut found = self.obstacles.split_off(before);
                found.retain(Obstacle::is_note);
                self.obstacles.extend(found);
            }
            return holds;
        }
        let schemas = self.reader.schemas;
        let told = |nearest: &[Obstacle]| {
            let meant = branches.iter().filter(|id| schemas[**id].kinds != Kinds::NULL).count();
            let is_kind =
                |one: &Obstacle| one.rule == Rule::TypeChanged && one.instance == instance;
            meant <= 1 || nearest.len() <= 2 && !nearest.iter().all(is_kind)
        };
        match nearest {
            Some(nearest) if told(&nearest) => self.obstacles.extend(nearest),
            _ => {
                let (was, is) = ("such a value", "none of the alternatives");
                self.broken(Rule::NoBranch, left, right, instance, was, is);
            }
        }
        false
    }

    /// Returns `true` if no value of `left` is accepted by `right`, as far as one can see.
    pub(super) fn is_apart(&mut self, left: &Conjunction, right: Id) -> bool {
        let mut ids = left.ids().to_vec();
        ids.push(right);
        let kinds = self.reader.kinds(left);
        let alternatives = self.reader.alternatives(&ids);
        alternatives.iter().all(|both| {
            let both = both.only(kinds);
            if self.is_empty(&both) {
                return true;
            }
            // What both say, `not` may say no to.
            let nots: Vec<Id> = self.reader.nodes(&both).filter_map(|node| node.not).collect();
            let before = self.obstacles.len();
            let is_apart = nots.iter().any(|not| {
                both.ids().iter().any(|id| self.reader.same(*id, *not))
                    || self.excluded < MOST_EXCLUDED && self.nested < MOST_NESTED && {
                        self.excluded += 1;
                        let holds = self.holds(both.ids(), *not, "");
                        self.excluded -= 1;
                        holds
                    }
            });
            self.obstacles.truncate(before);
            is_apart
        })
    }

    pub(super) fn condition(
        &mut self,
        left: &Conjunction,
        right: Id,
        condition: &Condition,
        instance: &str,
    ) -> bool {
        let before = self.obstacles.len();
        let follows = |this: &mut Self, extra: Option<Id>, schema: Option<Id>| {
            let Some(schema) = schema else { return true };
            let mut ids = left.ids().to_vec();
            ids.extend(extra);
            this.holds(&ids, schema, instance)
        };
        let always = self.holds_for(left, condition.test, instance);
        self.obstacles.truncate(before);
        if !always && !follows(self, None, condition.otherwise) {
            // Where the test fails, it may be known by the writer's own.
            self.obstacles.truncate(before);
            let (was, is) = ("such a value", "what `else` asks for");
            return self.broken(Rule::ConditionChanged, left, right, instance, was, is);
        }
        if self.is_apart(left, condition.test)
            || follows(self, Some(condition.test), condition.then)
        {
            return true;
        }
        self.obstacles.truncate(before);
        let (was, is) = ("such a value", "what `then` asks for");
        self.broken(Rule::ConditionChanged, left, right, instance, was, is)
    }
}
