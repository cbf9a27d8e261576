//! Resources of a document: schemas with an address of their own, from which the references below them start.

use hashbrown::HashMap;
use serde_json::{Map, Value};

use crate::address::{decoded, joined};

use super::ReferenceError;

/// Targets of a document's references, and where each of them starts.
pub(super) struct Resources<'a> {
    /// Address and schema of each; the first is the document.
    all: Vec<(String, &'a Value)>,
    /// Schemas by the resource in which they stand and their anchor.
    anchors: HashMap<(usize, String), &'a Value>,
    /// Schemas that have a reference, in order, and the resource in which each stands.
    pub(super) references: Vec<(&'a Value, usize)>,
    draft: Draft,
}

/// Part of an address that depends on a document's draft.
#[derive(Clone, Copy)]
struct Draft {
    /// The keyword of an address.
    id: &'static str,
    /// `true` if an address counts that stands beside a reference.
    siblings_count: bool,
}

impl Draft {
    fn of(document: &Value) -> Self {
        let draft = document.get("$schema").and_then(Value::as_str).unwrap_or_default();
        let is = |names: &[&str]| names.iter().any(|name| draft.contains(name));
        Self {
            id: if is(&["draft-03", "draft-04"]) { "id" } else { "$id" },
            siblings_count: !is(&["draft-03", "draft-04", "draft-06", "draft-07"]),
        }
    }
}

impl<'a> Resources<'a> {
    pub(super) fn of(document: &'a Value) -> Self {
        let (anchors, references) = (HashMap::new(), Vec::new());
        let draft = Draft::of(document);
        let mut found = Self { all: Vec::new(), anchors, references, draft };
        found.all.push((String::new(), document));
        found.schema(document, 0);
        found
    }

    fn schema(&mut self, schema: &'a Value, within: usize) {
        match schema {
            Value::Object(keywords) => {
                let within = self.enter(schema, keywords, within);
                if keywords.get("$ref").is_some_and(Value::is_string) {
                    self.references.push((schema, within));
                }
                for (keyword, value) in keywords {
                    match value {
                        _ if is_data(keyword) => {}
                        Value::Object(members) if has_names(keyword) => {
                            members.values().for_each(|member| self.schema(member, within));
                        }
                        _ => self.schema(value, within),
                    }
                }
            }
            Value::Array(elements) => {
                for element in elements {
                    self.schema(element, within);
                }
            }
            _ => {}
        }
    }

    /// Notes the addresses of a schema; gives the resource in which what it holds stands.
    fn enter(
        &mut self,
        schema: &'a Value,
        keywords: &'a Map<String, Value>,
        mut within: usize,
    ) -> usize {
        let text = |keyword: &str| keywords.get(keyword).and_then(Value::as_str);
        let is_document = std::ptr::eq(schema, self.all[0].1);
        let counts = is_document || self.draft.siblings_count || text("$ref").is_none();
        match text(self.draft.id).filter(|_| counts) {
            Some(own) if own.starts_with('#') => {
                self.anchors.insert((within, own[1..].to_owned()), schema);
            }
            Some(own) if is_document => own.trim_end_matches('#').clone_into(&mut self.all[0].0),
            Some(own) => {
                let address = joined(&self.all[within].0, own.trim_end_matches('#'));
                self.all.push((address, schema));
                within = self.all.len() - 1;
            }
            None => {}
        }
        if let Some(anchor) = text("$anchor") {
            self.anchors.insert((within, anchor.to_owned()), schema);
        }
        within
    }

    /// The schema that a reference leads to which stands in a resource.
    pub(super) fn follow(&self, from: usize, reference: &str) -> Result<&'a Value, ReferenceError> {
        let (address, fragment) = reference.split_once('#').unwrap_or((reference, ""));
        let at = if address.is_empty() {
            from
        } else {
            let whole = joined(&self.all[from].0, address);
            let found = self.all.iter().position(|(address, _)| *address == whole);
            found.ok_or(ReferenceError::Outside)?
        };
        let fragment = decoded(fragment);
        let found = if fragment.is_empty() || fragment.starts_with('/') {
            self.all[at].1.pointer(&fragment)
        } else {
            self.anchors.get(&(at, fragment)).copied()
        };
        found.ok_or(ReferenceError::Nowhere)
    }
}

/// Returns `true` for a keyword whose value is data to a schema, and holds no reference.
pub(super) fn is_data(keyword: &str) -> bool {
    matches!(keyword, "const" | "enum" | "examples" | "default")
}

/// Returns `true` for a keyword whose members are schemas by names, which are no keywords.
pub(super) fn has_names(keyword: &str) -> bool {
    matches!(
        keyword,
        "$defs"
            | "definitions"
            | "properties"
            | "patternProperties"
            | "dependentSchemas"
            | "dependencies"
    )
}
