//! Values that can't be: what several schemas leave nothing of.

use super::conjunction::{Conjunction, Member, Reader};
use super::kind::Kinds;
use super::node::{Id, Node};
use super::number;

impl Reader<'_> {
    /// Returns `true` if no value is left for it, as far as one can see.
    pub(crate) fn is_empty(self, of: &Conjunction, depth: usize) -> bool {
        if !self.work.spend(1 + of.ids().len() / 8) {
            return false;
        }
        let kinds = self.kinds(of);
        if kinds.is_none() {
            return true;
        }
        if let Some(values) = self.values(of) {
            return values.is_empty();
        }
        depth > 0 && kinds.each().all(|kind| self.has_none(of, kind, depth))
    }

    fn has_none(self, of: &Conjunction, kind: Kinds, depth: usize) -> bool {
        match kind {
            Kinds::INTEGER | Kinds::FRACTION => {
                let step = self.nodes(of).filter_map(|node| node.multiple_of.as_ref());
                let whole = step.into_iter().any(|step| number::integer(step).is_some());
                if kind == Kinds::FRACTION && whole && !self.policy.as_serde() {
                    return true;
                }
                let (Some(low), Some(high)) = (self.minimum(of), self.maximum(of)) else {
                    return false;
                };
                if kind == Kinds::INTEGER
                    && let (Some(low), Some(high)) =
                        (number::whole(&low, 1), number::whole(&high, -1))
                {
                    return low > high;
                }
                match number::compare(&low.value, &high.value) {
                    std::cmp::Ordering::Greater => true,
                    std::cmp::Ordering::Equal => low.exclusive || high.exclusive,
                    std::cmp::Ordering::Less => false,
                }
            }
            Kinds::STRING => {
                let (least, most) = self.length(of);
                most.is_some_and(|most| least > most)
            }
            Kinds::ARRAY => {
                let (least, most) = self.items(of);
                let impossible = |at: usize| {
                    let item = self.item(of, at);
                    !item.is_empty() && self.all_are_empty(&item, depth)
                };
                let needed = usize::try_from(least).unwrap_or(usize::MAX);
                most.is_some_and(|most| least > most)
                    || (0..needed.min(self.prefix(of) + 1)).any(impossible)
            }
            Kinds::OBJECT => {
                let impossible = |name: &&str| match self.member(of, name) {
                    Member::Absent => true,
                    Member::Of(ids) => !ids.is_empty() && self.all_are_empty(&ids, depth),
                };
                let mut needed = self.names(of).into_iter().filter(|n| self.requires(of, n));
                if needed.any(|name| impossible(&name)) {
                    return true;
                }
                // Where nothing is counted, there is room for all that is needed.
                let is_counted =
                    |node: &Node| node.min_properties > 0 || node.max_properties.is_some();
                self.nodes(of).any(is_counted) && {
                    let (least, most) = self.properties(of);
                    most.is_some_and(|most| least > most)
                }
            }
            _ => false,
        }
    }

    fn all_are_empty(self, ids: &[Id], depth: usize) -> bool {
        self.alternatives(ids).iter().all(|one| self.is_empty(one, depth - 1))
    }
}
