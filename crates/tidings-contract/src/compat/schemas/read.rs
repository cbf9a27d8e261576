//! Reading a document: each schema once, with its references followed, within bounds.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use hashbrown::HashMap;
use serde_json::Value;

use super::keyword::{any_kind, count, numbers, strings, texts};
use super::{Document, Place, Side};
use crate::compat::keyword::Keywords;
use crate::compat::node::{Condition, Contains, Id, Node};
use crate::compat::pattern::Pattern;
use crate::compat::work::{DEEPEST, MOST_PATTERNS, MOST_SCHEMAS};

impl<'a> Document<'a> {
    /// Reads a document.
    pub(crate) fn read(document: &'a Value, side: Side) -> Self {
        let (nodes, places, shadows) = (Vec::new(), Vec::new(), OnceCell::new());
        let mut reader = Reader {
            schemas: Self { side, nodes, shadows, places, rest: None, patterns: 0 },
            document,
            siblings: siblings_count(document),
            at: HashMap::new(),
            anchors: HashMap::new(),
            references: Vec::new(),
            depth: 0,
        };
        reader.schema(document, Place::At(String::new()));
        reader.resolve();
        reader.schemas
    }
}

/// Drafts before 2019-09 ignore what stands beside a `$ref`.
fn siblings_count(document: &Value) -> bool {
    let draft = document.get("$schema").and_then(Value::as_str).unwrap_or_default();
    !["draft-03", "draft-04", "draft-06", "draft-07"].iter().any(|old| draft.contains(old))
}

struct Reader<'a> {
    schemas: Document<'a>,
    document: &'a Value,
    siblings: bool,
    /// Schemas by where they are in memory.
    at: HashMap<*const Value, Id>,
    /// Schemas by their `$id` or `$anchor`.
    anchors: HashMap<String, Id>,
    references: Vec<(Id, &'a str)>,
    /// Number of schemas that lie around the one that is read.
    depth: usize,
}

impl<'a> Reader<'a> {
    fn schema(&mut self, schema: &'a Value, place: Place<'a>) -> Id {
        if let Some(rest) = self.schemas.rest {
            return rest;
        }
        let index = self.schemas.nodes.len();
        let id = self.schemas.root() + index;
        self.schemas.nodes.push(Node::default());
        self.schemas.places.push(place);
        let unsupported = |why: String| Node { unsupported: Some(why), ..Node::default() };
        let node = if index == MOST_SCHEMAS {
            self.schemas.rest = Some(id);
            unsupported(format!("the document has more than {MOST_SCHEMAS} schemas"))
        } else if self.depth > DEEPEST {
            unsupported(format!("it lies in more than {DEEPEST} schemas"))
        } else {
            self.at.insert(schema, id);
            match schema {
                Value::Bool(allowed) => Node { never: !allowed, ..Node::default() },
                Value::Object(keywords) => {
                    self.depth += 1;
                    let node = self.keywords(&Keywords::of(keywords), id);
                    self.depth -= 1;
                    node
                }
                _ => unsupported("a schema is an object, `true` or `false`".to_owned()),
            }
        };
        self.schemas.nodes[index] = node.finish();
        id
    }

    fn keywords(&mut self, all: &Keywords<'a>, id: Id) -> Node {
        let mut node = Node::default();
        if let Some(anchor) = all.get("$anchor").and_then(Value::as_str) {
            self.anchors.insert(format!("#{anchor}"), id);
        }
        if let Some(own) = all.get("$id").or_else(|| all.get("id")).and_then(Value::as_str) {
            self.anchors.insert(own.to_owned(), id);
        }
        self.definitions(all, id);
        if let Some(reference) = all.get("$ref").and_then(Value::as_str) {
            self.references.push((id, reference));
            if !self.siblings {
                // What they define can still be referred to.
                return node;
            }
        }
        any_kind(all, &mut node);
        numbers(all, &mut node);
        strings(all, &mut node);
        node.pattern =
            all.get("pattern").and_then(Value::as_str).map(|source| self.pattern(source));
        self.arrays(all, id, &mut node);
        self.objects(all, id, &mut node);
        self.combinators(all, id, &mut node);
        for keyword in ["$dynamicRef", "$recursiveRef"] {
            if all.get(keyword).is_some() {
                node.unsupported = Some(format!("`{keyword}` refers to what is known only in use"));
            }
        }
        node
    }

    fn definitions(&mut self, all: &Keywords<'a>, of: Id) {
        for keyword in ["$defs", "definitions"] {
            let Some(Value::Object(definitions)) = all.get(keyword) else { continue };
            for (name, schema) in definitions {
                self.schema(schema, Place::Member(of, keyword, name));
            }
        }
    }

    fn one(&mut self, all: &Keywords<'a>, keyword: &'static str, of: Id) -> Option<Id> {
        let schema = all.get(keyword)?;
        Some(self.schema(schema, Place::One(of, keyword)))
    }

    fn list(&mut self, all: &Keywords<'a>, keyword: &'static str, of: Id) -> Vec<Id> {
        let Some(Value::Array(schemas)) = all.get(keyword) else { return Vec::new() };
        let each = schemas.iter().enumerate();
        each.map(|(i, schema)| self.schema(schema, Place::Item(of, keyword, i))).collect()
    }

