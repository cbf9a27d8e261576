//! Dialects: which keywords a document's draft knows.

use serde_json::Value;

use crate::compat::work::DEEPEST;

/// Drafts that are told apart, by the `$schema` of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// Draft-04 and before, in which an address is an `id`.
    Four,
    /// Draft-06 and draft-07.
    Seven,
    /// 2019-09 and 2020-12.
    New,
    /// No dialect is said: what any of them knows counts.
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

    /// Returns `true` if a schema in a document of this dialect says that it is of another one, and may mean
    /// something else by that.
    pub(super) fn differs_in(self, schema: &Value) -> bool {
        let other = Self::of(schema);
        other != self && depends_on_draft(schema, (self == Self::New) != (other == Self::New), 0)
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

/// Returns `true` if anything in a schema may mean one thing to a draft and another to the next; `is_new` if one of
/// them knows tuples in another form.
fn depends_on_draft(schema: &Value, is_new: bool, depth: usize) -> bool {
    const DRAFTS: [Dialect; 3] = [Dialect::Four, Dialect::Seven, Dialect::New];
    match schema {
        // Too deep to tell.
        _ if depth > DEEPEST => true,
        Value::Object(keywords) => keywords.iter().any(|(keyword, value)| {
            let depends = match keyword.as_str() {
                "$id" | "$ref" | "exclusiveMaximum" | "exclusiveMinimum" | "format" => true,
                "additionalItems" => is_new,
                "items" => is_new && value.is_array(),
                _ => !DRAFTS.iter().all(|one| one.knows(keyword)),
            };
            depends || depends_on_draft(value, is_new, depth + 1)
        }),
        Value::Array(elements) => {
            elements.iter().any(|one| depends_on_draft(one, is_new, depth + 1))
        }
        _ => false,
    }
}
