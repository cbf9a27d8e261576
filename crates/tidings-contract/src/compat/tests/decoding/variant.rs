//! Enums: each way in which serde says which variant it is.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Type, types};

#[derive(Serialize, Deserialize, JsonSchema)]
enum Two {
    A,
    B,
}
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
struct Inner {
    n: u8,
}
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(tag = "u")]
enum Deep {
    X { n: u8 },
    Y,
}
#[derive(Serialize, Deserialize, JsonSchema)]
struct Plain {
    t: String,
    n: Option<u8>,
}
#[derive(Serialize, Deserialize, JsonSchema)]
struct PlainContent {
    t: Two,
    c: Option<u8>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
enum Either {
    Number(u8),
    Text(String),
}
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
enum EitherWide {
    Number(u32),
    Text(String),
}
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
enum EitherFirst {
    Text(String),
    Number(u8),
}
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
enum EitherMore {
    Number(u8),
    Text(String),
    List(Vec<u8>),
}
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
enum EitherFloat {
    Whole(i64),
    Broken(f64),
}
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
enum EitherStruct {
    One(Inner),
    Other { text: String },
}
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
enum EitherClosed {
    One(Closed),
    Other(Plain),
}
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
enum EitherNull {
    None,
    Some(u8),
}
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
enum EitherList {
    Pair(u8, u8),
    List(Vec<u8>),
}
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Closed {
    n: u8,
}

pub(super) fn external() -> Vec<Type> {
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

pub(super) fn tagged() -> Vec<Type> {
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

pub(super) fn untagged() -> Vec<Type> {
    types![
        Either,
        EitherWide,
        EitherFirst,
        EitherMore,
        EitherFloat,
        EitherStruct,
        EitherClosed,
        EitherNull,
        EitherList,
        Inner,
        Closed,
        Plain,
        u8,
        u32,
        i64,
        f64,
        String,
        Option<u8>,
        Vec<u8>,
        (u8, u8),
        Value,
    ]
}
