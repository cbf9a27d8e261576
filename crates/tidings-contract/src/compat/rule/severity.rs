//! Weight of what a comparison finds.

use serde::Serialize;

/// Weight of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Severity {
    /// A program on the other side fails by it.
    Break,
    /// A change that breaks nothing, and of which somebody should know.
    Warning,
    /// A change that could not be judged.
    Unknown,
}
