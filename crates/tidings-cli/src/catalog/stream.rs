//! Streams with their configuration.

use maud::{Markup, html};
use serde_json::Value;
use tidings_contract::Catalog;

use super::instance::compact;
use super::text::{Line, counted, shortened, spans};

/// Longest text of a value that is shown, in characters.
const LONGEST: usize = 300;

pub(super) fn streams(catalog: &Catalog) -> Markup {
    html! {
        @for (name, config) in catalog.streams() {
            section.card id={ "stream-" (name) } {
                h3 { (Line(name)) }
                @if let Some(text) = config.get("description").and_then(Value::as_str) {
                    p { (spans(text)) }
                }
                dl.pairs {
                    @for (key, value) in config.as_object().into_iter().flatten().filter(|(key, _)| is_shown(key)) {
                        div { dt { (Line(&key.replace('_', " "))) } dd { (Line(&shown(key, value))) } }
                    }
                }
                @if let Some(store) = name.strip_prefix("OBJ_") {
                    p.quiet { "The object store " code { (Line(store)) } ", which keeps files and other large things by name." }
                }
                @let mut kept: Vec<&str> = catalog.iter()
                    .filter(|message| message.stream.as_deref() == Some(name))
                    .map(|message| message.name.as_str()).collect();
                @let () = kept.dedup();
                @if !(kept.is_empty() && name.starts_with("OBJ_")) {
                    details open[kept.len() <= 12] {
                        summary { "Keeps " (counted(kept.len(), "message")) }
                        ul.links {
                            @for name in kept { li { a href={ "#message-" (name) } { (Line(name)) } } }
                        }
                    }
                }
            }
        }
    }
}

fn is_shown(key: &str) -> bool {
    !matches!(key, "name" | "description")
}

/// A value of a configuration for people.
fn shown(key: &str, value: &Value) -> String {
    let text = match (key, value) {
        ("max_age" | "duplicate_window" | "subject_delete_marker_ttl", Value::Number(number)) => {
            let nanos = number.as_u64().unwrap_or(0);
            if nanos == 0 {
                "no limit".to_owned()
            } else {
                humantime::format_duration(std::time::Duration::from_nanos(nanos)).to_string()
            }
        }
        (_, Value::String(text)) => text.clone(),
        (_, Value::Array(items)) if items.iter().all(Value::is_string) => {
            items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")
        }
        (_, other) => compact(other),
    };
    shortened(&text, LONGEST)
}
