//! All schemas of a comparison in one list, with their references resolved.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Index;

use serde_json::{Map, Number, Value};

use super::kind::Kinds;
use super::node::{Bound, Condition, Contains, Id, Node};
use super::number::range;
use super::pattern::Pattern;

/// All schemas of a comparison.
#[derive(Debug, Default)]
pub(crate) struct Schemas {
    nodes: Vec<Node>,
}

impl Index<Id> for Schemas {
    type Output = Node;

    fn index(&self, id: Id) -> &Node {
        &self.nodes[id]
    }
}

impl Schemas {
    /// Reads a document; gives its root.
    pub(crate) fn read(&mut self, document: &Value) -> Id {
        let mut reader = Reader {
            schemas: self,
            document,
            siblings: siblings_count(document),
            at: HashMap::new(),
            anchors: HashMap::new(),
            references: Vec::new(),
        };
        let root = reader.schema(document, String::new());
        reader.resolve();
        root
    }
}

/// Drafts before 2019-09 ignore what stands beside a `$ref`.
fn siblings_count(document: &Value) -> bool {
    let draft = document.get("$schema").and_then(Value::as_str).unwrap_or_default();
    !["draft-03", "draft-04", "draft-06", "draft-07"].iter().any(|old| draft.contains(old))
}

struct Reader<'a> {
    schemas: &'a mut Schemas,
    document: &'a Value,
    siblings: bool,
    /// Schemas by their pointer.
    at: HashMap<String, Id>,
    /// Schemas by their `$id` or `$anchor`.
    anchors: HashMap<String, Id>,
    references: Vec<(Id, String)>,
}

