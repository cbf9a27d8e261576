#!/usr/bin/env bash
# jsoncompat calls changes compatible by which a reader refuses what was written.
#
# Seen with jsoncompat 0.3.1 and jsonschema 4.25.1, both from PyPI. In the role "deserializer" (the
# new schema reads what the old one wrote) three changes are called compatible, although for
# each there is a value that the old schema accepts and the new one refuses, as jsonschema shows: a
# `pattern` on a text that had none, `dependentSchemas` that narrow a field, and
# `unevaluatedProperties: false` over a field that the old schema names. On `additionalProperties:
# false` over the same field it says what is so. A check in CI that rests on its answer alone lets
# these three through.
#
# It prints four lines and ends with 0 while that holds:
#     pattern: called compatible, and "a" is refused
#     dependentSchemas: called compatible, and {"a": "x", "b": "y"} is refused
#     unevaluatedProperties: called compatible, and {"b": 1} is refused
#     additionalProperties: called incompatible, and {"b": 1} is refused
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check jsoncompat==0.3.1 jsonschema==4.25.1
cat >"$folder/look.py" <<'PYTHON'
import json
import jsoncompat
import jsonschema

def both(*names):
    return {"type": "object", "properties": {name: {} for name in names}}

TEXTS = {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}}}
PAIRS = [
    ("pattern", {"type": "string"}, {"type": "string", "pattern": "^[A-Z]+$"}, "a", True),
    ("dependentSchemas", TEXTS,
     {"type": "object", "properties": {"a": {"type": "string"}},
      "dependentSchemas": {"a": {"properties": {"b": {"type": "integer"}}}}},
     {"a": "x", "b": "y"}, True),
    ("unevaluatedProperties", both("a", "b"), {**both("a"), "unevaluatedProperties": False}, {"b": 1}, True),
    ("additionalProperties", both("a", "b"), {**both("a"), "additionalProperties": False}, {"b": 1}, False),
]
for name, old, new, value, expected in PAIRS:
    said = jsoncompat.check_compat(json.dumps(old), json.dumps(new), "deserializer")
    accepted = [jsonschema.Draft202012Validator(schema).is_valid(value) for schema in (old, new)]
    verdict = "compatible" if said else "incompatible"
    fate = "refused" if accepted == [True, False] else f"accepted: {accepted}"
    print(f"{name}: called {verdict}, and {json.dumps(value)} is {fate}")
    assert said is expected and accepted == [True, False], name
PYTHON
"$folder/venv/bin/python" "$folder/look.py"
