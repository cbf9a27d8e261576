//! A schema with what it refers to put in place.

use serde_json::{Map, Value};

/// Largest number of schemas that are taken together at one place, and of references that are
/// followed behind one another.
const MOST_LAYERS: usize = 64;

/// The schemas that judge one value together, the nearest first, and the definition that they come from.
#[derive(Debug, Clone, Default)]
pub(super) struct Node<'a> {
    layers: Vec<&'a Map<String, Value>>,
    /// The name of the last definition that was followed.
    pub(super) definition: Option<&'a str>,
}

impl<'a> Node<'a> {
    /// A keyword's value in the nearest schema that has it.
    pub(super) fn get(&self, keyword: &str) -> Option<&'a Value> {
        self.layers.iter().find_map(|layer| layer.get(keyword))
    }

    pub(super) fn text(&self, keyword: &str) -> Option<&'a str> {
        self.get(keyword)?.as_str()
    }

    pub(super) fn list(&self, keyword: &str) -> &'a [Value] {
        self.get(keyword).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
    }

    /// The named members of an object, each by the nearest schema that names it.
    pub(super) fn members(&self) -> impl Iterator<Item = (&'a String, &'a Value)> {
        let of_layer = |layer: &&'a Map<String, Value>| {
            layer.get("properties").and_then(Value::as_object).into_iter().flatten()
        };
        let is_first = move |at: usize, name: &str| {
            !self.layers[..at].iter().flat_map(of_layer).any(|(nearer, _)| nearer == name)
        };
        let each = self.layers.iter().enumerate();
        each.flat_map(move |(at, layer)| {
            of_layer(layer).filter(move |(name, _)| is_first(at, name))
        })
    }

    pub(super) fn requires(&self, name: &str) -> bool {
        let of_layer = |layer: &&'a Map<String, Value>| layer.get("required")?.as_array();
        self.layers.iter().filter_map(of_layer).flatten().any(|one| one == name)
    }

    /// The alternatives of it, of which `null` is none.
    pub(super) fn variants(&self) -> Vec<&'a Value> {
        let each = self.list("oneOf").iter().chain(self.list("anyOf"));
        each.filter(|one| !is_null(one)).collect()
    }

    /// Returns `true` if `null` is valid beside something else.
    pub(super) fn is_nullable(&self) -> bool {
        self.list("oneOf").iter().chain(self.list("anyOf")).any(is_null)
            || self.types().len() > 1 && self.types().contains(&"null")
    }

    pub(super) fn types(&self) -> Vec<&'a str> {
        match self.get("type") {
            Some(Value::String(one)) => vec![one],
            Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }
}

fn is_null(schema: &Value) -> bool {
    schema.get("type").is_some_and(|kind| kind == "null")
}

/// The schemas at one place: references followed, `allOf` and an only alternative taken in.
pub(super) fn resolve<'a>(root: &'a Value, schema: &'a Value) -> Node<'a> {
    let mut node = Node::default();
    take_in(root, schema, &mut node);
    node
}

fn take_in<'a>(root: &'a Value, schema: &'a Value, node: &mut Node<'a>) {
    let Some(keywords) = schema.as_object() else { return };
    if node.layers.len() == MOST_LAYERS {
        return;
    }
    node.layers.push(keywords);
    if let Some(reference) = keywords.get("$ref").and_then(Value::as_str)
        && let Some(target) = reference.strip_prefix('#').and_then(|to| root.pointer(to))
    {
        // The whole schema is called by its title.
        let title = || root.get("title").and_then(Value::as_str);
        node.definition = if reference == "#" { title() } else { reference.rsplit('/').next() };
        take_in(root, target, node);
    }
    for part in keywords.get("allOf").and_then(Value::as_array).into_iter().flatten() {
        take_in(root, part, node);
    }
    let only = |keyword: &str| {
        let list = keywords.get(keyword)?.as_array()?;
        let mut others = list.iter().filter(|one| !is_null(one));
        let (only, None) = (others.next()?, others.next()) else { return None };
        // One that is a constant is an enum of one.
        only.get("const").is_none().then_some(only)
    };
    for keyword in ["anyOf", "oneOf"] {
        if let Some(only) = only(keyword) {
            take_in(root, only, node);
        }
    }
}

/// The only values that are valid, each with its description, where they are listed.
pub(super) fn values<'a>(node: &Node<'a>) -> Option<Vec<(&'a Value, Option<&'a str>)>> {
    if let Some(only) = node.get("const") {
        return Some(vec![(only, None)]);
    }
    if let Some(Value::Array(list)) = node.get("enum") {
        return Some(list.iter().map(|one| (one, None)).collect());
    }
    let variants = node.variants();
    if variants.is_empty() {
        return None;
    }
    let mut values = Vec::new();
    for variant in variants {
        let described = || variant.get("description")?.as_str();
        match (variant.get("const"), variant.get("enum")) {
            (Some(only), _) => values.push((only, described())),
            (None, Some(Value::Array(list))) => {
                values.extend(list.iter().map(|one| (one, described())));
            }
            _ => return None,
        }
    }
    Some(values)
}
