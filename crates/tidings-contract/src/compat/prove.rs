//! Proof that a reader takes all that a writer writes: keyword by keyword of the reader's schema.
//!
//! A proof is complete or it is none: what stands in its way is noted, and whether that is a break
//! is for a counterexample to say.

mod array;
mod claim;
mod combinator;
mod object;
mod obstacle;
mod scalar;
mod value;

use hashbrown::HashMap;
use serde_json::Value;

use super::conjunction::{Conjunction, Reader};
use super::kind::Kinds;
use super::node::Id;
use super::rule::Rule;
use super::work::MOST_STEPS;

pub(super) use obstacle::Obstacle;

use claim::{Claim, Standing};

/// Number of levels of a schema that are looked into for what it can't hold.
pub(super) const DEPTH: usize = 6;
/// Largest number of schemas that may be compared within one another.
const MOST_NESTED: usize = 100;
/// Largest number of exclusions that may be looked into within one another.
const MOST_EXCLUDED: usize = 6;
/// Longest pointer to a value, in bytes.
const LONGEST: usize = 16 * 1024;

pub(super) struct Prover<'a> {
    reader: Reader<'a>,
    assumed: HashMap<Claim, Standing>,
    /// The claims in the order in which they were made: one that fails takes those with it that
    /// were proven while it was assumed.
    trail: Vec<Claim>,
    /// Conjunctions of which it is known whether they leave any value.
    empty: HashMap<Conjunction, bool>,
    /// Values of those conjunctions that have few.
    few: HashMap<Conjunction, Option<Vec<Value>>>,
    pub(super) obstacles: Vec<Obstacle>,
    /// The place at which the proof was given up, and why.
    pub(super) given_up: Option<Box<Obstacle>>,
    nested: usize,
    /// Number of exclusions that are being looked into.
    excluded: usize,
    /// Number of values that the one that is looked at lies in.
    level: usize,
}

impl<'a> Prover<'a> {
    pub(super) fn new(reader: Reader<'a>) -> Self {
        Self {
            reader,
            assumed: HashMap::new(),
            trail: Vec::new(),
            empty: HashMap::new(),
            few: HashMap::new(),
            obstacles: Vec::new(),
            given_up: None,
            nested: 0,
            excluded: 0,
            level: 0,
        }
    }

    /// Proves that `right` takes whatever all of `left` allow for a value within the one that is looked
    /// at; notes what is in the way.
    pub(super) fn holds_within(&mut self, left: &[Id], right: Id, instance: &str) -> bool {
        self.level += 1;
        let holds = self.holds(left, right, instance);
        self.level -= 1;
        holds
    }

    /// Proves that `right` takes whatever all of `left` allow; notes what is in the way.
    pub(super) fn holds(&mut self, left: &[Id], right: Id, instance: &str) -> bool {
        if !self.may_go_on(left, right, instance) {
            return false;
        }
        let reader = self.reader;
        if left.iter().any(|left| reader.same(*left, right)) {
            return true;
        }
        let alternatives = reader.alternatives(left);
        if self.nested > MOST_NESTED {
            return self.give_up(left, right, instance);
        }
        self.claim(&(alternatives, right), instance)
    }

    /// Returns `false`, and notes it once, where no more steps may be taken.
    ///
    /// A proof that was given up is looked at no further: it would be given up at each place again.
    fn may_go_on(&mut self, left: &[Id], right: Id, instance: &str) -> bool {
        if self.given_up.is_some() {
            return false;
        }
        let steps = 1 + left.len() / 8 + instance.len() / 64;
        self.reader.work.spend(steps) && instance.len() <= LONGEST
            || self.give_up(left, right, instance)
    }

    /// Ends the proof with what is in its way.
    fn give_up(&mut self, left: &[Id], right: Id, instance: &str) -> bool {
        let why = if self.nested > MOST_NESTED {
            format!("more than {MOST_NESTED} schemas lie in one another")
        } else if instance.len() > LONGEST {
            format!("the pointer to it has more than {LONGEST} bytes")
        } else {
            format!("more than {MOST_STEPS} steps are needed to look through it")
        };
        // The pointer to a value is said up to where it becomes a burden.
        let ends = (0..=LONGEST.min(instance.len())).rev();
        let end = ends.into_iter().find(|end| instance.is_char_boundary(*end)).unwrap_or(0);
        self.undecided(Rule::Undecided, left, right, &instance[..end], why);
        self.given_up = self.obstacles.last().cloned().map(Box::new);
        false
    }

    fn alternative(&mut self, left: &Conjunction, right: Id, instance: &str) -> bool {
        let reader = self.reader;
        if reader.kinds(left).is_none() || left.ids().iter().any(|left| reader.same(*left, right)) {
            return true;
        }
        if let Some(values) = reader.values(left) {
            return values.is_empty() || self.each_value(left, &values, right, instance);
        }
        let before = self.obstacles.len();
        if self.each_keyword(left, right, instance) {
            return true;
        }
        if self.given_up.is_some() {
            return false;
        }
        if self.is_empty(left) {
            // What can't be written is in nobody's way.
            self.obstacles.truncate(before);
            return true;
        }
        let holds = self.few_hold(left, right);
        if holds {
            self.keep_notes(before);
        }
        holds
    }

    /// Returns `true` if no value is left for it, as far as one can see.
    fn is_empty(&mut self, of: &Conjunction) -> bool {
        let known = self.empty.get(of).copied();
        let is_empty = known.unwrap_or_else(|| {
            let is_empty =
                self.reader.is_empty(of, DEPTH) || self.few(of).is_some_and(<[_]>::is_empty);
            self.empty.insert(of.clone(), is_empty);
            is_empty
        });
        // That may rest on claims which are open: it is not kept.
        is_empty || self.is_excluded(of)
    }

    /// Returns `true` if all of it is excluded by itself.
    fn is_excluded(&mut self, of: &Conjunction) -> bool {
        let nots: Vec<Id> = self.reader.nodes(of).filter_map(|node| node.not).collect();
        let before = self.obstacles.len();
        let is_excluded = nots.iter().any(|not| {
            of.ids().iter().any(|id| self.reader.same(*id, *not))
                || self.excluded < MOST_EXCLUDED && self.nested < MOST_NESTED && {
                    self.excluded += 1;
                    let holds = self.holds(of.ids(), *not, "");
                    self.excluded -= 1;
                    holds
                }
        });
        self.obstacles.truncate(before);
        is_excluded
    }

    fn each_keyword(&mut self, left: &Conjunction, right: Id, instance: &str) -> bool {
        let schemas = self.reader.schemas;
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
            if !self.reader.work.spend(values.len()) {
                return self.give_up(left.ids(), right, instance);
            }
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
    fn possible_kinds(&mut self, left: &Conjunction) -> Kinds {
        self.reader.kinds(left).each().fold(Kinds::NONE, |kinds, kind| {
            if self.is_empty(&left.only(kind)) { kinds } else { kinds | kind }
        })
    }
}
