//! Enums that are tagged inside, or beside their content.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Inner, Plain, Two};
use crate::compat::tests::decoding::{Type, types};

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(tag = "t")]
enum TaggedTwo {
    A,
    B,
}
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(tag = "t")]
enum TaggedStruct {
    A,
    B { n: u8 },
}
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(tag = "t")]
enum TaggedMore {
    A,
    B { n: u8, m: Option<u8> },
    C,
}
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(tag = "t")]
enum TaggedWide {
    A,
    B { n: u32 },
}
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(tag = "t")]
enum TaggedHeld {
    A,
    B(Inner),
}
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(tag = "t")]
enum TaggedNested {
    A,
    B(Deep),
}
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(tag = "t", deny_unknown_fields)]
enum TaggedClosed {
    A,
    B { n: u8 },
}
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(tag = "t")]
enum TaggedForgiving {
    A,
    #[serde(other)]
    Else,
}
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(tag = "t", content = "c")]
enum Adjacent {
    A,
    B { n: u8 },
}
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(tag = "t", content = "c")]
enum AdjacentHeld {
    A,
    B(u8),
    C(u8, u8),
}
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(tag = "t", content = "c")]
enum AdjacentWide {
    A,
    B(u32),
}
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(tag = "t", content = "c")]
enum AdjacentOption {
    A(Option<u8>),
    B(Option<u32>),
}
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(tag = "t", content = "c", deny_unknown_fields)]
enum AdjacentClosed {
    A,
    B(u8),
}
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(tag = "t")]
struct TaggedAlone {
    n: u8,
}
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(tag = "u")]
enum Deep {
    X { n: u8 },
    Y,
}
#[derive(Serialize, Deserialize, JsonSchema)]
struct PlainContent {
    t: Two,
    c: Option<u8>,
}

pub(in super::super) fn tagged() -> Vec<Type> {
    types![
        TaggedTwo,
        TaggedStruct,
        TaggedMore,
        TaggedWide,
        TaggedHeld,
        TaggedNested,
        TaggedClosed,
        TaggedForgiving,
        Adjacent,
        AdjacentHeld,
        AdjacentWide,
        AdjacentOption,
        AdjacentClosed,
        TaggedAlone,
        Inner,
        Plain,
        PlainContent,
        Value,
    ]
}
