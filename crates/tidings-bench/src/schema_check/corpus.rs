//! Catalog of many messages in some versions, and the pairs of it that a check compares.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde_json::{Map, Value, json};
use tidings_contract::{Catalog, Descriptor};
use tidings_tests::Chance;

use crate::schema::described;
use crate::shape::Shape;

/// Number of messages in the corpus, and of the versions of each.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    pub(crate) messages: u32,
    pub(crate) versions: u32,
}

/// The catalog of this size that a seed makes: always the same.
pub(crate) fn catalog(size: Size, seed: u64) -> Result<Catalog> {
    const AREAS: [&str; 8] =
        ["billing", "catalog", "delivery", "orders", "payments", "returns", "stock", "users"];
    let mut catalog = Catalog::new();
    for (number, area) in (0..size.messages).zip(AREAS.iter().cycle()) {
        let mut chance = Chance::new(seed, number.into());
        let (name, prefix) = (format!("{area}.thing{number}.changed"), format!("Thing{number}"));
        let mut shape = Shape::new(&prefix, &mut chance);
        for version in 1..=size.versions {
            if version > 1 {
                shape = shape.next(version, &mut chance);
            }
            let message =
                Descriptor::event(&name, version, format!("{area}.v{version}.thing{number}"));
            catalog.add(described(message, &format!("{prefix}Changed"), &shape))?;
        }
    }
    Ok(catalog)
}

/// Writes the pairs of what an earlier version writes and the latest reads, as two files of the
/// program `jsoncompat`; gives how many there are.
pub(crate) fn write_pairs(catalog: &Catalog, [old, new]: [&Path; 2]) -> Result<usize> {
    let (mut writers, mut readers) = (Map::new(), Map::new());
    let entry = |id: &str, schema: &Value| json!({"mode": "deserializer", "stable_id": id, "schema": schema});
    for message in catalog.iter() {
        let latest = catalog.versions(&message.name).next_back().context("it is there")?;
        if let (Some(writer), Some(reader)) = (&message.payload, &latest.payload)
            && message.version < latest.version
        {
            let id = message.tag();
            writers.insert(id.clone(), entry(&id, writer.written()));
            readers.insert(id.clone(), entry(&id, reader.read()));
        }
    }
    let pairs = writers.len();
    fs::write(old, serde_json::to_string(&writers)?)?;
    fs::write(new, serde_json::to_string(&readers)?)?;
    Ok(pairs)
}
