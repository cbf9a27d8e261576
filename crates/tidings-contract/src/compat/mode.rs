//! Modes: which programs must understand each other, and how far back.

use serde::{Deserialize, Serialize};

use crate::Direction;

/// Choice of the programs that must understand each other.
///
/// The modes are those of Confluent's schema registry. A mode without `Transitive` looks at the
/// latest revision alone, and compares each message with the one of its own name and version. A
/// transitive mode looks at every revision, and also compares the highest version of each name with
/// all its earlier versions, in every revision and in the catalog itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Mode {
    /// The new reads what the old wrote: new programs, old messages. A request's reply and error are
    /// read by the old, who ask.
    #[default]
    Backward,
    /// The old reads what the new writes: new messages, programs that were not deployed yet.
    Forward,
    /// Old and new read each other: `Backward` and `Forward`.
    Full,
    /// [`Backward`](Self::Backward), for everything that was ever written.
    BackwardTransitive,
    /// [`Forward`](Self::Forward), for every program that was ever deployed.
    ForwardTransitive,
    /// `BackwardTransitive` and `ForwardTransitive`.
    FullTransitive,
}

impl Mode {
    /// Returns `true` if all earlier revisions and versions count, and not the latest alone.
    pub fn is_transitive(self) -> bool {
        matches!(self, Self::BackwardTransitive | Self::ForwardTransitive | Self::FullTransitive)
    }

    pub(super) fn directions(self) -> &'static [Direction] {
        match self {
            Self::Backward | Self::BackwardTransitive => &[Direction::Backward],
            Self::Forward | Self::ForwardTransitive => &[Direction::Forward],
            Self::Full | Self::FullTransitive => &[Direction::Backward, Direction::Forward],
        }
    }
}
