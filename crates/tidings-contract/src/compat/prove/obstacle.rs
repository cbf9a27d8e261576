//! Obstacles to a proof, and how they are noted.

use super::Prover;
use crate::compat::conjunction::Conjunction;
use crate::compat::node::Id;
use crate::compat::rule::Rule;

/// Obstacle to a proof.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Obstacle {
    pub(crate) rule: Rule,
    /// The reader's schema that is not met.
    pub(crate) reader: Id,
    /// The writer's schemas of the value.
    pub(crate) writer: Vec<Id>,
    /// Pointer to the value in an instance; `*` stands for any item or name.
    pub(crate) instance: String,
    /// The writer's and the reader's side of it, for people.
    pub(crate) was: String,
    pub(crate) is: String,
    /// Reason that it can't be judged, where that is so.
    pub(crate) undecided: Option<String>,
    pub(crate) renamed_from: Option<String>,
}

impl Obstacle {
    /// Returns `true` if it is only told, and in nobody's way.
    pub(super) fn is_note(&self) -> bool {
        matches!(self.rule, Rule::PropertyRenamed | Rule::PropertyDropped)
    }
}

impl Prover<'_> {
    /// Keeps of the obstacles after the first so many only notes: what is told and in nobody's way.
    pub(super) fn keep_notes(&mut self, before: usize) {
        let found = self.obstacles.split_off(before);
        self.obstacles.extend(found.into_iter().filter(Obstacle::is_note));
    }

    pub(super) fn undecided(
        &mut self,
        rule: Rule,
        left: &[Id],
        right: Id,
        instance: &str,
        why: String,
    ) {
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

    pub(super) fn broken(
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
