//! Changing subjects before messages are stored.

use serde::{Deserialize, Serialize};

/// Transform of subjects: `source` is a filter, `destination` may refer to its wildcards as
/// `{{wildcard(1)}}` (ADR-36).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubjectTransform {
    /// Filter of the subjects.
    #[serde(rename = "src", default)]
    pub source: String,
    /// Template of the subjects that these become.
    #[serde(rename = "dest")]
    pub destination: String,
}
