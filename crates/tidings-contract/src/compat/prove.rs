//! Proof that a reader takes all that a writer writes: keyword by keyword of the reader's schema.
//!
//! A proof is complete or it is none: what stands in its way is noted, and whether that is a break
//! is for a counterexample to say.

use std::collections::HashSet;

use serde_json::Value;

use super::conjunction::{Conjunction, Member, Reader};
use super::evaluate::Evaluator;
use super::kind::Kinds;
use super::node::{Bound, Condition, Contains, Id, Node};
use super::number;
use super::pattern::Pattern;
use super::policy::Policy;
use super::rule::Rule;
use super::same::same;
use super::schemas::{Schemas, escape};

/// How deep a schema is looked into for what it can't hold.
pub(super) const DEPTH: usize = 6;
const MOST_STEPS: usize = 100_000;
const MOST_NESTED: usize = 100;

/// What stands in the way of a proof.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Obstacle {
    pub(super) rule: Rule,
    /// The reader's schema that is not met.
    pub(super) reader: Id,
    /// The writer's schemas of the value.
    pub(super) writer: Vec<Id>,
    /// Pointer to the value in an instance; `*` stands for any item or name.
    pub(super) instance: String,
    /// The writer's and the reader's side of it, for people.
    pub(super) was: String,
    pub(super) is: String,
    /// Why it can't be judged, where that is so.
    pub(super) undecided: Option<String>,
    pub(super) renamed_from: Option<String>,
}

impl Obstacle {
    /// It stands in nobody's way, and is told.
    fn is_note(&self) -> bool {
        matches!(self.rule, Rule::PropertyRenamed | Rule::PropertyDropped)
    }
}

/// A value of one of these alternatives is taken by this schema.
type Claim = (Vec<Conjunction>, Id);

pub(super) struct Prover<'a> {
    reader: Reader<'a>,
    assumed: HashSet<Claim>,
    /// The claims in the order in which they were made: one that fails takes those with it that
    /// were proven while it was assumed.
    trail: Vec<Claim>,
    pub(super) obstacles: Vec<Obstacle>,
    steps: usize,
    nested: usize,
}

impl<'a> Prover<'a> {
    pub(super) fn new(schemas: &'a Schemas, policy: Policy) -> Self {
        let reader = Reader { schemas, policy };
        let (assumed, trail, obstacles) = (HashSet::new(), Vec::new(), Vec::new());
        Self { reader, assumed, trail, obstacles, steps: 0, nested: 0 }
    }

    /// Proves that `right` takes whatever all of `left` allow; notes what is in the way.
    pub(super) fn holds(&mut self, left: &[Id], right: Id, instance: &str) -> bool {
        let schemas = self.reader.schemas;
        if left.iter().any(|left| same(schemas, *left, right)) {
            return true;
        }
        let alternatives = self.reader.alternatives(left);
        self.steps += 1;
        if self.steps > MOST_STEPS || self.nested > MOST_NESTED {
            let why = "it is too large to be looked through";
            let one = alternatives.first().map(|one| one.ids().to_vec()).unwrap_or_default();
            self.undecided(Rule::Undecided, &one, right, instance, why.to_owned());
            return false;
        }
        self.claim(&(alternatives, right), instance)
    }

    /// Proves a claim. While it is being proven it holds: schemas may lead back to themselves.
    fn claim(&mut self, claim: &Claim, instance: &str) -> bool {
        if self.assumed.contains(claim) {
            return true;
        }
        let mark = self.trail.len();
        self.trail.push(claim.clone());
        self.assumed.insert(claim.clone());
        self.nested += 1;
        let mut holds = true;
        for one in &claim.0 {
            holds &= self.alternative(one, claim.1, instance);
        }
        self.nested -= 1;
        if !holds {
            for claim in self.trail.drain(mark..) {
                self.assumed.remove(&claim);
            }
        }
        holds
    }

