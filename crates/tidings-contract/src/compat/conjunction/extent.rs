//! Extent of a value: from which number to which, how many letters, items or members.

use serde_json::Number;

use super::{Conjunction, Member, Reader};
use crate::compat::kind::Kinds;
use crate::compat::node::{Bound, Node};
use crate::compat::number;

/// Integers from one to another, both included; without an end where there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Span {
    pub(crate) low: Option<i128>,
    pub(crate) high: Option<i128>,
}

impl<'a> Reader<'a> {
    /// The integers that are looked at, where it has no others.
    fn integers(self, of: &Conjunction) -> Option<Span> {
        of.span.filter(|_| self.kinds(of) == Kinds::INTEGER)
    }

    /// The lengths that are looked at, where all that it has is of this kind.
    fn lengths(self, of: &Conjunction, kind: Kinds) -> Option<(u64, Option<u64>)> {
        let span = of.span.filter(|_| self.kinds(of) == kind)?;
        let count = |end: i128| u64::try_from(end).unwrap_or(0);
        Some((span.low.map_or(0, count), span.high.map(count)))
    }

    pub(crate) fn minimum(self, of: &Conjunction) -> Option<Bound> {
        let own = self.integers(of).and_then(|span| bound(span.low?));
        // What excludes all up to a bound begins behind it.
        let own =
            own.into_iter().chain(self.excluded(of, Kinds::NUMBER).filter_map(|not| {
                not.maximum.clone().filter(|_| not.minimum.is_none()).map(beyond)
            }));
        let bounds = self.nodes(of).filter_map(|node| node.minimum.clone()).chain(own);
        bounds.reduce(|one, other| match number::compare(&one.value, &other.value) {
            std::cmp::Ordering::Greater => one,
            std::cmp::Ordering::Less => other,
            std::cmp::Ordering::Equal => {
                if one.exclusive {
                    one
                } else {
                    other
                }
            }
        })
    }

    pub(crate) fn maximum(self, of: &Conjunction) -> Option<Bound> {
        let own = self.integers(of).and_then(|span| bound(span.high?));
        let own =
            own.into_iter().chain(self.excluded(of, Kinds::NUMBER).filter_map(|not| {
                not.minimum.clone().filter(|_| not.maximum.is_none()).map(beyond)
            }));
        let bounds = self.nodes(of).filter_map(|node| node.maximum.clone()).chain(own);
        bounds.reduce(|one, other| match number::compare(&one.value, &other.value) {
            std::cmp::Ordering::Less => one,
            std::cmp::Ordering::Greater => other,
            std::cmp::Ordering::Equal => {
                if one.exclusive {
                    one
                } else {
                    other
                }
            }
        })
    }

    pub(crate) fn length(self, of: &Conjunction) -> (u64, Option<u64>) {
        let each = self.nodes(of).map(|node| (node.min_length, node.max_length));
        let excluded = self.excluded(of, Kinds::STRING);
        let excluded = excluded.map(|not| left_of(not.min_length, not.max_length));
        let patterns = self.nodes(of).filter_map(|node| Some(node.pattern.as_ref()?.lengths()));
        range(each.chain(self.lengths(of, Kinds::STRING)).chain(excluded).chain(patterns))
    }

    pub(crate) fn items(self, of: &Conjunction) -> (u64, Option<u64>) {
        let each = self.nodes(of).map(|node| (node.min_items, node.max_items));
        let excluded = self.excluded(of, Kinds::ARRAY);
        let excluded = excluded.map(|not| left_of(not.min_items, not.max_items));
        let mut range = range(each.chain(self.lengths(of, Kinds::ARRAY)).chain(excluded));
        for node in self.nodes(of) {
            if let Some(contains) = &node.contains {
                range.0 = range.0.max(contains.least);
            }
            // Nothing follows the first ones.
            if node.items.is_some_and(|rest| self.schemas[rest].never) {
                let most = node.prefix.len() as u64;
                range.1 = Some(range.1.map_or(most, |other| other.min(most)));
            }
        }
        range
    }

    /// Schemas that are excluded and say nothing of these kinds but their extent.
    fn excluded(self, of: &Conjunction, kinds: Kinds) -> impl Iterator<Item = &'a Node> {
        let excluded = self.nodes(of).filter_map(|node| Some(&self.schemas[node.not?]));
        excluded.filter(move |not| {
            let rest = Node {
                kinds: Kinds::ALL,
                minimum: None,
                maximum: None,
                min_length: 0,
                max_length: None,
                min_items: 0,
                max_items: None,
                ..(*not).clone()
            };
            kinds.is_within(not.kinds) && rest.finish().is_open
        })
    }

    pub(crate) fn properties(self, of: &Conjunction) -> (u64, Option<u64>) {
        let mut range =
            range(self.nodes(of).map(|node| (node.min_properties, node.max_properties)));
        let names = self.names(of);
        range.0 = range.0.max(names.iter().filter(|name| self.requires(of, name)).count() as u64);
        let is_counted =
            self.others(of).is_none() && self.nodes(of).all(|node| node.patterns.is_empty());
        if is_counted {
            let possible =
                names.iter().filter(|name| matches!(self.member(of, name), Member::Of(_)));
            let most = possible.count() as u64;
            range.1 = Some(range.1.map_or(most, |other| other.min(most)));
        }
        range
    }
}

/// The rest where all up to a bound, or from there on, is excluded.
fn beyond(excluded: Bound) -> Bound {
    Bound { exclusive: !excluded.exclusive, ..excluded }
}

/// The rest of counts where these are excluded; all where that is not from one on.
fn left_of(least: u64, most: Option<u64>) -> (u64, Option<u64>) {
    match (least, most) {
        (0, Some(most)) => (most.saturating_add(1), None),
        (1.., None) => (0, Some(least - 1)),
        _ => (0, None),
    }
}

/// An integer as a bound that includes it; `None` where JSON has no such integer.
fn bound(of: i128) -> Option<Bound> {
    let number = i64::try_from(of).map(Number::from);
    let value = number.or_else(|_| u64::try_from(of).map(Number::from)).ok()?;
    Some(Bound { value, exclusive: false })
}

fn range(each: impl Iterator<Item = (u64, Option<u64>)>) -> (u64, Option<u64>) {
    each.fold((0, None), |(least, most), (low, high)| {
        let most = match (most, high) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        (least.max(low), most)
    })
}
