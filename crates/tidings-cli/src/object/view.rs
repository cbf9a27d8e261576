//! An object's description as it is shown.

use std::fmt::Write as _;

use serde_json::{Value, json};
use tidings::{ObjectInfo, ObjectLink};

use crate::{moment, terminal};

/// An object in a line.
pub(super) fn line(info: &ObjectInfo) -> String {
    let what = match &info.link {
        _ if info.is_deleted => "(deleted)".to_owned(),
        Some(link) => format!("link to {}", target(link)),
        None => format!("{} bytes", info.size),
    };
    let name = terminal::line(info.name());
    let (revision, time) = (info.revision, moment::write(info.modified));
    match &info.meta.description {
        Some(description) => {
            format!("{name}  #{revision}  {time}  {what}  {}", terminal::line(description))
        }
        None => format!("{name}  #{revision}  {time}  {what}"),
    }
}

/// An object with all that is said of it.
pub(super) fn whole(info: &ObjectInfo) -> String {
    let mut text = String::new();
    let mut row = |name: &str, value: &str| {
        // Writing to a text can't fail.
        let _ = writeln!(text, "{name:<12} {}", terminal::line(value));
    };
    row("name", info.name());
    row("store", &info.store);
    if let Some(description) = &info.meta.description {
        row("description", description);
    }
    match &info.link {
        Some(link) => row("link to", &target(link)),
        None => row("size", &format!("{} bytes in {} chunks", info.size, info.chunks)),
    }
    if let Some(digest) = &info.digest {
        row("digest", digest);
    }
    row("revision", &info.revision.to_string());
    row("modified", &moment::write(info.modified));
    for (name, value) in &info.meta.metadata {
        row("metadata", &format!("{name}: {value}"));
    }
    for (name, value) in info.meta.headers.iter() {
        row("header", &format!("{name}: {value}"));
    }
    text.truncate(text.trim_end().len());
    text
}

pub(super) fn json(info: &ObjectInfo) -> Value {
    let headers: Vec<_> = info.meta.headers.iter().map(|(name, value)| [name, value]).collect();
    json!({
        "name": info.name(),
        "store": info.store,
        "description": info.meta.description,
        "metadata": info.meta.metadata,
        "headers": headers,
        "size": info.size,
        "chunks": info.chunks,
        "digest": info.digest,
        "link": info.link.as_ref().map(|link| json!({ "store": link.store, "name": link.name })),
        "revision": info.revision,
        "modified": moment::write(info.modified),
        "deleted": info.is_deleted,
    })
}

fn target(link: &ObjectLink) -> String {
    match &link.name {
        Some(name) => terminal::line(&format!("{name} of {}", link.store)),
        None => terminal::line(&format!("store {}", link.store)),
    }
}