    fn alternative(&mut self, left: &Conjunction, right: Id, instance: &str) -> bool {
        if self.reader.is_empty(left, DEPTH) {
            return true;
        }
        let schemas = self.reader.schemas;
        if left.ids().iter().any(|left| same(schemas, *left, right)) {
            return true;
        }
        if let Some(values) = self.reader.values(left) {
            return self.each_value(left, &values, right, instance);
        }
        let node = &schemas[right];
        let mut holds = true;
        if node.never {
            return self.broken(Rule::NothingAllowed, left, right, instance, "a value", "nothing");
        }
        if let Some(why) = &node.unsupported {
            let why = why.clone();
            self.undecided(Rule::Undecided, left.ids(), right, instance, why);
            holds = false;
        }
        let kinds = self.reader.kinds(left);
        if !kinds.is_within(node.kinds) {
            let kinds_left = self.possible_kinds(left);
            if !kinds_left.is_within(node.kinds) {
                let (was, is) = (kinds_left.describe(), node.kinds.describe());
                // A type is all there is to say about it.
                return self.broken(Rule::TypeChanged, left, right, instance, &was, &is);
            }
        }
        if let Some(values) = &node.values {
            let is = Value::Array(values.clone()).to_string();
            let was = kinds.describe();
            return self.broken(Rule::EnumIntroduced, left, right, instance, &was, &is);
        }
        if kinds.has(Kinds::NUMBER) {
            holds &= self.numbers(left, right, node, instance);
        }
        if kinds.has(Kinds::STRING) {
            holds &= self.strings(left, right, node, instance);
        }
        if kinds.has(Kinds::ARRAY) {
            holds &= self.arrays(left, right, node, instance);
        }
        if kinds.has(Kinds::OBJECT) {
            holds &= self.objects(left, right, node, instance);
        }
        holds & self.combinators(left, right, node, instance)
    }

    /// The kinds that really have a value.
    fn possible_kinds(&self, left: &Conjunction) -> Kinds {
        self.reader.kinds(left).each().fold(Kinds::NONE, |kinds, kind| {
            if self.reader.is_empty(&left.only(kind), DEPTH) { kinds } else { kinds | kind }
        })
    }

    fn each_value(
        &mut self,
        left: &Conjunction,
        values: &[Value],
        right: Id,
        instance: &str,
    ) -> bool {
        let mut evaluator = Evaluator::new(self.reader.schemas, self.reader.policy);
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
        let mut evaluator = Evaluator::new(schemas, self.reader.policy);
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

    fn numbers(&mut self, left: &Conjunction, right: Id, node: &Node, instance: &str) -> bool {
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
            if !steps.iter().any(|own| number::is_multiple(own, step)) {
                let was = steps.first().map_or("any".to_owned(), ToString::to_string);
                let is = step.to_string();
                holds = self.broken(Rule::StepChanged, left, right, instance, &was, &is);
            }
        }
        holds
    }

