//! Alternatives of a value: one schema of each choice, and what makes the choice.

use std::collections::BTreeSet;

use super::{Conjunction, Presence, Reader};
use crate::compat::node::{Condition, Id, Node};

/// Largest number of alternatives that a value is split into; where there are more, what tells them
/// apart is left out.
const MOST_ALTERNATIVES: usize = 96;
/// Deepest level of alternatives within alternatives.
const MOST_NESTED: usize = 12;

/// An alternative of a value.
#[derive(Debug, Clone, Default)]
struct Alternative {
    ids: BTreeSet<Id>,
    presences: BTreeSet<Presence>,
}

/// A way of a choice: the schemas that hold then, and what is known of the value.
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
            .map(|Alternative { ids, presences }| Conjunction {
                ids: ids.into_iter().collect(),
                kinds: u8::MAX,
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
                || node.unsupported.is_some()
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
        Some(Conjunction { ids: all, kinds: u8::MAX, span: None, presences: Vec::new() })
    }

    /// Splits them; `seen` holds in any case.
    fn split(self, ids: &[Id], mut seen: BTreeSet<Id>, depth: usize) -> Vec<Alternative> {
        let mut first = Alternative::default();
        let mut open: Vec<Id> = ids.to_vec();
        let mut choices: Vec<Vec<Way>> = Vec::new();
        while let Some(id) = open.pop() {
            if !seen.insert(id) {
                continue;
            }
            let node = &self.schemas[id];
            first.ids.insert(id);
            open.extend(node.reference);
            open.extend(&node.all_of);
            open.extend(self.twice_excluded(node));
            // What it names is not known.
            open.extend(node.unsupported.as_ref().and_then(|_| self.shadow(id)));
            for branches in [&node.any_of, &node.one_of] {
                if !branches.is_empty() {
                    choices.push(branches.iter().map(|id| Way::of([*id])).collect());
                }
            }
            for (at, schema) in node.dependent_schemas.values().enumerate() {
                let presence = |is_there| Some(Presence { of: id, at, is_there });
                choices.push(vec![
                    Way { ids: vec![*schema], presence: presence(true) },
                    Way {
                        ids: self.shadow(*schema).into_iter().collect(),
                        presence: presence(false),
                    },
                ]);
            }
            if let Some(condition) = &node.condition {
                // Whichever way it goes, it has named what all of it looks at.
                let shadow = |id: Option<Id>| id.and_then(|id| self.shadow(id));
                let Condition { test, then, otherwise } = *condition;
                let holds = [Some(test), then, shadow(otherwise)];
                let fails = [shadow(Some(test)), shadow(then), otherwise];
                choices.push([holds, fails].map(|way| Way::of(way.into_iter().flatten())).into());
            }
        }
        let mut done = vec![first];
        for branches in choices {
            let branches =
                self.split_each(&branches, &seen, done.len(), depth).unwrap_or_else(|| {
                    // What tells them apart is left out, and any of their names may be written.
                    let all = branches.iter().flat_map(|way| &way.ids);
                    let named: Vec<Id> = all.filter_map(|id| self.shadow(*id)).collect();
                    self.split(&named, seen.clone(), depth)
                });
            let both = |one: &Alternative, branch: &Alternative| {
                let all = Alternative {
                    ids: &one.ids | &branch.ids,
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
