//! Numbers and texts: each keyword of the reader's against the bounds of the writer.

use super::Prover;
use crate::compat::conjunction::Conjunction;
use crate::compat::format;
use crate::compat::kind::Kinds;
use crate::compat::node::{Bound, Id, Node};
use crate::compat::number;
use crate::compat::rule::Rule;

/// The least, and the most where there is one.
type Range = (u64, Option<u64>);

impl Prover<'_> {
    pub(super) fn numbers(
        &mut self,
        left: &Conjunction,
        right: Id,
        node: &Node,
        instance: &str,
    ) -> bool {
        let reader = self.reader;
        let mut holds = true;
        let whole = !reader.kinds(left).has(Kinds::FRACTION);
        if let Some(bound) = &node.minimum {
            let low = reader.minimum(left);
            let met = low.as_ref().is_some_and(|low| is_above(low, bound, whole));
            if !met {
                let (was, is) = (said(low.as_ref(), ">"), said(Some(bound), ">"));
                holds = self.broken(Rule::MinimumRaised, left, right, instance, &was, &is);
            }
        }
        if let Some(bound) = &node.maximum {
            let high = reader.maximum(left);
            let met = high.as_ref().is_some_and(|high| is_below(high, bound, whole));
            if !met {
                let (was, is) = (said(high.as_ref(), "<"), said(Some(bound), "<"));
                holds = self.broken(Rule::MaximumLowered, left, right, instance, &was, &is);
            }
        }
        if let Some(step) = &node.multiple_of {
            let steps = reader.nodes(left).filter_map(|node| node.multiple_of.as_ref());
            let mut steps: Vec<_> = steps.collect();
            let one = serde_json::Number::from(1_u8);
            if whole {
                steps.push(&one);
            }
            let is_met = steps.iter().any(|own| number::is_multiple(own, step));
            if !is_met && !number::common(&steps).is_some_and(|own| number::is_multiple(&own, step))
            {
                let was = steps.first().map_or("any".to_owned(), ToString::to_string);
                let is = step.to_string();
                holds = self.broken(Rule::StepChanged, left, right, instance, &was, &is);
            }
        }
        holds
    }

    /// Compares how many letters, items or members there are with how many are taken.
    pub(super) fn counts(
        &mut self,
        left: &Conjunction,
        right: Id,
        instance: &str,
        ((least, most), (lowest, highest)): (Range, Range),
        (raised, lowered): (Rule, Rule),
    ) -> bool {
        let mut holds = true;
        if least < lowest {
            let (was, is) = (least.to_string(), lowest.to_string());
            holds = self.broken(raised, left, right, instance, &was, &is);
        }
        if let Some(highest) = highest
            && most.is_none_or(|most| most > highest)
        {
            let was = most.map_or("any".to_owned(), |most| most.to_string());
            holds = self.broken(lowered, left, right, instance, &was, &highest.to_string());
        }
        holds
    }

    pub(super) fn strings(
        &mut self,
        left: &Conjunction,
        right: Id,
        node: &Node,
        instance: &str,
    ) -> bool {
        let reader = self.reader;
        let (least, most) = reader.length(left);
        let mut holds = true;
        let asked = (node.min_length, node.max_length);
        let rules = (Rule::MinLengthRaised, Rule::MaxLengthLowered);
        holds &= self.counts(left, right, instance, ((least, most), asked), rules);
        if let Some(pattern) = &node.pattern {
            let mut own = reader.nodes(left).filter_map(|node| node.pattern.as_ref());
            if !pattern.is_in_all() && !own.any(|own| reader.covers(pattern, own)) {
                let own = reader.nodes(left).find_map(|node| node.pattern.as_ref());
                let was = own.map_or("any text".to_owned(), |own| own.source.clone());
                let source = pattern.source.clone();
                holds = self.broken(Rule::PatternChanged, left, right, instance, &was, &source);
            }
        }
        let policy = reader.policy;
        if let Some(format) = &node.format
            && policy.format_binds(format)
        {
            let mut own = reader.nodes(left).filter_map(|node| node.format.as_ref());
            if !own.any(|own| format::is_within(own, format)) {
                let own = reader.nodes(left).find_map(|node| node.format.as_ref());
                let was = own.map_or("any text".to_owned(), Clone::clone);
                holds = self.broken(Rule::FormatChanged, left, right, instance, &was, format);
            }
        }
        for (keyword, is) in node.content.iter().filter(|_| policy.content_binds()) {
            let mut own = reader.nodes(left).filter_map(|node| node.content.get(keyword));
            if !own.any(|own| own == is) {
                let own = reader.nodes(left).find_map(|node| node.content.get(keyword));
                let was = own.map_or("any text".to_owned(), Clone::clone);
                holds = self.broken(Rule::ContentChanged, left, right, instance, &was, is);
            }
        }
        holds
    }
}

fn said(bound: Option<&Bound>, sign: &str) -> String {
    bound.map_or_else(
        || "no limit".to_owned(),
        |bound| {
            let equal = if bound.exclusive { "" } else { "=" };
            format!("{sign}{equal} {}", bound.value)
        },
    )
}

/// Returns `true` if everything from `low` on is from `bound` on.
fn is_above(low: &Bound, bound: &Bound, whole: bool) -> bool {
    if whole && let (Some(low), Some(bound)) = (number::whole(low, 1), number::whole(bound, 1)) {
        return low >= bound;
    }
    match number::compare(&low.value, &bound.value) {
        std::cmp::Ordering::Greater => true,
        std::cmp::Ordering::Equal => low.exclusive || !bound.exclusive,
        std::cmp::Ordering::Less => false,
    }
}

/// Returns `true` if everything up to `high` is up to `bound`.
fn is_below(high: &Bound, bound: &Bound, whole: bool) -> bool {
    if whole && let (Some(high), Some(bound)) = (number::whole(high, -1), number::whole(bound, -1))
    {
        return high <= bound;
    }
    match number::compare(&high.value, &bound.value) {
        std::cmp::Ordering::Less => true,
        std::cmp::Ordering::Equal => high.exclusive || !bound.exclusive,
        std::cmp::Ordering::Greater => false,
    }
}
