#!/usr/bin/env bash
# datamodel-code-generator makes no enum of a Rust enum some of whose variants have a doc comment: a union of an enum and texts.
#
# Seen with schemars 1.2.3 and datamodel-code-generator 0.89.0 (PyPI), models of pydantic 2.14.4. schemars writes an enum of unit
# variants as one `enum`; a variant with a doc comment becomes a `const` of its own with a description, in a `oneOf` beside an `enum` of
# the rest. Where all variants have a comment, or none has, the generator makes an `Enum`. Where some have, it makes a `RootModel`
# around an `Enum` of those without and a `Literal` for each with one: a comment on one variant changes the type of the field, and code that
# uses the models breaks. All of them check values as the schema does.
#
# It prints three lines and ends with 0 while that holds:
#     no comment: Enum, Open and Closed
#     one comment: RootModel[State1 | Literal['Closed']]
#     two comments: Enum, Open and Closed
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check datamodel-code-generator==0.89.0 pydantic==2.14.4
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

mod none {
    #[derive(schemars::JsonSchema)]
    pub enum State {
        Open,
        Closed,
    }
}

mod one {
    #[derive(schemars::JsonSchema)]
    pub enum State {
        Open,
        /// Nothing more comes.
        Closed,
    }
}

mod two {
    #[derive(schemars::JsonSchema)]
    pub enum State {
        /// More may come.
        Open,
        /// Nothing more comes.
        Closed,
    }
}

fn main() {
    let schemas = [
        ("none", schemars::schema_for!(none::State)),
        ("one", schemars::schema_for!(one::State)),
        ("two", schemars::schema_for!(two::State)),
    ];
    for (name, schema) in schemas {
        std::fs::write(format!("{name}.json"), serde_json::to_string(&schema).unwrap()).unwrap();
    }
}
RUST
cargo run --quiet --manifest-path make/Cargo.toml
for name in none one two; do
    python/bin/datamodel-codegen --input "$name.json" --input-file-type jsonschema --output-model-type pydantic_v2.BaseModel \
        --output "$name.py" 2>/dev/null
done
cat >look.py <<'PYTHON'
import enum, importlib, re

def form(name):
    state = importlib.import_module(name).State
    if issubclass(state, enum.Enum):
        return "Enum, " + " and ".join(member.value for member in state)
    for value in ("Open", "Closed"):
        state.model_validate(value)
    text = open(name + ".py").read()
    return re.search(r"class State\((RootModel\[.*?\])\):", text).group(1)

said = [
    "no comment: " + form("none"),
    "one comment: " + form("one"),
    "two comments: " + form("two"),
]
print("\n".join(said))
assert said == [
    "no comment: Enum, Open and Closed",
    "one comment: RootModel[State1 | Literal['Closed']]",
    "two comments: Enum, Open and Closed",
], said
PYTHON
python/bin/python look.py