    fn strings(&mut self, left: &Conjunction, right: Id, node: &Node, instance: &str) -> bool {
        let reader = self.reader;
        let (least, most) = reader.length(left);
        let mut holds = true;
        if least < node.min_length {
            let (was, is) = (least.to_string(), node.min_length.to_string());
            holds = self.broken(Rule::MinLengthRaised, left, right, instance, &was, &is);
        }
        if let Some(bound) = node.max_length
            && most.is_none_or(|most| most > bound)
        {
            let was = most.map_or("any".to_owned(), |most| most.to_string());
            let is = bound.to_string();
            holds = self.broken(Rule::MaxLengthLowered, left, right, instance, &was, &is);
        }
        if let Some(pattern) = &node.pattern {
            let mut own = reader.nodes(left).filter_map(|node| node.pattern.as_ref());
            if !pattern.is_in_all() && !own.any(|own| own.source == pattern.source) {
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
            if !own.any(|own| own == format) {
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

    fn arrays(&mut self, left: &Conjunction, right: Id, node: &Node, instance: &str) -> bool {
        let reader = self.reader;
        let (least, most) = reader.items(left);
        let mut holds = true;
        if least < node.min_items {
            let (was, is) = (least.to_string(), node.min_items.to_string());
            holds = self.broken(Rule::MinItemsRaised, left, right, instance, &was, &is);
        }
        if let Some(bound) = node.max_items
            && most.is_none_or(|most| most > bound)
        {
            let was = most.map_or("any".to_owned(), |most| most.to_string());
            let is = bound.to_string();
            holds = self.broken(Rule::MaxItemsLowered, left, right, instance, &was, &is);
        }
        let is_unique = reader.nodes(left).any(|node| node.unique) || most.is_some_and(|m| m <= 1);
        if node.unique && !is_unique {
            let rule = Rule::UniqueIntroduced;
            holds = self.broken(rule, left, right, instance, "any items", "different items");
        }
        let can_have = |at: usize| most.is_none_or(|most| (at as u64) < most);
        for (at, item) in node.prefix.iter().enumerate().filter(|(at, _)| can_have(*at)) {
            let own = reader.item(left, at);
            holds &= self.holds(&own, *item, &format!("{instance}/{at}"));
        }
        if let Some(rest) = node.items {
            let first = node.prefix.len();
            let named = reader.prefix(left);
            for at in (first..named).filter(|at| can_have(*at)) {
                let own = reader.item(left, at);
                holds &= self.holds(&own, rest, &format!("{instance}/{at}"));
            }
            let after = first.max(named);
            if can_have(after) {
                let own = reader.item(left, after);
                holds &= self.holds(&own, rest, &format!("{instance}/*"));
            }
        }
        if let Some(contains) = &node.contains {
            holds &= self.contains(left, right, contains, instance);
        }
        if node.unevaluated_items.is_some_and(|rest| !reader.schemas[rest].says_nothing()) {
            let why = "`unevaluatedItems` depends on what else has looked at an item".to_owned();
            self.undecided(Rule::Undecided, left.ids(), right, instance, why);
            holds = false;
        }
        holds
    }

    fn contains(
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
            enough |=
                one.least >= contains.least && self.holds(&[one.schema], contains.schema, instance);
        }
        if !enough {
            // Items that are certainly there.
            let there = usize::try_from(least).unwrap_or(usize::MAX).min(64);
            let mut found = 0;
            for at in 0..there {
                let item = reader.item(left, at);
                found += u64::from(self.holds(&item, contains.schema, instance));
            }
            enough = found >= contains.least;
        }
        self.obstacles.truncate(before);
        let few = contains.most.is_none_or(|bound| {
            most.is_some_and(|most| most <= bound)
                || reader.nodes(left).any(|node| {
                    node.contains.as_ref().is_some_and(|own| {
                        own.most.is_some_and(|most| most <= bound)
                            && same(reader.schemas, own.schema, contains.schema)
                    })
                })
        });
        if enough && few {
            return true;
        }
        self.broken(Rule::ContainsChanged, left, right, instance, "other items", "such items")
    }

    fn objects(&mut self, left: &Conjunction, right: Id, node: &Node, instance: &str) -> bool {
        let reader = self.reader;
        let mut holds = true;
        for name in &node.required {
            if !reader.requires(left, name) {
                let at = format!("{instance}/{}", escape(name));
                let rule = if reader.names(left).contains(name.as_str()) {
                    Rule::OptionalBecameRequired
                } else {
                    Rule::RequiredAdded
                };
                holds = self.broken(rule, left, right, &at, "may be left out", "required");
            }
        }
        let (least, most) = reader.properties(left);
        if least < node.min_properties {
            let (was, is) = (least.to_string(), node.min_properties.to_string());
            holds = self.broken(Rule::MinPropertiesRaised, left, right, instance, &was, &is);
        }
        if let Some(bound) = node.max_properties
            && most.is_none_or(|most| most > bound)
        {
            let was = most.map_or("any".to_owned(), |most| most.to_string());
            let is = bound.to_string();
            holds = self.broken(Rule::MaxPropertiesLowered, left, right, instance, &was, &is);
        }
        holds &= self.members(left, right, node, instance);
        holds &= self.names(left, right, node, instance);
        for (by, names) in &node.dependent_required {
            for name in names {
                holds &= self.depends(left, right, (by, name), instance);
            }
        }
        for (by, schema) in &node.dependent_schemas {
            if matches!(reader.member(left, by), Member::Of(_)) {
                holds &= self.holds_for(left, *schema, instance);
            }
        }
        if let Some(rest) = node.unevaluated_properties {
            holds &= self.unevaluated(left, right, rest, instance);
        }
        holds
    }

    fn members(&mut self, left: &Conjunction, right: Id, node: &Node, instance: &str) -> bool {
        let reader = self.reader;
        let mut names = reader.names(left);
        names.extend(node.properties.keys().map(String::as_str));
        let mut holds = true;
        for name in names {
            let Member::Of(own) = reader.member(left, name) else { continue };
            let at = format!("{instance}/{}", escape(name));
            if !own.is_empty()
                && reader.alternatives(&own).iter().all(|one| reader.is_empty(one, DEPTH))
            {
                continue;
            }
            let mut known = false;
            if let Some(schema) = node.properties.get(name) {
                holds &= self.holds(&own, *schema, &at);
                known = true;
            }
            for (pattern, schema) in &node.patterns {
                match pattern.is_in(name) {
                    Some(true) => {
                        holds &= self.holds(&own, *schema, &at);
                        known = true;
                    }
                    Some(false) => {}
                    None => holds = self.untried(left, right, pattern, &at),
                }
            }
            if !known && let Some(rest) = node.additional {
                if reader.schemas[rest].never {
                    let rule = Rule::PropertyRefused;
                    holds = self.broken(rule, left, right, &at, "a property", "none of that name");
                } else {
                    holds &= self.holds(&own, rest, &at);
                }
            }
        }
        self.note_dropped(left, right, node, instance);
        holds & self.unnamed(left, right, node, instance)
    }

    /// Notes what a reader passes over: a field that it no longer has, or has under another name.
    fn note_dropped(&mut self, left: &Conjunction, right: Id, node: &Node, instance: &str) {
        let reader = self.reader;
        let is_struct = !node.properties.is_empty() || node.additional.is_none();
        if reader.policy != Policy::Typed || !is_struct {
            return;
        }
        let own = reader.names(left);
        let all = reader.alternatives(&[right]);
        let is_read = |name: &str| {
            all.iter()
                .any(|one| matches!(reader.member(one, name), Member::Of(ids) if !ids.is_empty()))
        };
        let new: Vec<(&String, Id)> = node
            .properties
            .iter()
            .filter(|(name, _)| !own.contains(name.as_str()))
            .map(|(name, id)| (name, *id))
            .collect();
        for name in own.iter().filter(|name| !is_read(name)) {
            let Member::Of(ids) = reader.member(left, name) else { continue };
            if ids.is_empty() {
                continue;
            }
            let renamed = new.iter().find(|(other, id)| {
                let alike = |own: &Id| same(reader.schemas, *own, *id);
                is_similar(name, other) && ids.iter().any(alike)
            });
            let (rule, to) = match renamed {
                Some((to, _)) => (Rule::PropertyRenamed, to.as_str()),
                None => (Rule::PropertyDropped, *name),
            };
            self.obstacles.push(Obstacle {
                rule,
                reader: right,
                writer: ids,
                instance: format!("{instance}/{}", escape(to)),
                was: (*name).to_owned(),
                is: if rule == Rule::PropertyRenamed {
                    to.to_owned()
                } else {
                    "nothing".to_owned()
                },
                undecided: None,
                renamed_from: renamed.map(|_| (*name).to_owned()),
            });
        }
    }

    /// What is under names that no schema of the writer's has, or only by a pattern.
    fn unnamed(&mut self, left: &Conjunction, right: Id, node: &Node, instance: &str) -> bool {
        let reader = self.reader;
        let at = format!("{instance}/*");
        let mut holds = true;
        let own_patterns: Vec<(&Pattern, Id)> = reader
            .nodes(left)
            .flat_map(|node| node.patterns.iter().map(|(pattern, id)| (pattern, *id)))
            .collect();
        for &(pattern, own) in &own_patterns {
            let mut known = false;
            for (other, schema) in &node.patterns {
                known |= other.source == pattern.source;
                // Another pattern may be met by the same names.
                if !pattern.is_apart(other) {
                    holds &= self.holds(&[own], *schema, &at);
                }
            }
            if !known && let Some(rest) = node.additional {
                holds &= self.holds(&[own], rest, &at);
            }
            for (name, schema) in &node.properties {
                if pattern.is_in(name) == Some(true) {
                    holds &= self.holds(&[own], *schema, &format!("{instance}/{}", escape(name)));
                }
            }
        }
        if let Some(rest_left) = reader.others(left) {
            for (pattern, schema) in &node.patterns {
                // A name that has it has one of the writer's, and was looked at.
                if !own_patterns.iter().any(|(own, _)| own.source == pattern.source) {
                    holds &= self.holds(&rest_left, *schema, &at);
                }
            }
            if let Some(rest) = node.additional {
                if reader.schemas[rest].never {
                    let (rule, is) = (Rule::PropertyRefused, "no other");
                    holds = self.broken(rule, left, right, &at, "other properties", is);
                } else {
                    holds &= self.holds(&rest_left, rest, &at);
                }
            }
        }
        holds
    }

    fn names(&mut self, left: &Conjunction, right: Id, node: &Node, instance: &str) -> bool {
        let reader = self.reader;
        let Some(schema) = node.names else { return true };
        let mut evaluator = Evaluator::new(reader.schemas, reader.policy);
        let mut holds = true;
        for name in reader.names(left) {
            if !matches!(reader.member(left, name), Member::Of(_)) {
                continue;
            }
            let at = format!("{instance}/{}", escape(name));
            match evaluator.accepts(schema, &Value::String(name.to_owned())) {
                Some(true) => {}
                Some(false) => {
                    let rule = Rule::PropertyNameRefused;
                    holds = self.broken(rule, left, right, &at, name, "another name");
                }
                None => {
                    let why = format!("whether {name:?} is a name can't be told");
                    self.undecided(Rule::Undecided, left.ids(), right, &at, why);
                    holds = false;
                }
            }
        }
        let mut nodes = reader.nodes(left);
        if reader.others(left).is_some() || nodes.any(|node| !node.patterns.is_empty()) {
            let own: Vec<Id> = reader.nodes(left).filter_map(|node| node.names).collect();
            holds &= self.names_hold(&own, schema, &format!("{instance}/*"));
        }
        holds
    }

    fn names_hold(&mut self, own: &[Id], schema: Id, at: &str) -> bool {
        let schemas = self.reader.schemas;
        if own.iter().any(|own| same(schemas, *own, schema)) {
            return true;
        }
        let mut holds = true;
        for one in self.reader.alternatives(own) {
            // A name is a text.
            holds &= self.alternative(&one.only(Kinds::STRING), schema, at);
        }
        holds
    }

    fn depends(
        &mut self,
        left: &Conjunction,
        right: Id,
        (by, name): (&str, &str),
        instance: &str,
    ) -> bool {
        let reader = self.reader;
        let own =
            |node: &Node| node.dependent_required.get(by).is_some_and(|names| names.contains(name));
        if matches!(reader.member(left, by), Member::Absent)
            || reader.requires(left, name)
            || reader.nodes(left).any(own)
        {
            return true;
        }
        let at = format!("{instance}/{}", escape(name));
        let is = format!("required beside {by:?}");
        self.broken(Rule::DependencyAdded, left, right, &at, "may be left out", &is)
    }

    fn unevaluated(&mut self, left: &Conjunction, right: Id, rest: Id, instance: &str) -> bool {
        let reader = self.reader;
        if reader.schemas[rest].says_nothing() {
            return true;
        }
        // What is looked at in any case, whatever the value.
        let sure = reader.alternatives(&[right]);
        let known = |name: &str| {
            sure.iter().all(|one| {
                reader.nodes(one).any(|node| {
                    node.properties.contains_key(name)
                        || node.additional.is_some()
                        || node.patterns.iter().any(|(p, _)| p.is_in(name) == Some(true))
                })
            })
        };
        let named: Vec<&str> = reader
            .names(left)
            .into_iter()
            .filter(|name| matches!(reader.member(left, name), Member::Of(_)) && !known(name))
            .collect();
        let others = reader.others(left);
        if named.is_empty() && others.is_none() {
            return true;
        }
        if let Some(name) = named.first() {
            let at = format!("{instance}/{}", escape(name));
            let rule = Rule::PropertyRefused;
            return self.broken(rule, left, right, &at, "a property", "none of that name");
        }
        self.broken(Rule::PropertyRefused, left, right, instance, "other properties", "no other")
    }

    fn combinators(&mut self, left: &Conjunction, right: Id, node: &Node, instance: &str) -> bool {
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

    /// The same value, for another of the reader's schemas.
    fn holds_for(&mut self, left: &Conjunction, right: Id, instance: &str) -> bool {
        self.steps += 1;
        if self.steps > MOST_STEPS || self.nested > MOST_NESTED {
            let why = "it is too large to be looked through".to_owned();
            self.undecided(Rule::Undecided, left.ids(), right, instance, why);
            return false;
        }
        self.claim(&(vec![left.clone()], right), instance)
    }

    /// One of several schemas, or exactly one of them.
    fn one_holds(
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
                if !self.reader.is_empty(&one, DEPTH) {
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
    fn is_apart(&mut self, left: &Conjunction, right: Id) -> bool {
        let mut ids = left.ids().to_vec();
        ids.push(right);
        let kinds = self.reader.kinds(left);
        let alternatives = self.reader.alternatives(&ids);
        alternatives.iter().all(|both| {
            let both = both.only(kinds);
            if self.reader.is_empty(&both, DEPTH) {
                return true;
            }
            // What both say, `not` may say no to.
            let nots: Vec<Id> = self.reader.nodes(&both).filter_map(|node| node.not).collect();
            let before = self.obstacles.len();
            let is_apart = nots.iter().any(|not| {
                both.ids().iter().any(|id| same(self.reader.schemas, *id, *not))
                    || self.nested < MOST_NESTED && {
                        self.nested += 1;
                        let holds = self.holds(&[right], *not, "");
                        self.nested -= 1;
                        holds
                    }
            });
            self.obstacles.truncate(before);
            is_apart
        })
    }

    fn condition(
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

    fn untried(&mut self, left: &Conjunction, right: Id, pattern: &Pattern, at: &str) -> bool {
        let why = format!("the pattern {:?} can't be tried here", pattern.source);
        self.undecided(Rule::Undecided, left.ids(), right, at, why);
        false
    }

    fn undecided(&mut self, rule: Rule, left: &[Id], right: Id, instance: &str, why: String) {
        self.obstacles.push(Obstacle {
            rule,
            reader: right,
            writer: left.to_vec(),
            instance: instance.to_owned(),
            was: String::new(),
            is: String::new(),
            undecided: Some(why),
            renamed_from: None,
        });
    }

    fn broken(
        &mut self,
        rule: Rule,
        left: &Conjunction,
        right: Id,
        instance: &str,
        was: &str,
        is: &str,
    ) -> bool {
        self.obstacles.push(Obstacle {
            rule,
            reader: right,
            writer: left.ids().to_vec(),
            instance: instance.to_owned(),
            was: was.to_owned(),
            is: is.to_owned(),
            undecided: None,
            renamed_from: None,
        });
        false
    }
}

/// Returns `true` if one name may have been made from the other: they share a word or most of
/// their letters.
fn is_similar(one: &str, other: &str) -> bool {
    let words = |name: &str| -> Vec<String> {
        name.split(['_', '-']).filter(|word| word.len() > 2).map(str::to_lowercase).collect()
    };
    let theirs = words(other);
    words(one).iter().any(|word| theirs.contains(word)) || strsim::jaro_winkler(one, other) > 0.8
}

fn kinds_of(values: &[Value]) -> Kinds {
    values.iter().fold(Kinds::NONE, |kinds, value| kinds | Kinds::of(value, true))
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
    if whole && let (Some(low), Some(bound)) = (whole_bound(low, 1), whole_bound(bound, 1)) {
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
    if whole && let (Some(high), Some(bound)) = (whole_bound(high, -1), whole_bound(bound, -1)) {
        return high <= bound;
    }
    match number::compare(&high.value, &bound.value) {
        std::cmp::Ordering::Less => true,
        std::cmp::Ordering::Equal => high.exclusive || !bound.exclusive,
        std::cmp::Ordering::Greater => false,
    }
}

/// The first integer within a bound, `inwards` being the direction from it.
fn whole_bound(bound: &Bound, inwards: i128) -> Option<i128> {
    let value = number::integer(&bound.value)?;
    Some(if bound.exclusive { value + inwards } else { value })
}