    fn members(
        &mut self,
        all: &Keywords<'a>,
        keyword: &'static str,
        of: Id,
    ) -> BTreeMap<String, Id> {
        let Some(Value::Object(schemas)) = all.get(keyword) else { return BTreeMap::new() };
        let each = schemas.iter().filter(|(_, schema)| !schema.is_array());
        each.map(|(name, schema)| {
            let place = Place::Member(of, keyword, name);
            (name.clone(), self.schema(schema, place))
        })
        .collect()
    }

    fn pattern(&mut self, source: &str) -> Pattern {
        self.schemas.patterns += 1;
        let is_tried = self.schemas.patterns <= MOST_PATTERNS;
        if is_tried { Pattern::new(source) } else { Pattern::untried(source) }
    }

    fn arrays(&mut self, all: &Keywords<'a>, id: Id, node: &mut Node) {
        if all.get("items").is_some_and(Value::is_array) {
            // A tuple, before 2020-12.
            node.prefix = self.list(all, "items", id);
            node.items = self.one(all, "additionalItems", id);
        } else {
            node.prefix = self.list(all, "prefixItems", id);
            node.items = self.one(all, "items", id);
        }
        node.min_items = count(all, "minItems").unwrap_or(0);
        node.max_items = count(all, "maxItems");
        node.unique = all.get("uniqueItems") == Some(&Value::Bool(true));
        if let Some(schema) = self.one(all, "contains", id) {
            let least = count(all, "minContains").unwrap_or(1);
            node.contains = Some(Contains { schema, least, most: count(all, "maxContains") });
        }
        node.unevaluated_items = self.one(all, "unevaluatedItems", id);
    }

    fn objects(&mut self, all: &Keywords<'a>, id: Id, node: &mut Node) {
        node.properties = self.members(all, "properties", id);
        let patterns = self.members(all, "patternProperties", id);
        node.patterns = patterns.into_iter().map(|(p, id)| (self.pattern(&p), id)).collect();
        node.additional = self.one(all, "additionalProperties", id);
        node.names = self.one(all, "propertyNames", id);
        node.required = texts(all.get("required"));
        node.min_properties = count(all, "minProperties").unwrap_or(0);
        node.max_properties = count(all, "maxProperties");
        for keyword in ["dependentRequired", "dependencies"] {
            let Some(Value::Object(each)) = all.get(keyword) else { continue };
            for (name, names) in each.iter().filter(|(_, names)| names.is_array()) {
                node.dependent_required.insert(name.clone(), texts(Some(names)));
            }
        }
        node.dependent_schemas = self.members(all, "dependentSchemas", id);
        node.dependent_schemas.extend(self.members(all, "dependencies", id));
        node.unevaluated_properties = self.one(all, "unevaluatedProperties", id);
    }

    fn combinators(&mut self, all: &Keywords<'a>, id: Id, node: &mut Node) {
        node.all_of = self.list(all, "allOf", id);
        node.any_of = self.list(all, "anyOf", id);
        node.one_of = self.list(all, "oneOf", id);
        node.not = self.one(all, "not", id);
        if let Some(test) = self.one(all, "if", id) {
            let then = self.one(all, "then", id);
            let otherwise = self.one(all, "else", id);
            node.condition = Some(Condition { test, then, otherwise });
        }
    }

    fn resolve(&mut self) {
        let mut next = 0;
        // Reading a reference's target may find more of them.
        while let Some((id, reference)) = self.references.get(next).copied() {
            next += 1;
            let target = self.target(reference);
            let root = self.schemas.root();
            let node = &mut self.schemas.nodes[id - root];
            node.is_open = false;
            node.reference = target;
            if target.is_none() {
                node.unsupported =
                    Some(format!("`{reference}` is not in the document, and nothing is fetched"));
            }
        }
    }

    fn target(&mut self, reference: &str) -> Option<Id> {
        if let Some(id) = self.anchors.get(reference) {
            return Some(*id);
        }
        let own = self.document.get("$id").and_then(Value::as_str).unwrap_or_default();
        let fragment = reference.strip_prefix(own).unwrap_or(reference);
        let pointer = match fragment {
            "" | "#" => String::new(),
            fragment => percent_decoded(fragment.strip_prefix('#')?)?,
        };
        let schema = self.document.pointer(&pointer)?;
        if let Some(id) = self.at.get(&std::ptr::from_ref(schema)) {
            return Some(*id);
        }
        Some(self.schema(schema, Place::At(pointer)))
    }
}

/// A fragment of an address, without percent-encoding (RFC 3986).
fn percent_decoded(fragment: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(fragment.len());
    let mut rest = fragment.as_bytes();
    while let Some((byte, more)) = rest.split_first() {
        rest = more;
        if *byte == b'%' {
            let code = std::str::from_utf8(rest.get(..2)?).ok()?;
            bytes.push(u8::from_str_radix(code, 16).ok()?);
            rest = &rest[2..];
        } else {
            bytes.push(*byte);
        }
    }
    String::from_utf8(bytes).ok()
}