impl Reader<'_> {
    fn schema(&mut self, schema: &Value, pointer: String) -> Id {
        let id = self.schemas.nodes.len();
        self.schemas.nodes.push(Node { pointer: pointer.clone(), ..Node::default() });
        self.at.insert(pointer.clone(), id);
        let node = match schema {
            Value::Bool(allowed) => Node { pointer, never: !allowed, ..Node::default() },
            Value::Object(keywords) => self.keywords(keywords, id, pointer),
            _ => Node {
                pointer,
                unsupported: Some("a schema is an object, `true` or `false`".to_owned()),
                ..Node::default()
            },
        };
        self.schemas.nodes[id] = node;
        id
    }

    fn keywords(&mut self, all: &Map<String, Value>, id: Id, pointer: String) -> Node {
        let mut node = Node { pointer, ..Node::default() };
        if let Some(anchor) = all.get("$anchor").and_then(Value::as_str) {
            self.anchors.insert(format!("#{anchor}"), id);
        }
        if let Some(own) = all.get("$id").or_else(|| all.get("id")).and_then(Value::as_str) {
            self.anchors.insert(own.to_owned(), id);
        }
        if let Some(reference) = all.get("$ref").and_then(Value::as_str) {
            self.references.push((id, reference.to_owned()));
            if !self.siblings {
                // What they define can still be referred to.
                self.definitions(all, &node.pointer);
                return node;
            }
        }
        self.definitions(all, &node.pointer);
        any_kind(all, &mut node);
        numbers(all, &mut node);
        strings(all, &mut node);
        self.arrays(all, &mut node);
        self.objects(all, &mut node);
        self.combinators(all, &mut node);
        for keyword in ["$dynamicRef", "$recursiveRef"] {
            if all.contains_key(keyword) {
                node.unsupported = Some(format!("`{keyword}` refers to what is known only in use"));
            }
        }
        node
    }

    fn definitions(&mut self, all: &Map<String, Value>, pointer: &str) {
        for keyword in ["$defs", "definitions"] {
            let Some(Value::Object(definitions)) = all.get(keyword) else { continue };
            for (name, schema) in definitions {
                self.schema(schema, format!("{pointer}/{keyword}/{}", escape(name)));
            }
        }
    }

    fn one(&mut self, all: &Map<String, Value>, keyword: &str, pointer: &str) -> Option<Id> {
        let schema = all.get(keyword)?;
        Some(self.schema(schema, format!("{pointer}/{keyword}")))
    }

    fn list(&mut self, all: &Map<String, Value>, keyword: &str, pointer: &str) -> Vec<Id> {
        let Some(Value::Array(schemas)) = all.get(keyword) else { return Vec::new() };
        let each = schemas.iter().enumerate();
        each.map(|(i, schema)| self.schema(schema, format!("{pointer}/{keyword}/{i}"))).collect()
    }

    fn members(
        &mut self,
        all: &Map<String, Value>,
        keyword: &str,
        pointer: &str,
    ) -> BTreeMap<String, Id> {
        let Some(Value::Object(schemas)) = all.get(keyword) else { return BTreeMap::new() };
        let each = schemas.iter().filter(|(_, schema)| !schema.is_array());
        each.map(|(name, schema)| {
            let pointer = format!("{pointer}/{keyword}/{}", escape(name));
            (name.clone(), self.schema(schema, pointer))
        })
        .collect()
    }

    fn arrays(&mut self, all: &Map<String, Value>, node: &mut Node) {
        let pointer = node.pointer.clone();
        if all.get("items").is_some_and(Value::is_array) {
            // A tuple, before 2020-12.
            node.prefix = self.list(all, "items", &pointer);
            node.items = self.one(all, "additionalItems", &pointer);
        } else {
            node.prefix = self.list(all, "prefixItems", &pointer);
            node.items = self.one(all, "items", &pointer);
        }
        node.min_items = count(all, "minItems").unwrap_or(0);
        node.max_items = count(all, "maxItems");
        node.unique = all.get("uniqueItems") == Some(&Value::Bool(true));
        if let Some(schema) = self.one(all, "contains", &pointer) {
            let least = count(all, "minContains").unwrap_or(1);
            node.contains = Some(Contains { schema, least, most: count(all, "maxContains") });
        }
        node.unevaluated_items = self.one(all, "unevaluatedItems", &pointer);
    }

    fn objects(&mut self, all: &Map<String, Value>, node: &mut Node) {
        let pointer = node.pointer.clone();
        node.properties = self.members(all, "properties", &pointer);
        let patterns = self.members(all, "patternProperties", &pointer);
        node.patterns = patterns.into_iter().map(|(p, id)| (Pattern::new(&p), id)).collect();
        node.additional = self.one(all, "additionalProperties", &pointer);
        node.names = self.one(all, "propertyNames", &pointer);
        node.required = texts(all.get("required"));
        node.min_properties = count(all, "minProperties").unwrap_or(0);
        node.max_properties = count(all, "maxProperties");
        for keyword in ["dependentRequired", "dependencies"] {
            let Some(Value::Object(each)) = all.get(keyword) else { continue };
            for (name, names) in each.iter().filter(|(_, names)| names.is_array()) {
                node.dependent_required.insert(name.clone(), texts(Some(names)));
            }
        }
        node.dependent_schemas = self.members(all, "dependentSchemas", &pointer);
        node.dependent_schemas.extend(self.members(all, "dependencies", &pointer));
        node.unevaluated_properties = self.one(all, "unevaluatedProperties", &pointer);
    }

    fn combinators(&mut self, all: &Map<String, Value>, node: &mut Node) {
        let pointer = node.pointer.clone();
        node.all_of = self.list(all, "allOf", &pointer);
        node.any_of = self.list(all, "anyOf", &pointer);
        node.one_of = self.list(all, "oneOf", &pointer);
        node.not = self.one(all, "not", &pointer);
        if let Some(test) = self.one(all, "if", &pointer) {
            let then = self.one(all, "then", &pointer);
            let otherwise = self.one(all, "else", &pointer);
            node.condition = Some(Condition { test, then, otherwise });
        }
    }

    fn resolve(&mut self) {
        let mut next = 0;
        // Reading a reference's target may find more of them.
        while next < self.references.len() {
            let (id, reference) = self.references[next].clone();
            next += 1;
            match self.target(&reference) {
                Some(target) => self.schemas.nodes[id].reference = Some(target),
                None => {
                    self.schemas.nodes[id].unsupported = Some(format!(
                        "`{reference}` is not in the document, and nothing is fetched"
                    ));
                }
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
        if let Some(id) = self.at.get(&pointer) {
            return Some(*id);
        }
        let schema = self.document.pointer(&pointer)?;
        Some(self.schema(schema, pointer))
    }
}

fn any_kind(all: &Map<String, Value>, node: &mut Node) {
    match all.get("type") {
        Some(Value::String(name)) => node.kinds = kinds([name.as_str()], node),
        Some(Value::Array(names)) => {
            node.kinds = kinds(names.iter().filter_map(Value::as_str), node);
        }
        _ => {}
    }
    if let Some(Value::Array(values)) = all.get("enum") {
        node.values = Some(values.clone());
    }
    if let Some(value) = all.get("const") {
        let both = node.values.as_ref().is_none_or(|values| values.contains(value));
        node.values = Some(if both { vec![value.clone()] } else { Vec::new() });
    }
    // OpenAPI's own way of saying `null`.
    if all.get("nullable") == Some(&Value::Bool(true)) && all.contains_key("type") {
        node.kinds = node.kinds | Kinds::NULL;
    }
}

fn kinds<'a>(names: impl IntoIterator<Item = &'a str>, node: &mut Node) -> Kinds {
    let mut all = Kinds::NONE;
    for name in names {
        if let Some(kind) = Kinds::named(name) {
            all = all | kind;
        } else {
            node.unsupported = Some(format!("there is no type `{name}`"));
        }
    }
    all
}

