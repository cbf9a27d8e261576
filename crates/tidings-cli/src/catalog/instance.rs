//! JSON with its parts told apart.

use maud::{Markup, Render, html};
use serde_json::Value;

use crate::terminal;

/// A JSON value over several lines.
#[derive(Debug, Clone, Copy)]
pub(super) struct Json<'a>(pub(super) &'a Value);

impl Render for Json<'_> {
    fn render(&self) -> Markup {
        value(self.0, 0)
    }
}

/// A value of JSON's own on one line, with what is not seen as an escape of JSON.
pub(super) fn compact(value: &Value) -> String {
    terminal::json(&value.to_string())
}

fn value(json: &Value, depth: usize) -> Markup {
    let (inner, outer) = ("  ".repeat(depth + 1), "  ".repeat(depth));
    html! {
        @match json {
            Value::Array(items) if !items.is_empty() => {
                "[\n"
                @for (at, item) in items.iter().enumerate() {
                    (inner) (value(item, depth + 1)) @if at + 1 < items.len() { "," } "\n"
                }
                (outer) "]"
            }
            Value::Object(members) if !members.is_empty() => {
                "{\n"
                @for (at, (name, member)) in members.iter().enumerate() {
                    (inner) (scalar("k", &Value::from(name.as_str()))) ": " (value(member, depth + 1))
                    @if at + 1 < members.len() { "," } "\n"
                }
                (outer) "}"
            }
            Value::String(_) => (scalar("s", json)),
            Value::Number(_) => (scalar("n", json)),
            Value::Bool(_) | Value::Null => (scalar("w", json)),
            Value::Array(_) => "[]",
            Value::Object(_) => "{}",
        }
    }
}

fn scalar(class: &str, json: &Value) -> Markup {
    html! { span class=(class) { (compact(json)) } }
}
