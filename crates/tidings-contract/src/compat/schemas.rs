//! All schemas of a comparison in one list, with their references resolved.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::ops::Index;

use serde_json::{Number, Value};

use super::keyword::Keywords;
use super::kind::Kinds;
use super::node::{Bound, Condition, Contains, Id, Node};
use super::number::range;
use super::pattern::Pattern;
use super::work::{DEEPEST, MOST_PATTERNS, MOST_SCHEMAS};

/// Both documents of a comparison.
pub(crate) struct Schemas<'a> {
    writer: &'a Document<'a>,
    reader: &'a Document<'a>,
}

/// A side of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Side {
    Writer,
    Reader,
}

/// All schemas of a document, for one side of a comparison.
#[derive(Debug)]
pub(crate) struct Document<'a> {
    side: Side,
    nodes: Vec<Node>,
    /// The place of each in its document.
    places: Vec<Place<'a>>,
    /// Stands for all that there is no room for.
    rest: Option<Id>,
    patterns: usize,
}

/// Place of a schema in its document, from the schema that holds it.
#[derive(Debug, Clone)]
enum Place<'a> {
    /// JSON pointer from the root.
    At(String),
    One(Id, &'static str),
    Item(Id, &'static str, usize),
    Member(Id, &'static str, &'a str),
}

impl Side {
    /// The root of its document: that of the reader comes after all of the writer's.
    fn root(self) -> Id {
        match self {
            Self::Writer => 0,
            Self::Reader => MOST_SCHEMAS + 1,
        }
    }
}

impl<'a> Document<'a> {
    /// Reads a document.
    pub(crate) fn read(document: &'a Value, side: Side) -> Self {
        let (nodes, places) = (Vec::new(), Vec::new());
        let mut reader = Reader {
            schemas: Self { side, nodes, places, rest: None, patterns: 0 },
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

    /// Its first schema.
    pub(crate) fn root(&self) -> Id {
        self.side.root()
    }
}

impl Index<Id> for Schemas<'_> {
    type Output = Node;

    fn index(&self, id: Id) -> &Node {
        let of = self.document(id);
        &of.nodes[id - of.root()]
    }
}

impl<'a> Schemas<'a> {
    pub(crate) fn new(writer: &'a Document<'a>, reader: &'a Document<'a>) -> Self {
        Self { writer, reader }
    }

    fn document(&self, id: Id) -> &Document<'a> {
        if id < Side::Reader.root() { self.writer } else { self.reader }
    }

    /// JSON pointer to a schema in its document.
    pub(crate) fn pointer(&self, id: Id) -> String {
        let of = self.document(id);
        let place = |id: Id| &of.places[id - of.root()];
        let mut steps = Vec::new();
        let mut at = id;
        let mut pointer = loop {
            match place(at) {
                Place::At(pointer) => break pointer.clone(),
                Place::One(of, _) | Place::Item(of, ..) | Place::Member(of, ..) => {
                    steps.push(place(at));
                    at = *of;
                }
            }
        };
        for step in steps.into_iter().rev() {
            match step {
                Place::At(_) => {}
                Place::One(_, keyword) => pointer.extend(["/", keyword]),
                Place::Item(_, keyword, item) => {
                    pointer.extend(["/", keyword, "/", &item.to_string()]);
                }
                Place::Member(_, keyword, name) => {
                    pointer.extend(["/", keyword, "/", &escape(name)]);
                }
            }
        }
        pointer
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

/// Returns `true` if a value is nested no deeper than this.
fn is_within(value: &Value, depth: usize) -> bool {
    match value {
        Value::Array(elements) => depth > 0 && elements.iter().all(|one| is_within(one, depth - 1)),
        Value::Object(members) => {
            depth > 0 && members.values().all(|one| is_within(one, depth - 1))
        }
        _ => true,
    }
}

/// Largest number of values that are looked through one by one.
const MANY: usize = 16;

fn any_kind(all: &Keywords<'_>, node: &mut Node) {
    match all.get("type") {
        Some(Value::String(name)) => node.kinds = kinds([name.as_str()], node),
        Some(Value::Array(names)) => {
            node.kinds = kinds(names.iter().filter_map(Value::as_str), node);
        }
        _ => {}
    }
    let data = [all.get("enum"), all.get("const")];
    if data.into_iter().flatten().any(|value| !is_within(value, DEEPEST)) {
        node.unsupported = Some(format!("it lists a value with more than {DEEPEST} levels"));
        return;
    }
    if let Some(Value::Array(values)) = all.get("enum") {
        node.values = Some(values.clone());
    }
    if let Some(value) = all.get("const") {
        let both = node.values.as_ref().is_none_or(|values| values.contains(value));
        node.values = Some(if both { vec![value.clone()] } else { Vec::new() });
    }
    if let Some(values) = node.values.as_ref().filter(|values| values.len() > MANY) {
        let texts: HashSet<_> =
            values.iter().filter_map(Value::as_str).map(str::to_owned).collect();
        node.texts = Some(texts).filter(|texts| !texts.is_empty());
    }
    // OpenAPI's own way of saying `null`.
    if all.get("nullable") == Some(&Value::Bool(true)) && all.get("type").is_some() {
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

fn numbers(all: &Keywords<'_>, node: &mut Node) {
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

fn strings(all: &Keywords<'_>, node: &mut Node) {
    node.min_length = count(all, "minLength").unwrap_or(0);
    node.max_length = count(all, "maxLength");
    let text = |keyword: &str| all.get(keyword).and_then(Value::as_str).map(str::to_owned);
    // A number's format is its range.
    node.format = text("format").filter(|format| range(format).is_none());
    for keyword in ["contentEncoding", "contentMediaType"] {
        if let Some(text) = text(keyword) {
            node.content.insert(keyword, text);
        }
    }
}

fn count(all: &Keywords<'_>, keyword: &str) -> Option<u64> {
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
pub(crate) fn escape(name: &str) -> Cow<'_, str> {
    if name.contains(['~', '/']) {
        Cow::Owned(name.replace('~', "~0").replace('/', "~1"))
    } else {
        Cow::Borrowed(name)
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
