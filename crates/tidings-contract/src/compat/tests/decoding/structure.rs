//! Structs: what serde's attributes make of fields.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Type, types};

#[derive(Serialize, Deserialize, JsonSchema)]
struct One {
    a: u8,
}
#[derive(Serialize, Deserialize, JsonSchema)]
struct Both {
    a: u8,
    b: String,
}
#[derive(Serialize, Deserialize, JsonSchema)]
struct MaybeB {
    a: u8,
    b: Option<String>,
}
#[derive(Serialize, Deserialize, JsonSchema)]
struct SkippedB {
    a: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    b: Option<String>,
}
#[derive(Serialize, Deserialize, JsonSchema)]
struct DefaultB {
    a: u8,
    #[serde(default)]
    b: String,
}
#[derive(Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
struct AllDefault {
    a: u8,
    b: String,
}
#[derive(Serialize, Deserialize, JsonSchema)]
struct RenamedB {
    a: u8,
    #[serde(rename = "b")]
    text: String,
}
#[derive(Serialize, Deserialize, JsonSchema)]
struct OtherB {
    a: u8,
    #[serde(rename = "B")]
    b: String,
}
#[derive(Serialize, Deserialize, JsonSchema)]
struct AliasB {
    a: u8,
    #[serde(alias = "b")]
    text: String,
}
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Closed {
    a: u8,
}
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ClosedBoth {
    a: u8,
    b: Option<String>,
}
#[derive(Serialize, Deserialize, JsonSchema)]
struct NotRead {
    a: u8,
    #[serde(skip_deserializing, default)]
    b: String,
}
#[derive(Serialize, Deserialize, JsonSchema)]
#[expect(dead_code, reason = "its schema and its values are wanted")]
struct NotWritten {
    a: u8,
    #[serde(skip_serializing, default)]
    b: String,
}
#[derive(Serialize, Deserialize, JsonSchema)]
#[expect(dead_code, reason = "its schema and its values are wanted")]
struct Never {
    a: u8,
    #[serde(skip)]
    b: String,
}
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Camel {
    a: u8,
    #[serde(rename = "b")]
    some_text: Option<String>,
}
#[derive(Serialize, Deserialize, JsonSchema)]
struct Nulls {
    a: Option<u8>,
    b: Option<()>,
}
#[derive(Serialize, Deserialize, JsonSchema)]
struct Anything {
    a: Value,
    b: Value,
}
#[derive(Serialize, Deserialize, JsonSchema)]
struct Defaults {
    #[serde(default = "seven")]
    a: u8,
    #[serde(default)]
    b: Option<String>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct FlatOne {
    #[serde(flatten)]
    one: One,
}
#[derive(Serialize, Deserialize, JsonSchema)]
struct FlatBoth {
    #[serde(flatten)]
    one: One,
    b: String,
}
#[derive(Serialize, Deserialize, JsonSchema)]
struct FlatMaybe {
    #[serde(flatten)]
    one: Option<One>,
    b: String,
}
#[derive(Serialize, Deserialize, JsonSchema)]
struct FlatMap {
    a: u8,
    #[serde(flatten)]
    rest: BTreeMap<String, Value>,
}
#[derive(Serialize, Deserialize, JsonSchema)]
struct FlatNumbers {
    a: u8,
    #[serde(flatten)]
    rest: BTreeMap<String, u32>,
}
#[derive(Serialize, Deserialize, JsonSchema)]
struct FlatEnum {
    a: u8,
    #[serde(flatten)]
    shape: Shape,
}
#[derive(Serialize, Deserialize, JsonSchema)]
struct FlatTagged {
    a: u8,
    #[serde(flatten)]
    pay: Pay,
}
#[derive(Serialize, Deserialize, JsonSchema)]
struct FlatUntagged {
    a: u8,
    #[serde(flatten)]
    either: Either,
}
#[derive(Serialize, Deserialize, JsonSchema)]
struct FlatTwo {
    #[serde(flatten)]
    one: One,
    #[serde(flatten)]
    pay: Pay,
}
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct FlatClosed {
    b: Option<String>,
    #[serde(flatten)]
    one: One,
}
#[derive(Serialize, Deserialize, JsonSchema)]
enum Shape {
    Dot,
    Line(u8),
    Box { width: u8, height: Option<u8> },
}
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind")]
enum Pay {
    Cash,
    Card { number: u8 },
}
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
enum Either {
    Number { number: u8 },
    Text { text: String },
}
#[derive(Serialize, Deserialize, JsonSchema)]
struct Number {
    a: u8,
    number: u8,
}
#[derive(Serialize, Deserialize, JsonSchema)]
struct Kinded {
    a: u8,
    kind: String,
    number: Option<u8>,
}
#[derive(Serialize, Deserialize, JsonSchema)]
struct Wide {
    a: u32,
    #[serde(flatten)]
    pay: Pay,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Tree {
    a: u8,
    trees: Vec<Tree>,
}
#[derive(Serialize, Deserialize, JsonSchema)]
struct Bush {
    a: u32,
    trees: Vec<Bush>,
}
#[derive(Serialize, Deserialize, JsonSchema)]
struct Forest {
    a: u8,
    trees: Vec<Tree>,
    note: Option<String>,
}
#[derive(Serialize, Deserialize, JsonSchema)]
struct Twig {
    a: u8,
}
#[derive(Serialize, Deserialize, JsonSchema)]
struct Grown {
    a: u8,
    #[serde(default)]
    trees: Vec<Grown>,
    root: Option<Box<Grown>>,
}
#[derive(Serialize, Deserialize, JsonSchema)]
struct Chain {
    a: u8,
    next: Option<Box<Chain>>,
}
#[derive(Serialize, Deserialize, JsonSchema)]
struct WideChain {
    a: u16,
    next: Option<Box<WideChain>>,
}
#[derive(Serialize, Deserialize, JsonSchema)]
struct Link {
    a: u8,
    next: Option<Twig>,
}
#[derive(Serialize, Deserialize, JsonSchema)]
struct Alternating {
    a: u8,
    next: Option<Box<Other>>,
}
#[derive(Serialize, Deserialize, JsonSchema)]
struct Other {
    a: u16,
    next: Option<Box<Alternating>>,
}
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Strict {
    a: u8,
    next: Option<Box<Strict>>,
}
#[derive(Serialize, Deserialize, JsonSchema)]
struct Maps {
    a: u8,
    next: BTreeMap<String, Maps>,
}

fn seven() -> u8 {
    7
}

pub(super) fn plain() -> Vec<Type> {
    types![
        One, Both, MaybeB, SkippedB, DefaultB, AllDefault, RenamedB, OtherB, AliasB, Closed,
        ClosedBoth, NotRead, NotWritten, Never, Camel, Nulls, Anything, Defaults, FlatOne,
        FlatBoth,
    ]
}

pub(super) fn flat() -> Vec<Type> {
    types![
        One, Both, FlatOne, FlatBoth, FlatMaybe, FlatMap, FlatNumbers, FlatEnum, FlatTagged,
        FlatUntagged, FlatTwo, FlatClosed, Shape, Pay, Either, Number, Kinded, Wide, Closed,
        BTreeMap<String, Value>,
    ]
}

pub(super) fn recursive() -> Vec<Type> {
    types![
        Tree,
        Bush,
        Forest,
        Twig,
        Grown,
        Chain,
        WideChain,
        Link,
        Alternating,
        Other,
        Strict,
        Maps,
        Value,
    ]
}
