//! Fields of a payload, as rows of a table.

use serde_json::Value;
use tidings_contract::Contract;

use super::kind::{constraints, kind};
use super::schema::{Node, resolve, values};

/// Deepest level of fields within fields that is shown.
const DEEPEST: usize = 6;
/// Largest number of rows of one contract.
const MOST: usize = 250;
/// Largest number of values that are looked into for them.
const MOST_LOOKS: usize = 4_000;

/// Row of a contract's table.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Field {
    pub(super) depth: usize,
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) presence: Presence,
    pub(super) constraints: Vec<String>,
    pub(super) description: Option<String>,
}

/// Presence of a field in a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Presence {
    /// A reader refuses a message without it.
    Required,
    /// A reader does without it, and a writer always gives it.
    Written,
    Optional,
    /// No field, but what is said of those below it.
    Heading,
}

/// The rows of a contract, and whether there are more than are shown.
pub(super) fn fields(contract: &Contract) -> (Vec<Field>, bool) {
    let (read, written) = (contract.read(), contract.written());
    let mut rows =
        Rows { read, written, fields: Vec::new(), inside: Vec::new(), looks: 0, cut: false };
    let (node, of_writer) = (resolve(read, read), resolve(written, written));
    rows.enter(&node, Some(&of_writer), 0);
    if rows.fields.is_empty() {
        rows.row(0, "(value)".to_owned(), &node, Presence::Required);
    }
    (rows.fields, rows.cut)
}

struct Rows<'a> {
    read: &'a Value,
    written: &'a Value,
    fields: Vec<Field>,
    /// The definitions that the next row stands in.
    inside: Vec<&'a str>,
    looks: usize,
    cut: bool,
}

impl<'a> Rows<'a> {
    fn row(&mut self, depth: usize, name: String, node: &Node<'a>, presence: Presence) {
        if self.fields.len() == MOST {
            self.cut = true;
            return;
        }
        let description = node.text("description").map(str::to_owned);
        let (kind, constraints) = match presence {
            Presence::Heading => (String::new(), Vec::new()),
            _ => (kind(self.read, node), constraints(node)),
        };
        self.fields.push(Field { depth, name, kind, presence, constraints, description });
    }

    /// Adds what is in a value, in the items of an array, or in the values of a map.
    fn enter(&mut self, node: &Node<'a>, written: Option<&Node<'a>>, depth: usize) {
        self.looks += 1;
        self.cut |= self.looks > MOST_LOOKS;
        if self.cut || node.definition.is_some_and(|name| self.inside.contains(&name)) {
            return;
        }
        self.inside.extend(node.definition);
        if depth <= DEEPEST {
            self.members(node, written, depth);
            self.variants(node, depth);
            for keyword in ["items", "additionalProperties"] {
                if let Some(inner) = node.get(keyword).filter(|inner| inner.is_object()) {
                    let inner = resolve(self.read, inner);
                    let of_writer = written.and_then(|node| node.get(keyword));
                    let of_writer = of_writer.map(|schema| resolve(self.written, schema));
                    self.enter(&inner, of_writer.as_ref(), depth);
                }
            }
        } else {
            self.cut |= node.members().next().is_some();
        }
        if node.definition.is_some() {
            self.inside.pop();
        }
    }

    fn members(&mut self, node: &Node<'a>, written: Option<&Node<'a>>, depth: usize) {
        for (name, member) in node.members() {
            if self.cut {
                return;
            }
            let presence = if node.requires(name) {
                Presence::Required
            } else if written.is_some_and(|node| node.requires(name)) {
                Presence::Written
            } else {
                Presence::Optional
            };
            let member = resolve(self.read, member);
            let of_writer = written.and_then(|node| node.get("properties")?.get(name));
            let of_writer = of_writer.map(|schema| resolve(self.written, schema));
            self.row(depth, name.clone(), &member, presence);
            self.enter(&member, of_writer.as_ref(), depth + 1);
        }
    }

    fn variants(&mut self, node: &Node<'a>, depth: usize) {
        let variants = node.variants();
        if variants.len() < 2 || values(node).is_some() {
            return;
        }
        for (at, variant) in variants.into_iter().enumerate() {
            if self.cut {
                return;
            }
            let variant = resolve(self.read, variant);
            let title = title(&variant).unwrap_or_else(|| format!("#{}", at + 1));
            self.row(depth, format!("either {title}"), &variant, Presence::Heading);
            self.enter(&variant, None, depth + 1);
        }
    }
}

/// A name for a variant: its tag, the only field that it must have, or its type.
fn title(variant: &Node<'_>) -> Option<String> {
    let tag = variant.members().find_map(|(_, member)| member.get("const")?.as_str());
    let only = || match variant.list("required") {
        [Value::String(name)] => Some(name.as_str()),
        _ => None,
    };
    let constant = || variant.text("const");
    let name = tag.or_else(only).or_else(constant).or_else(|| variant.text("title"));
    name.or(variant.definition).or_else(|| variant.text("type")).map(str::to_owned)
}
