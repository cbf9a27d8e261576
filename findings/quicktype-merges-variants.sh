#!/usr/bin/env bash
# quicktype makes one class of all variants of a tagged enum, in which a variant without its fields is valid and one of another's too.
#
# Seen with quicktype 26.0.0 (npm), for TypeScript, Go and Python. A `oneOf` of objects that are told apart by a `const` (serde's
# internally tagged enums, as schemars 1.2.3 and others write them; OpenAPI has the same form) becomes one type: the tag, required,
# with every variant's value, and beside it each field of every variant, all optional. Its own check at run time, which
# its JavaScript brings, then takes what the schema refuses.
#
# It prints five lines and ends with 0 while that holds:
#     TypeScript: Paid { kind: Kind; last4?: string; iban?: string; }
#     Go: type Paid struct { Kind Kind; Last4 *string; Iban *string }
#     Python: class Paid: kind: Kind; last4: str | None; iban: str | None
#     a card with what is a bank's, by the schema: false
#     a card with what is a bank's, by quicktype's own check: true
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund quicktype@26.0.0 ajv@8.20.0
cat >Order.json <<'JSON'
{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "title": "Order",
  "type": "object",
  "properties": {
    "paid": {
      "oneOf": [
        {
          "type": "object",
          "properties": { "kind": { "type": "string", "const": "card" }, "last4": { "type": "string" } },
          "required": ["kind", "last4"],
          "additionalProperties": false
        },
        {
          "type": "object",
          "properties": { "kind": { "type": "string", "const": "bank" }, "iban": { "type": "string" } },
          "required": ["kind", "iban"],
          "additionalProperties": false
        }
      ]
    }
  },
  "required": ["paid"]
}
JSON
for language in typescript go python; do
    npx quicktype --src-lang schema --lang "$language" --just-types --top-level Order Order.json --out "types.$language"
done
npx quicktype --src-lang schema --lang javascript --top-level Order Order.json --out convert.js

cat >look.cjs <<'JS'
const assert = require("node:assert");
const fs = require("node:fs");
const Ajv = require("ajv/dist/2020").default;
const { toOrder } = require("./convert.js");

const line = (language, pattern, tidy) => {
  const text = fs.readFileSync(`types.${language}`, "utf8");
  return tidy((pattern.exec(text) ?? ["not found"])[0]).replace(/\s+/g, " ").trim();
};
const takes = new Ajv().compile(JSON.parse(fs.readFileSync("Order.json", "utf8")));
const mixed = { paid: { kind: "card", iban: "DE00" } };
const checked = () => {
  try {
    toOrder(JSON.stringify(mixed));
    return true;
  } catch {
    return false;
  }
};
const said = [
  `TypeScript: ${line("typescript", /Paid \{[^}]*\}/, (text) => text.replace("[property: string]: unknown;", ""))}`,
  `Go: ${line("go", /type Paid struct \{[^}]*\}/, (text) => text.replace(/\s*`[^`]*`/g, ";").replace(/;\s*\}/, " }"))}`,
  `Python: ${line("python", /class Paid:[^@]*?(?=\n\n|$)/, (text) => text.replace(/ = None/g, "").replace(/\n +(?=\w+: )(?<!:\n +)/g, "; "))}`,
  `a card with what is a bank's, by the schema: ${takes(mixed)}`,
  `a card with what is a bank's, by quicktype's own check: ${checked()}`,
];
console.log(said.join("\n"));
assert.deepEqual(said, [
  "TypeScript: Paid { kind: Kind; last4?: string; iban?: string; }",
  "Go: type Paid struct { Kind Kind; Last4 *string; Iban *string }",
  "Python: class Paid: kind: Kind; last4: str | None; iban: str | None",
  "a card with what is a bank's, by the schema: false",
  "a card with what is a bank's, by quicktype's own check: true",
]);
JS
node look.cjs
