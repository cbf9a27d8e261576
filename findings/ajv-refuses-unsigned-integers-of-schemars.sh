#!/usr/bin/env bash
# Ajv refuses every JSON Schema that schemars makes of a type with an unsigned integer, with and without ajv-formats.
#
# Seen with schemars 1.2.3, ajv 8.20.0 and ajv-formats 3.0.1 (npm). schemars writes the size of an integer as a format: `uint32`,
# `uint64`, `uint`, as OpenAPI's registry of formats has some. Ajv's default mode is strict, and there a format that it does
# not know is no annotation but an error as the schema is compiled (whose text says "ignored"). ajv-formats brings `int32`,
# `int64`, `float` and `double`, and no unsigned one. With `strictSchema: false`, or with the formats added by their names, the
# same schema compiles and judges by its `minimum` and `maximum`.
#
# It prints four lines and ends with 0 while that holds:
#     signed, with ajv-formats: compiles
#     unsigned, with ajv-formats: unknown format "uint32" ignored in schema at path "#/properties/pieces"
#     unsigned, strictSchema off: compiles, takes 3: true, takes -1: false
#     unsigned, formats added: compiles, takes 3: true, takes -1: false
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund ajv@8.20.0 ajv-formats@3.0.1
mkdir -p make/src
cat >make/Cargo.toml <<'TOML'
[package]
name = "make"
version = "0.0.0"
edition = "2021"

[dependencies]
schemars = "=1.2.3"
serde_json = "1"
TOML
cat >make/src/main.rs <<'RUST'
#![allow(dead_code)]

#[derive(schemars::JsonSchema)]
struct Signed {
    pieces: i32,
}

#[derive(schemars::JsonSchema)]
struct Unsigned {
    pieces: u32,
}

fn main() {
    let both = [schemars::schema_for!(Signed), schemars::schema_for!(Unsigned)];
    println!("{}", serde_json::to_string(&both).unwrap());
}
RUST
cargo run --quiet --manifest-path make/Cargo.toml >schemas.json

cat >look.cjs <<'JS'
const assert = require("node:assert");
const fs = require("node:fs");
const Ajv = require("ajv/dist/2020").default;
const addFormats = require("ajv-formats").default;

const [signed, unsigned] = JSON.parse(fs.readFileSync("schemas.json", "utf8"));
const look = (name, options, formats, schema) => {
  const ajv = new Ajv({ logger: false, ...options });
  addFormats(ajv);
  formats.forEach((format) => ajv.addFormat(format, true));
  try {
    const takes = ajv.compile(schema);
    return `${name}: compiles, takes 3: ${takes({ pieces: 3 })}, takes -1: ${takes({ pieces: -1 })}`;
  } catch (error) {
    return `${name}: ${error.message}`;
  }
};
const said = [
  look("signed, with ajv-formats", {}, [], signed).split(",").slice(0, 2).join(","),
  look("unsigned, with ajv-formats", {}, [], unsigned),
  look("unsigned, strictSchema off", { strictSchema: false }, [], unsigned),
  look("unsigned, formats added", {}, ["uint32"], unsigned),
];
console.log(said.join("\n"));
assert.deepEqual(said, [
  "signed, with ajv-formats: compiles",
  'unsigned, with ajv-formats: unknown format "uint32" ignored in schema at path "#/properties/pieces"',
  "unsigned, strictSchema off: compiles, takes 3: true, takes -1: false",
  "unsigned, formats added: compiles, takes 3: true, takes -1: false",
]);
JS
node look.cjs
