//! Lists of several lengths, with items that are alike or not.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Search, weight};
use crate::compat::conjunction::Conjunction;
use crate::compat::node::Id;

impl Search<'_> {
    pub(super) fn arrays(
        &mut self,
        one: &Conjunction,
        right: &[Id],
        depth: usize,
        found: &mut Vec<Value>,
    ) {
        const LONGEST: u64 = 1_024;
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
                    if let Some(contains) = &node.contains
                        && !own.contains(&contains.schema)
                    {
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

    fn items_of(&self, right: &[Id], at: usize) -> Vec<Id> {
        let nodes = right.iter().map(|id| &self.reader.schemas[*id]);
        nodes
            .flat_map(|node| {
                let item = node.prefix.get(at).copied().or(node.items);
                item.into_iter().chain(node.contains.as_ref().map(|contains| contains.schema))
            })
            .collect()
    }
}
