#![allow(clippy::needless_raw_string_hashes, reason = "expect-test writes them")]

mod accept;
mod check;
mod crash;
mod description;
mod hostile;
mod service;
mod write;

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use expect_test::expect;
use schemars::JsonSchema;

use crate::{Catalog, Descriptor};

/// Is there enough of it?
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is wanted")]
struct CheckInventory {
    sku: String,
    quantity: Option<u32>,
}

#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is wanted")]
struct OutOfStock {
    left: u32,
}

fn check_inventory() -> Descriptor {
    Descriptor::request("inventory.check", 1, "inventory.{site}.check")
        .payload::<CheckInventory>()
        .reply::<u32>()
        .error::<OutOfStock>()
}

fn catalog() -> Catalog {
    let counted = Descriptor::event("inventory.counted", 2, "inventory.counted");
    Catalog::of([check_inventory(), counted.stream("INVENTORY").tagged().payload::<u64>()]).unwrap()
}

/// A folder that is removed with the value.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("tidings-contract-{}-{count}", std::process::id());
        Self(std::env::temp_dir().join(name).join("schemas"))
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.0.join(name)).unwrap()
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.0.join(name), text).unwrap();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(self.0.parent().unwrap());
    }
}

fn written() -> Folder {
    let folder = Folder::new();
    catalog().write_to(&folder.0).unwrap();
    folder
}

fn streams(max_age: u64) -> Catalog {
    let config =
        serde_json::json!({"name": "INVENTORY", "max_age": max_age, "subjects": ["inventory.>"]});
    let counted = Descriptor::event("inventory.counted", 2, "inventory.counted");
    let counted = counted.stream("INVENTORY").stream_config(config).payload::<u64>();
    Catalog::of([check_inventory(), counted]).unwrap()
}
