//! References, alternatives, exclusions and conditions.

use std::collections::BTreeSet;

use super::{MOST_NESTED, Obstacle, Prover};
use crate::compat::conjunction::{Conjunction, Member, Span};
use crate::compat::evaluate::equal;
use crate::compat::kind::Kinds;
use crate::compat::node::{Condition, Id, Node};
use crate::compat::number;
use crate::compat::rule::Rule;

/// Largest number of places at which integers or lengths are cut.
const MOST_CUTS: usize = 16;

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
        if let Some(inner) = self.reader.twice_excluded(node) {
            holds &= self.holds_for(left, inner, instance);
        } else if let Some(not) = node.not
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

    /// Proves that one of several schemas holds, or exactly one of them.
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
                    self.keep_notes(before);
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
                self.keep_notes(before);
            }
            return holds;
        }
        if self.parts_hold(left, right, branches, exactly, instance) {
            return true;
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

    /// Values of several sizes may each have a branch of their own: integers are told apart by the limits
    /// of the branches, texts and lists by lengths.
    fn parts_hold(
        &mut self,
        left: &Conjunction,
        right: Id,
        branches: &[Id],
        exactly: bool,
        instance: &str,
    ) -> bool {
        let spans = if left.is_part() { Vec::new() } else { self.spans(left, branches) };
        let before = self.obstacles.len();
        let holds = spans.len() > 1
            && spans.into_iter().all(|span| {
                let part = left.within(span);
                self.is_empty(&part) || self.one_holds(&part, right, branches, exactly, instance)
            });
        let mut found = self.obstacles.split_off(before);
        found.retain(|one| holds && one.is_note());
        self.obstacles.extend(found);
        holds
    }

    /// The parts into which the limits of some branches cut the integers or lengths of a value.
    fn spans(&self, left: &Conjunction, branches: &[Id]) -> Vec<Span> {
        let reader = self.reader;
        let kind = reader.kinds(left);
        let ends = |of: &Conjunction| -> Option<(Option<i128>, Option<i128>)> {
            let of_lengths =
                |(least, most): (u64, Option<u64>)| (Some(i128::from(least)), most.map(i128::from));
            Some(match kind {
                Kinds::INTEGER => (
                    reader.minimum(of).and_then(|low| number::whole(&low, 1)),
                    reader.maximum(of).and_then(|high| number::whole(&high, -1)),
                ),
                Kinds::STRING => of_lengths(reader.length(of)),
                Kinds::ARRAY => of_lengths(reader.items(of)),
                _ => return None,
            })
        };
        let Some((low, high)) = ends(left) else { return Vec::new() };
        let is_inside =
            |cut: &i128| low.is_none_or(|low| *cut > low) && high.is_none_or(|high| *cut <= high);
        let mut cuts = BTreeSet::new();
        for one in branches.iter().flat_map(|branch| reader.alternatives(&[*branch])) {
            // The first integer of a part.
            let (low, high) = ends(&one.only(kind)).unwrap_or_default();
            cuts.extend(low.into_iter().chain(high.map(|high| high + 1)).filter(is_inside));
            if cuts.len() > MOST_CUTS {
                return Vec::new();
            }
        }
        let firsts = std::iter::once(low).chain(cuts.iter().copied().map(Some));
        let lasts = cuts.iter().map(|cut| Some(cut - 1)).chain([high]);
        firsts.zip(lasts).map(|(low, high)| Span { low, high }).collect()
    }

    /// Returns `true` if no value of `left` is accepted by `right`, as far as one can see.
    pub(super) fn is_apart(&mut self, left: &Conjunction, right: Id) -> bool {
        if self.is_told_apart(left, right) {
            return true;
        }
        let mut ids = left.ids().to_vec();
        ids.push(right);
        let kinds = self.reader.kinds(left);
        let alternatives = self.reader.alternatives(&ids);
        alternatives.iter().all(|both| self.is_empty(&both.only(kinds).part_as(left)))
    }

    /// Returns `true` if a member tells them apart: the other asks for it, and it is never written, or both list
    /// other values for it, as variants do for their tag.
    fn is_told_apart(&self, left: &Conjunction, right: Id) -> bool {
        let reader = self.reader;
        let node = &reader.schemas[right];
        let listed = |id: Id| reader.schemas[id].values.as_deref().filter(|all| all.len() < 8);
        reader.kinds(left) == Kinds::OBJECT
            && node.required.iter().any(|name| {
                if matches!(reader.member(left, name), Member::Absent) {
                    return true;
                }
                let theirs = node.properties.get(name).and_then(|id| listed(*id));
                theirs.is_some_and(|theirs| {
                    let mut own =
                        reader.nodes(left).filter_map(|node| listed(*node.properties.get(name)?));
                    own.any(|own| !own.iter().any(|one| theirs.iter().any(|two| equal(one, two))))
                })
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
