//! Arrays: how many items, what each is like, and what is among them.

use super::Prover;
use crate::compat::conjunction::Conjunction;
use crate::compat::node::{Contains, Id, Node};
use crate::compat::rule::Rule;

impl Prover<'_> {
    pub(super) fn arrays(
        &mut self,
        left: &Conjunction,
        right: Id,
        node: &Node,
        instance: &str,
    ) -> bool {
        let reader = self.reader;
        let (least, most) = reader.items(left);
        let mut holds = true;
        let asked = (node.min_items, node.max_items);
        let rules = (Rule::MinItemsRaised, Rule::MaxItemsLowered);
        holds &= self.counts(left, right, instance, ((least, most), asked), rules);
        let is_unique = reader.nodes(left).any(|node| node.unique) || most.is_some_and(|m| m <= 1);
        if node.unique && !is_unique {
            let rule = Rule::UniqueIntroduced;
            holds = self.broken(rule, left, right, instance, "any items", "different items");
        }
        let can_have = |at: usize| most.is_none_or(|most| (at as u64) < most);
        for (at, item) in node.prefix.iter().enumerate().filter(|(at, _)| can_have(*at)) {
            let own = reader.item(left, at);
            holds &= self.holds_within(&own, *item, &format!("{instance}/{at}"));
        }
        if let Some(rest) = node.items {
            let first = node.prefix.len();
            let named = reader.prefix(left);
            for at in (first..named).filter(|at| can_have(*at)) {
                let own = reader.item(left, at);
                holds &= self.holds_within(&own, rest, &format!("{instance}/{at}"));
            }
            let after = first.max(named);
            if can_have(after) {
                let own = reader.item(left, after);
                holds &= self.holds_within(&own, rest, &format!("{instance}/*"));
            }
        }
        if let Some(contains) = &node.contains {
            holds &= self.contains(left, right, contains, instance);
        }
        if node.unevaluated_items.is_some_and(|rest| !reader.schemas[rest].is_open) {
            let why = "`unevaluatedItems` depends on what else has looked at an item".to_owned();
            self.undecided(Rule::Undecided, left.ids(), right, instance, why);
            holds = false;
        }
        holds
    }

    pub(super) fn contains(
        &mut self,
        left: &Conjunction,
        right: Id,
        contains: &Contains,
        instance: &str,
    ) -> bool {
        let reader = self.reader;
        let (least, most) = reader.items(left);
        let before = self.obstacles.len();
        let own: Vec<&Contains> =
            reader.nodes(left).filter_map(|node| node.contains.as_ref()).collect();
        let mut enough = contains.least == 0;
        for one in own {
            // Such an item may be at any position, and has what an item there has.
            enough |= one.least >= contains.least
                && (0..=reader.prefix(left)).all(|at| {
                    let mut item = reader.item(left, at);
                    item.push(one.schema);
                    self.holds_within(&item, contains.schema, instance)
                });
        }
        if !enough {
            // Items that are certainly there.
            let there = usize::try_from(least).unwrap_or(usize::MAX).min(64);
            let mut found = 0;
            for at in 0..there {
                let item = reader.item(left, at);
                found += u64::from(self.holds_within(&item, contains.schema, instance));
            }
            enough = found >= contains.least;
        }
        self.obstacles.truncate(before);
        let few = contains.most.is_none_or(|bound| {
            most.is_some_and(|most| most <= bound)
                || reader.nodes(left).any(|node| {
                    node.contains.as_ref().is_some_and(|own| {
                        own.most.is_some_and(|most| most <= bound)
                            && reader.same(own.schema, contains.schema)
                    })
                })
        });
        if enough && few {
            return true;
        }
        self.broken(Rule::ContainsChanged, left, right, instance, "other items", "such items")
    }
}
