//! Dialects: which keywords a document's draft knows.

use serde_json::Value;

/// Drafts that are told apart, by the `$schema` of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// Draft-04 and before, in which an address is an `id`.
    Four,
    /// Draft-06 and draft-07.
    Seven,
    /// 2019-09 and 2020-12.
    New,
    /// None is said: what any of them knows counts.
    Unsaid,
}

impl Dialect {
    pub(super) fn of(schema: &Value) -> Self {
        let draft = schema.get("$schema").and_then(Value::as_str).unwrap_or_default();
        let is = |names: &[&str]| names.iter().any(|name| draft.contains(name));
        match () {
            () if is(&["draft-03", "draft-04"]) => Self::Four,
            () if is(&["draft-06", "draft-07"]) => Self::Seven,
            () if is(&["2019-09", "2020-12"]) => Self::New,
            () => Self::Unsaid,
        }
    }

    fn is_old(self) -> bool {
        matches!(self, Self::Four | Self::Seven)
    }

    /// Returns `true` if what stands beside a `$ref` counts: drafts before 2019-09 ignore it.
    pub(super) fn siblings_count(self) -> bool {
        !self.is_old()
    }

    /// Returns `true` if a keyword means something; what is not known is ignored.
    pub(super) fn knows(self, keyword: &str) -> bool {
        match keyword {
            "id" => self == Self::Four,
            "$anchor"
            | "$dynamicRef"
            | "$recursiveRef"
            | "dependentRequired"
            | "dependentSchemas"
            | "maxContains"
            | "minContains"
            | "prefixItems"
            | "unevaluatedItems"
            | "unevaluatedProperties" => !self.is_old(),
            "dependencies" => self != Self::New,
            "if" | "contains" | "propertyNames" | "const" => self != Self::Four,
            _ => true,
        }
    }
}
