//! Members that a reader passes over: fields that it no longer has, or has under another name.

use super::super::{Obstacle, Prover};
use crate::compat::conjunction::{Conjunction, Member};
use crate::compat::node::{Id, Node};
use crate::compat::policy::Policy;
use crate::compat::rule::Rule;
use crate::compat::schemas::escape;

impl Prover<'_> {
    /// Notes what a reader passes over: a field that it no longer has, or has under another name.
    pub(super) fn note_dropped(
        &mut self,
        left: &Conjunction,
        right: Id,
        node: &Node,
        instance: &str,
    ) {
        let reader = self.reader;
        let is_struct = !node.properties.is_empty() || node.additional.is_none();
        if reader.policy != Policy::Typed || !is_struct {
            return;
        }
        let own = reader.names(left);
        let all = reader.alternatives(&[right]);
        // Nothing else has a say about its members.
        let is_alone = node.names.is_none() && matches!(&all[..], [one] if one.ids() == [right]);
        let is_read = |name: &str| {
            let own =
                node.properties.get(name).filter(|id| is_alone && !reader.schemas[**id].never);
            own.is_some()
                || all.iter().any(
                    |one| matches!(reader.member(one, name), Member::Of(ids) if !ids.is_empty()),
                )
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
            if !reader.work.spend(new.len()) {
                let at = format!("{instance}/{}", escape(name));
                self.give_up(&ids, right, &at);
                return;
            }
            let renamed = new.iter().find(|(other, id)| {
                let alike = |own: &Id| reader.same(*own, *id);
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
