//! Enums that are tagged outside: a variant is the one member of an object, or a text.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Two;
use crate::compat::tests::decoding::{Type, types};

#[derive(Serialize, Deserialize, JsonSchema)]
enum Three {
    A,
    B,
    C,
}
#[derive(Serialize, Deserialize, JsonSchema)]
enum Documented {
    A,
    #[doc = "The other."]
    B,
}
#[derive(Serialize, Deserialize, JsonSchema)]
enum Forgiving {
    A,
    #[serde(other)]
    B,
}
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Lower {
    A,
    B,
}
#[derive(Serialize, Deserialize, JsonSchema)]
enum Aliased {
    A,
    #[serde(alias = "B")]
    Other,
}
#[derive(Serialize, Deserialize, JsonSchema)]
enum Held {
    A,
    B(u8),
}
#[derive(Serialize, Deserialize, JsonSchema)]
enum HeldWide {
    A,
    B(u32),
}
#[derive(Serialize, Deserialize, JsonSchema)]
enum HeldOption {
    A,
    B(Option<u8>),
}
#[derive(Serialize, Deserialize, JsonSchema)]
enum HeldUnit {
    A,
    B(()),
}
#[derive(Serialize, Deserialize, JsonSchema)]
enum Tupled {
    A,
    B(u8, u8),
}
#[derive(Serialize, Deserialize, JsonSchema)]
enum Structured {
    A,
    B { n: u8 },
}
#[derive(Serialize, Deserialize, JsonSchema)]
enum StructuredMore {
    A,
    B { n: u8, m: Option<u8> },
}
#[derive(Serialize, Deserialize, JsonSchema)]
enum StructuredNone {
    A {},
    B {},
}
#[derive(Serialize, Deserialize, JsonSchema)]
#[expect(dead_code, reason = "its schema and its values are wanted")]
enum Skipped {
    A,
    B,
    #[serde(skip)]
    C,
}
#[derive(Serialize, Deserialize, JsonSchema)]
struct Newtype(Two);

pub(in super::super) fn external() -> Vec<Type> {
    types![
        Two,
        Three,
        Documented,
        Forgiving,
        Lower,
        Aliased,
        Held,
        HeldWide,
        HeldOption,
        HeldUnit,
        Tupled,
        Structured,
        StructuredMore,
        StructuredNone,
        Skipped,
        Newtype,
        String,
        Value,
    ]
}
