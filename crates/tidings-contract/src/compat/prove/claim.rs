//! Claims that are being proven or are proven: schemas may lead back to themselves.

use super::Prover;
use crate::compat::conjunction::Conjunction;
use crate::compat::node::Id;
use crate::compat::rule::Rule;

/// A value of one of these alternatives is taken by this schema.
pub(super) type Claim = (Vec<Conjunction>, Id);

/// Standing of a claim: a value lies `level` values deep in the one that is written.
#[derive(Debug, Clone, Copy)]
pub(super) enum Standing {
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

impl Prover<'_> {
    /// Proves a claim. While it is being proven it holds further down: schemas may lead back to
    /// themselves.
    pub(super) fn claim(&mut self, claim: &Claim, instance: &str) -> bool {
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
}
