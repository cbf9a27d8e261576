//! Reading a document: each schema once, with its references followed, within bounds.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use hashbrown::HashMap;
use serde_json::Value;

use super::address::{Addresses, Target};
use super::dialect::Dialect;
use super::keyword::{any_kind, count, numbers, strings, texts};
use super::{Document, Place, Side};
use crate::compat::keyword::Keywords;
use crate::compat::node::{Condition, Contains, Id, Node};
use crate::compat::pattern::Pattern;
use crate::compat::work::{DEEPEST, MOST_PATTERNS, MOST_SCHEMAS};

/// Keywords by which other schemas look at the same value.
const COMBINING: [&str; 10] = [
    "$dynamicRef",
    "$recursiveRef",
    "$ref",
    "allOf",
    "anyOf",
    "dependencies",
    "dependentSchemas",
    "if",
    "not",
    "oneOf",
];

impl<'a> Document<'a> {
    /// Reads a document.
    pub(crate) fn read(document: &'a Value, side: Side) -> Self {
        let (nodes, places, shadows) = (Vec::new(), Vec::new(), OnceCell::new());
        let mut reader = Reader {
            schemas: Self {
                source: document,
                side,
                nodes,
                shadows,
                places,
                rest: None,
                patterns: 0,
                leads_out: false,
            },
            dialect: Dialect::of(document),
            at: HashMap::new(),
            addresses: Addresses::default(),
            resource: 0,
            references: Vec::new(),
            depth: 0,
        };
        reader.schema(document, Place::Root);
        reader.resolve();
        reader.schemas
    }
}

struct Reader<'a> {
    schemas: Document<'a>,
    dialect: Dialect,
    /// Schemas by where they are in memory.
    at: HashMap<*const Value, Id>,
    addresses: Addresses<'a>,
    /// Resource in which the schema stands that is read.
    resource: usize,
    /// References, and the resource in which each stands.
    references: Vec<(Id, &'a str, usize)>,
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
                    let outer = self.resource;
                    let all = Keywords::of(keywords);
                    self.depth += 1;
                    self.enter(schema, &all, id);
                    let node = if index > 0 && says_draft(&all) && self.dialect.differs_in(schema) {
                        unsupported("it is of another draft than its document".to_owned())
                    } else {
                        self.keywords(&all, id)
                    };
                    self.depth -= 1;
                    self.resource = outer;
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
        self.definitions(all, id);
        if let Some(reference) = all.get("$ref").and_then(Value::as_str) {
            self.references.push((id, reference, self.resource));
            if !self.dialect.siblings_count() {
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
            if self.known(all, keyword).is_some() {
                node.unsupported = Some(format!("`{keyword}` refers to what is known only in use"));
            }
        }
        node
    }

    /// Notes the addresses of a schema, which those below it start from.
    fn enter(&mut self, schema: &'a Value, all: &Keywords<'a>, id: Id) {
        let keyword = if self.dialect.knows("id") { "id" } else { "$id" };
        let is_root = id == self.schemas.root();
        // Beside a `$ref` it is ignored as all else is.
        let counts = is_root || self.dialect.siblings_count() || all.get("$ref").is_none();
        let own = all.get(keyword).and_then(Value::as_str).filter(|_| counts);
        match own.and_then(|own| own.strip_prefix('#')) {
            Some(anchor) => self.addresses.add_anchor(self.resource, anchor, id),
            None if is_root || own.is_some() => {
                let own = own.unwrap_or_default();
                self.resource = self.addresses.add(self.resource, own, schema, id);
            }
            None => {}
        }
        if let Some(anchor) = self.known(all, "$anchor").and_then(Value::as_str) {
            self.addresses.add_anchor(self.resource, anchor, id);
        }
    }

    /// The value of a keyword that the document's draft knows.
    fn known(&self, all: &Keywords<'a>, keyword: &str) -> Option<&'a Value> {
        all.get(keyword).filter(|_| self.dialect.knows(keyword))
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
        let schema = self.known(all, keyword)?;
        Some(self.schema(schema, Place::One(of, keyword)))
    }

    fn list(&mut self, all: &Keywords<'a>, keyword: &'static str, of: Id) -> Vec<Id> {
        let Some(Value::Array(schemas)) = self.known(all, keyword) else { return Vec::new() };
        let each = schemas.iter().enumerate();
        each.map(|(i, schema)| self.schema(schema, Place::Item(of, keyword, i))).collect()
    }

    fn members(
        &mut self,
        all: &Keywords<'a>,
        keyword: &'static str,
        of: Id,
    ) -> BTreeMap<String, Id> {
        let Some(Value::Object(schemas)) = self.known(all, keyword) else { return BTreeMap::new() };
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
            let count = |keyword| count(all, keyword).filter(|_| self.dialect.knows(keyword));
            let (least, most) = (count("minContains").unwrap_or(1), count("maxContains"));
            node.contains = Some(Contains { schema, least, most });
        }
        self.unevaluated_items(all, id, node);
    }

    /// Reads `unevaluatedItems`: where nothing else in a schema looks at items, those that its tuple does not are all that are left.
    fn unevaluated_items(&mut self, all: &Keywords<'a>, id: Id, node: &mut Node) {
        let Some(rest) = self.one(all, "unevaluatedItems", id) else { return };
        let mut others = COMBINING.iter().chain(&["contains"]);
        if node.items.is_some() {
            // It looks at all of them.
        } else if others.all(|keyword| all.get(keyword).is_none()) {
            node.items = Some(rest);
        } else {
            node.unevaluated_items = Some(rest);
        }
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
            let Some(Value::Object(each)) = self.known(all, keyword) else { continue };
            for (name, names) in each.iter().filter(|(_, names)| names.is_array()) {
                node.dependent_required.insert(name.clone(), texts(Some(names)));
            }
        }
        node.dependent_schemas = self.members(all, "dependentSchemas", id);
        node.dependent_schemas.extend(self.members(all, "dependencies", id));
        self.unevaluated_properties(all, id, node);
    }

    /// Reads `unevaluatedProperties`: where nothing else in a schema looks at members, those that it does not name are all that are left.
    fn unevaluated_properties(&mut self, all: &Keywords<'a>, id: Id, node: &mut Node) {
        let Some(rest) = self.one(all, "unevaluatedProperties", id) else { return };
        if node.additional.is_some() {
            // It looks at all of them.
        } else if COMBINING.iter().all(|keyword| all.get(keyword).is_none()) {
            node.additional = Some(rest);
        } else {
            node.unevaluated_properties = Some(rest);
        }
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
        while let Some((id, reference, from)) = self.references.get(next).copied() {
            next += 1;
            let target = self.target(reference, from);
            let root = self.schemas.root();
            let node = &mut self.schemas.nodes[id - root];
            node.is_open = false;
            node.reference = target;
            if target.is_none() {
                self.schemas.leads_out = true;
                node.unsupported =
                    Some(format!("`{reference}` is not in the document, and nothing is fetched"));
            }
        }
    }

    fn target(&mut self, reference: &str, from: usize) -> Option<Id> {
        match self.addresses.follow(from, reference)? {
            Target::Known(id) => Some(id),
            Target::Below { schema, from, pointer, resource } => {
                if let Some(id) = self.at.get(&std::ptr::from_ref(schema)) {
                    return Some(*id);
                }
                self.resource = resource;
                Some(self.schema(schema, Place::Below(from, pointer)))
            }
        }
    }
}

/// Returns `true` if a schema says of which draft it is.
fn says_draft(all: &Keywords<'_>) -> bool {
    all.get("$schema").is_some()
}
