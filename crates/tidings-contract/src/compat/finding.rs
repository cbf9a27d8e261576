//! Findings of a comparison of two schemas.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

use super::rule::Rule;

/// Outcome of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Verdict {
    /// The reader takes all that the writer writes: it is proven.
    Compatible,
    /// Not decided: neither of the two is proven, and the findings say why.
    Unknown,
    /// The reader refuses something that the writer writes.
    Incompatible,
}

/// Something that a comparison found.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Finding {
    /// The rule that is broken.
    pub rule: Rule,
    /// JSON pointer to the value in a message; `*` stands for any item or name.
    pub instance: String,
    /// JSON pointer into the writer's schema.
    pub writer: String,
    /// JSON pointer into the reader's schema.
    pub reader: String,
    /// The writer's side of it.
    pub old: String,
    /// The reader's side of it.
    pub new: String,
    /// The name that a field seems to have had before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub renamed_from: Option<String>,
    /// Reason that it can't be decided, where that is so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub undecided: Option<String>,
}

/// Verdict and findings of a comparison of two schemas.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Comparison {
    /// Outcome.
    pub verdict: Verdict,
    /// Grounds of the verdict; a compatible pair may have warnings.
    pub findings: Vec<Finding>,
    /// A value that the writer writes and the reader refuses, where one was found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub example: Option<Value>,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Compatible => "compatible",
            Self::Unknown => "unknown",
            Self::Incompatible => "incompatible",
        })
    }
}

/// `/total_cents: the largest number that is taken is smaller (maximum-lowered): …`
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = if self.instance.is_empty() { "/" } else { &self.instance };
        write!(f, "{at}: {} ({})", self.rule.message(), self.rule)?;
        if let Some(why) = &self.undecided {
            return write!(f, ": {why}");
        }
        if !self.old.is_empty() || !self.new.is_empty() {
            write!(f, ": {} -> {}", self.old, self.new)?;
        }
        if let Some(name) = &self.renamed_from {
            write!(f, "; it looks renamed from `{name}`")?;
        }
        Ok(())
    }
}
