//! Alternatives of a value: one schema of each choice, and what makes the choice.

use std::collections::BTreeSet;

use super::{Conjunction, Presence, Reader, mentions, names_any, names_of};
use crate::compat::node::{Id, Node};

/// Largest number of alternatives that a value is split into; where there are more, what tells them
/// apart is left out.
const MOST_ALTERNATIVES: usize = 96;
/// Deepest level of alternatives within alternatives.
const MOST_NESTED: usize = 12;

/// One of the alternatives of a value.
#[derive(Debug, Clone, Default)]
struct Alternative {
    ids: BTreeSet<Id>,
    is_partial: bool,
    presences: BTreeSet<Presence>,
}

/// One way of a choice: the schemas that hold then, and what is known of the value.
#[derive(Debug, Default)]
struct Way {
    ids: Vec<Id>,
    presence: Option<Presence>,
}

impl Way {
    fn of(ids: impl IntoIterator<Item = Id>) -> Self {
        Self { ids: ids.into_iter().collect(), presence: None }
    }
}

impl Reader<'_> {
    /// The alternatives of a value for which all of these hold. Together they allow at least what
    /// the schemas allow.
    pub(crate) fn alternatives(self, ids: &[Id]) -> Vec<Conjunction> {
        if let Some(one) = self.alone(ids) {
            return vec![one];
        }
        let all = self.split(ids, BTreeSet::new(), 0);
        all.into_iter()
            .map(|Alternative { ids, is_partial, presences }| Conjunction {
                ids: ids.into_iter().collect(),
                kinds: u8::MAX,
                is_partial,
                span: None,
                presences: presences.into_iter().collect(),
            })
            .collect()
    }

    /// The only alternative, where there is nothing to choose but references to follow.
    fn alone(self, ids: &[Id]) -> Option<Conjunction> {
        const MOST: usize = 8;
        let mut all = ids.to_vec();
        let mut next = 0;
        while let Some(id) = all.get(next) {
            let node = &self.schemas[*id];
            let combines =
                [&node.all_of, &node.any_of, &node.one_of].iter().any(|all| !all.is_empty());
            if combines
                || node.not.is_some()
                || node.condition.is_some()
                || !node.dependent_schemas.is_empty()
                || all.len() > MOST
            {
                return None;
            }
            all.extend(node.reference);
            next += 1;
        }
        all.sort_unstable();
        all.dedup();
        Some(Conjunction {
            ids: all,
            kinds: u8::MAX,
            is_partial: false,
            span: None,
            presences: Vec::new(),
        })
    }

    /// Splits them; `seen` holds in any case.
    fn split(self, ids: &[Id], mut seen: BTreeSet<Id>, depth: usize) -> Vec<Alternative> {
        let mut first = Alternative::default();
        let mut open: Vec<Id> = ids.to_vec();
        let mut choices: Vec<Vec<Way>> = Vec::new();
        let mut tests = Vec::new();
        while let Some(id) = open.pop() {
            if !seen.insert(id) {
                continue;
            }
            let node = &self.schemas[id];
            first.ids.insert(id);
            open.extend(node.reference);
            open.extend(&node.all_of);
            open.extend(self.twice_excluded(node));
            for branches in [&node.any_of, &node.one_of] {
                if !branches.is_empty() {
                    choices.push(branches.iter().map(|id| Way::of([*id])).collect());
                }
            }
            for (at, schema) in node.dependent_schemas.values().enumerate() {
                let presence = |is_there| Some(Presence { of: id, at, is_there });
                choices.push(vec![
                    Way { ids: vec![*schema], presence: presence(true) },
                    Way { ids: Vec::new(), presence: presence(false) },
                ]);
            }
            if let Some(condition) = &node.condition {
                let holds = [condition.test].into_iter().chain(condition.then);
                choices.push(vec![Way::of(holds), Way::of(condition.otherwise)]);
                tests.push(condition.test);
            }
        }
        // A test that fails has named what it looks at, too.
        first.is_partial = tests.into_iter().any(|test| !self.names_no_more(test, &seen));
        let mut done = vec![first];
        for branches in choices {
            let branches =
                self.split_each(&branches, &seen, done.len(), depth).unwrap_or_else(|| {
                    // What tells them apart is left out.
                    vec![Alternative { is_partial: true, ..Alternative::default() }]
                });
            let both = |one: &Alternative, branch: &Alternative| {
                let all = Alternative {
                    ids: &one.ids | &branch.ids,
                    is_partial: one.is_partial || branch.is_partial,
                    presences: &one.presences | &branch.presences,
                };
                (!self.contradicts_itself(&all)).then_some(all)
            };
            done = done
                .iter()
                .flat_map(|one| branches.iter().filter_map(move |branch| both(one, branch)))
                .collect();
        }
        done
    }

    /// Returns `true` if a member is both there and not.
    fn contradicts_itself(self, all: &Alternative) -> bool {
        let (there, not): (Vec<Presence>, Vec<Presence>) =
            all.presences.iter().partition(|one| one.is_there);
        there.iter().any(|one| not.iter().any(|other| self.name(*one) == self.name(*other)))
    }

    /// The schema that a schema asks for by excluding what excludes it.
    pub(crate) fn twice_excluded(self, node: &Node) -> Option<Id> {
        let not = &self.schemas[node.not?];
        not.not.filter(|_| Node { not: None, ..not.clone() }.finish().is_open)
    }

    /// Returns `true` if a schema has only names that these have, and its members' schemas have none.
    fn names_no_more(self, test: Id, these: &BTreeSet<Id>) -> bool {
        let node = &self.schemas[test];
        let is_plain = is_alone(node)
            && node.patterns.is_empty()
            && node.additional.is_none_or(|rest| self.schemas[rest].never)
            && !names_any(node);
        is_plain
            && parts_of(node).all(|part| self.work.spend(1) && has_no_part(&self.schemas[part]))
            && names_of(node).all(|name| {
                self.work.spend(these.len())
                    && these.iter().any(|id| {
                        let node = &self.schemas[*id];
                        node.properties.contains_key(name) || mentions(node, name)
                    })
            })
    }

    /// Splits each branch, which may have branches of its own; `None` where there are too many beside
    /// so many others.
    fn split_each(
        self,
        branches: &[Way],
        seen: &BTreeSet<Id>,
        others: usize,
        depth: usize,
    ) -> Option<Vec<Alternative>> {
        let mut all = Vec::new();
        for branch in branches {
            if depth > MOST_NESTED || !self.work.spend(1 + others * (1 + seen.len() / 8)) {
                return None;
            }
            let presence = branch.presence;
            all.extend(self.split(&branch.ids, seen.clone(), depth + 1).into_iter().map(
                |mut one| {
                    one.presences.extend(presence);
                    one
                },
            ));
            if others * all.len() > MOST_ALTERNATIVES {
                return None;
            }
        }
        Some(all)
    }
}

/// Returns `true` if a schema says all that it says itself, without others that hold for the same value.
fn is_alone(node: &Node) -> bool {
    node.reference.is_none()
        && node.condition.is_none()
        && [&node.all_of, &node.any_of, &node.one_of].iter().all(|all| all.is_empty())
}

/// The schemas of a value's members and items that a schema without patterns has.
fn parts_of(node: &Node) -> impl Iterator<Item = Id> {
    let contained = node.contains.as_ref().map(|contains| contains.schema);
    let rest = [node.items, node.unevaluated_items, node.unevaluated_properties, contained];
    node.properties.values().chain(&node.prefix).copied().chain(rest.into_iter().flatten())
}

/// Returns `true` if a schema says nothing of a value's members and items.
fn has_no_part(node: &Node) -> bool {
    is_alone(node)
        && node.patterns.is_empty()
        && node.additional.is_none()
        && node.names.is_none()
        && names_of(node).next().is_none()
        && parts_of(node).next().is_none()
}
