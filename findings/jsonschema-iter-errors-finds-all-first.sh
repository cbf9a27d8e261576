#!/usr/bin/env bash
# The iterator of errors of the crate jsonschema looks at the whole instance before it gives the first one.
#
# Seen with jsonschema 0.60.2 (crates.io). `Validator::iter_errors` gives an iterator; taking one error
# off it, of a list of 1,000 texts that are all wrong, calls the check of their format 2,000 times, and
# taking none does too: each text is looked at twice when the iterator is made. `Validator::validate`
# stops at the first one. Whoever takes "the first few" of the iterator to bound the work on a large document
# has not bounded it.
#
# It prints three lines and ends with 0 while that holds:
#     iter_errors, none taken: 2000 looks
#     iter_errors, one taken: 2000 looks
#     validate: 2 looks
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/src"
cat >"$folder/Cargo.toml" <<'TOML'
[package]
name = "look"
version = "0.0.0"
edition = "2024"

[workspace]

[dependencies]
jsonschema = { version = "=0.60.2", default-features = false }
serde_json = "1"
TOML
cat >"$folder/src/main.rs" <<'RUST'
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;

static LOOKS: AtomicUsize = AtomicUsize::new(0);

fn main() {
    let validator = jsonschema::options()
        .with_format("counted", |_: &str| {
            LOOKS.fetch_add(1, Ordering::Relaxed);
            false
        })
        .should_validate_formats(true)
        .build(&json!({"items": {"format": "counted"}}))
        .expect("a schema");
    let texts = json!(vec!["x"; 1000]);
    drop(validator.iter_errors(&texts));
    let looks = LOOKS.swap(0, Ordering::Relaxed);
    println!("iter_errors, none taken: {looks} looks");
    assert_eq!(looks, 2000);
    assert!(validator.iter_errors(&texts).next().is_some());
    let looks = LOOKS.swap(0, Ordering::Relaxed);
    println!("iter_errors, one taken: {looks} looks");
    assert_eq!(looks, 2000);
    assert!(validator.validate(&texts).is_err());
    let looks = LOOKS.swap(0, Ordering::Relaxed);
    println!("validate: {looks} looks");
    assert_eq!(looks, 2);
}
RUST
cargo run --quiet --manifest-path "$folder/Cargo.toml"
