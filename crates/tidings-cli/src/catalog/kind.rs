//! Types and constraints in words.

use serde_json::Value;

use super::schema::{Node, resolve, values};
use super::text::shortened;

/// Longest text of a single value, in characters.
const LONGEST: usize = 60;
/// Longest text of a type, in characters.
const LONGEST_KIND: usize = 120;
/// Largest number of values of an enumeration that are listed.
const MOST_VALUES: usize = 16;
/// Largest number of arrays in arrays that are told.
const DEEPEST: usize = 3;
/// Largest number of parts of a tuple that are told.
const MOST_PARTS: usize = 6;

/// The type of a value, such as `text (uuid)` or `list of Line`.
pub(super) fn kind<'a>(root: &'a Value, node: &Node<'a>) -> String {
    shortened(&kind_within(root, node, DEEPEST), LONGEST_KIND)
}

fn kind_within<'a>(root: &'a Value, node: &Node<'a>, left: usize) -> String {
    let base = base(root, node, left);
    if node.is_nullable() { format!("{base} or null") } else { base }
}

fn base<'a>(root: &'a Value, node: &Node<'a>, left: usize) -> String {
    let inner = |schema: &'a Value| match left.checked_sub(1) {
        Some(left) => kind_within(root, &resolve(root, schema), left),
        None => "…".to_owned(),
    };
    if let Some(values) = values(node) {
        let of_first = match values.first() {
            Some((Value::Number(_), _)) => "number",
            Some((Value::Bool(_), _)) => "boolean",
            _ => "text",
        };
        return node.definition.unwrap_or(of_first).to_owned();
    }
    let types: Vec<&str> = node.types().into_iter().filter(|kind| *kind != "null").collect();
    let format = node.text("format").map_or(String::new(), |format| format!(" ({format})"));
    match types[..] {
        ["string"] => format!("text{format}"),
        ["integer"] => format!("integer{format}"),
        ["number"] => format!("number{format}"),
        ["boolean"] => "boolean".to_owned(),
        ["null"] => "null".to_owned(),
        ["array"] => match (node.list("prefixItems"), node.get("items")) {
            ([], Some(items)) => format!("list of {}", inner(items)),
            ([], None) => "list".to_owned(),
            (parts, _) => {
                let told: Vec<String> = parts.iter().take(MOST_PARTS).map(inner).collect();
                let more = if parts.len() > MOST_PARTS { ", …" } else { "" };
                format!("tuple of {}{more}", told.join(", "))
            }
        },
        ["object"] => match (node.definition, node.get("additionalProperties")) {
            (_, Some(values)) if values.is_object() && node.members().next().is_none() => {
                format!("map of {}", inner(values))
            }
            (Some(name), _) => name.to_owned(),
            (None, _) => "object".to_owned(),
        },
        [] => match (node.definition, node.variants().len()) {
            (Some(name), _) => name.to_owned(),
            (None, 0) if node.members().next().is_some() => "object".to_owned(),
            (None, 0) => "anything".to_owned(),
            (None, several) => format!("one of {several}"),
        },
        _ => types.join(" or "),
    }
}

/// Limits of a value beyond its type.
pub(super) fn constraints(node: &Node<'_>) -> Vec<String> {
    let mut told = Vec::new();
    if let Some(values) = values(node) {
        let shown: Vec<String> =
            values.iter().take(MOST_VALUES).map(|(one, _)| value(one)).collect();
        let more = values.len().saturating_sub(MOST_VALUES);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        told.push(format!("{}{more}", shown.join(" | ")));
    }
    for (keyword, sign) in [
        ("minimum", "≥"),
        ("exclusiveMinimum", ">"),
        ("maximum", "≤"),
        ("exclusiveMaximum", "<"),
        ("multipleOf", "multiple of"),
        ("minLength", "length ≥"),
        ("maxLength", "length ≤"),
        ("pattern", "matches"),
        ("minItems", "items ≥"),
        ("maxItems", "items ≤"),
        ("minProperties", "members ≥"),
        ("maxProperties", "members ≤"),
        ("default", "default"),
    ] {
        if let Some(limit) = node.get(keyword) {
            let limit = if keyword == "pattern" {
                limit.as_str().unwrap_or_default().to_owned()
            } else {
                value(limit)
            };
            told.push(format!("{sign} {}", shortened(&limit, LONGEST)));
        }
    }
    if node.get("deprecated") == Some(&Value::Bool(true)) {
        told.push("deprecated".to_owned());
    }
    if node.get("uniqueItems") == Some(&Value::Bool(true)) {
        told.push("no item twice".to_owned());
    }
    if node.get("additionalProperties") == Some(&Value::Bool(false)) {
        told.push("no other members".to_owned());
    }
    told
}

/// A value as JSON, a short text without its quotes.
fn value(value: &Value) -> String {
    let text = match value {
        Value::String(text) if !text.is_empty() => text.clone(),
        other => other.to_string(),
    };
    shortened(&text, LONGEST)
}
