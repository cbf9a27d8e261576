#!/usr/bin/env bash
# json-schema-to-typescript leaves out what a tagged variant holds, and the types of a tuple, in schemas that schemars makes.
#
# Seen with schemars 1.2.3 and json-schema-to-typescript 16.0.0 (npm). An internally tagged enum of serde whose variant holds a
# struct is, by schemars, an object with the tag and, beside it, a `$ref` to the struct; 2020-12 means both. The generator
# makes an interface of the struct's name that has the tag alone. With the `$ref` inside an `allOf` it keeps both. `prefixItems`,
# by which 2020-12 writes a tuple, gives `unknown` for each element; draft-07's `items` with a list gives their types.
#
# It prints four lines and ends with 0 while that holds:
#     a reference beside the tag: { kind: "bank" }
#     a reference in allOf: Account & { kind: "bank" }
#     prefixItems: [unknown, unknown]
#     items, a list: [number, string]
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund json-schema-to-typescript@16.0.0
mkdir -p make/src
cat >make/Cargo.toml <<'TOML'
[package]
name = "make"
version = "0.0.0"
edition = "2021"

[dependencies]
schemars = "=1.2.3"
serde = { version = "1", features = ["derive"] }
serde_json = "1"
TOML
cat >make/src/main.rs <<'RUST'
#![allow(dead_code)]
use schemars::generate::SchemaSettings;

#[derive(serde::Serialize, schemars::JsonSchema)]
struct Order {
    paid: Payment,
    pair: (u32, String),
}

#[derive(serde::Serialize, schemars::JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Payment {
    Cash,
    Bank(Account),
}

#[derive(serde::Serialize, schemars::JsonSchema)]
struct Account {
    iban: String,
}

fn main() {
    let both = [SchemaSettings::draft2020_12(), SchemaSettings::draft07()]
        .map(|settings| settings.into_generator().into_root_schema_for::<Order>());
    println!("{}", serde_json::to_string(&both).unwrap());
}
RUST
cargo run --quiet --manifest-path make/Cargo.toml >schemas.json

cat >look.cjs <<'JS'
const assert = require("node:assert");
const fs = require("node:fs");
const { compile } = require("json-schema-to-typescript");

const [newest, draft07] = JSON.parse(fs.readFileSync("schemas.json", "utf8"));
const wrapped = structuredClone(newest);
const bank = wrapped.$defs.Payment.oneOf[1];
bank.allOf = [{ $ref: bank.$ref }];
delete bank.$ref;

// As one line, without what every object has: that other properties may be there.
const types = async (schema) => {
  const text = await compile(schema, "Order", { bannerComment: "", additionalProperties: false, format: false });
  return text.replace(/\s+/g, " ");
};
const found = (text, pattern) => (pattern.exec(text) ?? ["", "not found"])[1].trim();
(async () => {
  const [as_it_is, in_all_of, older] = [await types(newest), await types(wrapped), await types(draft07)];
  const said = [
    `a reference beside the tag: ${found(as_it_is, /interface Account (\{[^}]*\})/)}`,
    `a reference in allOf: ${found(in_all_of, /\((Account & \{[^}]*\})\)/)}`,
    `prefixItems: ${found(as_it_is, /pair: (\[[^\]]*\])/)}`,
    `items, a list: ${found(older, /pair: (\[[^\]]*\])/)}`,
  ];
  console.log(said.join("\n"));
  assert.deepEqual(said, [
    'a reference beside the tag: { kind: "bank" }',
    'a reference in allOf: Account & { kind: "bank" }',
    "prefixItems: [unknown, unknown]",
    "items, a list: [number, string]",
  ]);
})();
JS
node look.cjs
