//! Proof that a reader takes all that a writer writes: keyword by keyword of the reader's schema.
//!
//! A proof is complete or it is none: what stands in its way is noted, and whether that is a break
//! is for a counterexample to say.

mod array;
mod combinator;
mod object;
mod scalar;

use std::cell::RefCell;
use std::collections::HashMap;

use serde_json::Value;

use super::conjunction::{Conjunction, Reader};
use super::evaluate::Evaluator;
use super::kind::Kinds;
use super::node::Id;
use super::rule::Rule;
use super::work::MOST_STEPS;

/// Number of levels of a schema that are looked into for what it can't hold.
pub(super) const DEPTH: usize = 6;
/// Largest number of schemas that may be compared within one another.
const MOST_NESTED: usize = 100;
/// Largest number of exclusions that may be looked into within one another.
const MOST_EXCLUDED: usize = 6;
/// Longest pointer to a value, in bytes.
const LONGEST: usize = 16 * 1024;

/// Obstacle to a proof.
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
    /// Reason that it can't be judged, where that is so.
    pub(super) undecided: Option<String>,
    pub(super) renamed_from: Option<String>,
}

impl Obstacle {
    /// Returns `true` if it is only told, and in nobody's way.
    fn is_note(&self) -> bool {
        matches!(self.rule, Rule::PropertyRenamed | Rule::PropertyDropped)
    }
}

/// A value of one of these alternatives is taken by this schema.
type Claim = (Vec<Conjunction>, Id);

/// Standing of a claim: a value lies `level` values deep in the one that is written.
#[derive(Debug, Clone, Copy)]
enum Standing {
    /// Being proven: it holds for what lies deeper, by induction, and not for the same value, which
    /// would prove anything.
    Open { level: usize },
    /// Proven, from this level on: its proof may rest on claims that are open further up.
    Proven { level: usize },
}

impl Standing {
    fn holds_at(self, at: usize) -> bool {
        match self {
            Self::Open { level } => at > level,
            Self::Proven { level } => at >= level,
        }
    }
}

pub(super) struct Prover<'a> {
    reader: Reader<'a>,
    assumed: HashMap<Claim, Standing>,
    /// The claims in the order in which they were made: one that fails takes those with it that
    /// were proven while it was assumed.
    trail: Vec<Claim>,
    /// Conjunctions of which it is known whether they leave any value.
    empty: RefCell<HashMap<Conjunction, bool>>,
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
            empty: RefCell::default(),
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

    /// Proves a claim. While it is being proven it holds further down: schemas may lead back to
    /// themselves.
    fn claim(&mut self, claim: &Claim, instance: &str) -> bool {
        let level = self.level;
        match self.assumed.get(claim).copied() {
            Some(standing) if standing.holds_at(level) => return true,
            Some(Standing::Open { .. }) => {
                let one = claim.0.first().map(Conjunction::ids).unwrap_or_default();
                let why = "it leads back to itself for the same value".to_owned();
                self.undecided(Rule::Undecided, one, claim.1, instance, why);
                return false;
            }
            _ => {}
        }
        let mark = self.trail.len();
        self.trail.push(claim.clone());
        self.assumed.insert(claim.clone(), Standing::Open { level });
        self.nested += 1;
        let mut holds = true;
        for one in &claim.0 {
            holds &= self.alternative(one, claim.1, instance);
        }
        self.nested -= 1;
        if holds {
            self.assumed.insert(claim.clone(), Standing::Proven { level });
        } else {
            for claim in self.trail.drain(mark..) {
                self.assumed.remove(&claim);
            }
        }
        holds
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
        if self.given_up.is_some() || !self.is_empty(left) {
            return false;
        }
        // What can't be written is in nobody's way.
        self.obstacles.truncate(before);
        true
    }

    /// Returns `true` if no value is left for it, as far as one can see.
    fn is_empty(&self, of: &Conjunction) -> bool {
        if let Some(known) = self.empty.borrow().get(of) {
            return *known;
        }
        let is_empty = self.reader.is_empty(of, DEPTH);
        self.empty.borrow_mut().insert(of.clone(), is_empty);
        is_empty
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
    fn possible_kinds(&self, left: &Conjunction) -> Kinds {
        self.reader.kinds(left).each().fold(Kinds::NONE, |kinds, kind| {
            if self.is_empty(&left.only(kind)) { kinds } else { kinds | kind }
        })
    }

    fn each_value(
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

fn kinds_of(values: &[Value]) -> Kinds {
    values.iter().fold(Kinds::NONE, |kinds, value| kinds | Kinds::of(value, true))
}
