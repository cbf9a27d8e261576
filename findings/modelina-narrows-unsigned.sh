#!/usr/bin/env bash
# Modelina holds a `uint64` in 32 bits: the classes that it makes for Java, Kotlin, C#, Scala and C++ can't read an id that
# the document allows.
#
# Seen with @asyncapi/modelina 5.10.1. `int64` becomes `long` where there is one, but a format that it has no word for falls
# back to the language's `int`: `uint32` and `uint64`, which are in OpenAPI's registry of formats and which schemars and other
# writers of schemas give unsigned numbers. Its Rust generator does know both. In C++ `int64` is an `int`, too.
#
# It prints six lines, for `int64`, `uint32` and `uint64`, and ends with 0 while that holds:
#     Java: long, int, int
#     Kotlin: Long, Int, Int
#     CSharp: long, int, int
#     Scala: Long, Int, Int
#     Cplusplus: int, int, int
#     Rust: i64, u32, u64
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund @asyncapi/modelina@5.10.1
cat >look.mjs <<'JS'
import * as modelina from "@asyncapi/modelina";

const whole = (format) => ({ type: "integer", format });
const schema = {
  $schema: "http://json-schema.org/draft-07/schema",
  $id: "OrderPaid",
  type: "object",
  additionalProperties: false,
  properties: { longId: whole("int64"), shortId: whole("uint32"), unsignedId: whole("uint64") },
  required: ["longId", "shortId", "unsignedId"],
};
const snake = (name) => name.replace(/[A-Z]/, (letter) => `_${letter.toLowerCase()}`);
const member = {
  Java: (name) => new RegExp(`private (\\w+) ${name};`),
  Kotlin: (name) => new RegExp(`val ${name}: (\\w+)`),
  CSharp: (name) => new RegExp(`private (\\w+) ${name};`),
  Scala: (name) => new RegExp(`${name}: (\\w+)`),
  Cplusplus: (name) => new RegExp(`(\\w+) ${snake(name)};`),
  Rust: (name) => new RegExp(`pub ${snake(name)}: (\\w+)`),
};
for (const [language, find] of Object.entries(member)) {
  const [model] = await new modelina[`${language}Generator`]().generate(structuredClone(schema));
  console.log(`${language}: ${["longId", "shortId", "unsignedId"].map((name) => model.result.match(find(name))[1]).join(", ")}`);
}
JS
node look.mjs | tee seen.txt
cat >want.txt <<'TXT'
Java: long, int, int
Kotlin: Long, Int, Int
CSharp: long, int, int
Scala: Long, Int, Int
Cplusplus: int, int, int
Rust: i64, u32, u64
TXT
diff want.txt seen.txt
