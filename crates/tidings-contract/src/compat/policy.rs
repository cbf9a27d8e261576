//! Policies: what of a schema its programs are taken to do.

use serde::{Deserialize, Serialize};

/// Assumption about what programs make of a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Policy {
    /// Behaviour of serde. A writer writes the properties that its schema names and no others, unless
    /// it says what others are like, as a map does; of alternatives the names of the one that holds count, of
    /// a condition those of all its parts. A reader passes over what it does not know,
    /// unless it refuses that. A number is an integer if it is written as one, and a format such as
    /// `uuid` is what the type of that name reads.
    #[default]
    Typed,
    /// Meaning by JSON Schema. A writer may write whatever its schema allows, properties included
    /// that it does not name; a format is a rule.
    Strict,
    /// A writer as in `Typed`, and formats as annotations that bind nobody.
    Lenient,
}

impl Policy {
    /// A writer writes only what its schema names.
    pub(crate) fn writers_are_closed(self) -> bool {
        self != Self::Strict
    }

    /// A number's kind is how it is written.
    pub(crate) fn as_serde(self) -> bool {
        self == Self::Typed
    }

    /// Returns `true` if a text's content must be as it is said to be.
    pub(crate) fn content_binds(self) -> bool {
        self != Self::Lenient
    }

    /// Returns `true` if a text must have this format.
    pub(crate) fn format_binds(self, format: &str) -> bool {
        match self {
            Self::Typed => super::format::is_a_type(format),
            Self::Strict => true,
            Self::Lenient => false,
        }
    }
}
