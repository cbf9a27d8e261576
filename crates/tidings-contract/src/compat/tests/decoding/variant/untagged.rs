//! Enums that are told apart by what they hold.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Closed, Inner, Plain};
use crate::compat::tests::decoding::{Type, types};

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

pub(in super::super) fn untagged() -> Vec<Type> {
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