fn numbers(all: &Map<String, Value>, node: &mut Node) {
    let number = |keyword: &str| match all.get(keyword) {
        Some(Value::Number(number)) => Some(number.clone()),
        _ => None,
    };
    let bound = |keyword: &str, exclusive: &str, tighter: std::cmp::Ordering| {
        // A flag beside it, in draft-04.
        let flag = all.get(exclusive) == Some(&Value::Bool(true));
        let inclusive = number(keyword).map(|value| Bound { value, exclusive: flag });
        let other = number(exclusive).map(|value| Bound { value, exclusive: true });
        match (inclusive, other) {
            (Some(one), Some(other)) => {
                let one_is_looser = super::number::compare(&one.value, &other.value) != tighter;
                Some(if one_is_looser { other } else { one })
            }
            (one, other) => one.or(other),
        }
    };
    node.minimum = bound("minimum", "exclusiveMinimum", std::cmp::Ordering::Greater);
    node.maximum = bound("maximum", "exclusiveMaximum", std::cmp::Ordering::Less);
    node.multiple_of = number("multipleOf").filter(|step| step.as_f64() != Some(0.0));
    let range = all.get("format").and_then(Value::as_str).and_then(range);
    if let Some((least, most)) = range {
        let inclusive = |value: Number| Bound { value, exclusive: false };
        tighten(&mut node.minimum, inclusive(least), std::cmp::Ordering::Greater);
        tighten(&mut node.maximum, inclusive(most), std::cmp::Ordering::Less);
    }
}

/// Keeps the tighter of two bounds.
fn tighten(bound: &mut Option<Bound>, other: Bound, tighter: std::cmp::Ordering) {
    let keep = bound
        .as_ref()
        .is_some_and(|bound| super::number::compare(&bound.value, &other.value) == tighter);
    let equal = bound.as_ref().is_some_and(|bound| {
        super::number::compare(&bound.value, &other.value) == std::cmp::Ordering::Equal
    });
    if !keep && !equal {
        *bound = Some(other);
    }
}

fn strings(all: &Map<String, Value>, node: &mut Node) {
    node.min_length = count(all, "minLength").unwrap_or(0);
    node.max_length = count(all, "maxLength");
    node.pattern = all.get("pattern").and_then(Value::as_str).map(Pattern::new);
    let text = |keyword: &str| all.get(keyword).and_then(Value::as_str).map(str::to_owned);
    // A number's format is its range.
    node.format = text("format").filter(|format| range(format).is_none());
    for keyword in ["contentEncoding", "contentMediaType"] {
        if let Some(text) = text(keyword) {
            node.content.insert(keyword, text);
        }
    }
}

fn count(all: &Map<String, Value>, keyword: &str) -> Option<u64> {
    let number = all.get(keyword)?;
    // 2.0 is a count, too.
    number.as_u64().or_else(|| match number {
        Value::Number(number) => super::number::integer(number).and_then(|n| u64::try_from(n).ok()),
        _ => None,
    })
}

fn texts(list: Option<&Value>) -> BTreeSet<String> {
    let list = list.and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// A name as a step of a JSON pointer (RFC 6901).
pub(crate) fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
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
