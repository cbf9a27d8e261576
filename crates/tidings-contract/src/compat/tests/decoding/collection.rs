//! Fields of many types: numbers, lists, maps and texts.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::net::{IpAddr, Ipv4Addr};
use std::num::{NonZeroI32, NonZeroU8, NonZeroU64};
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::{Type, types};

#[derive(Serialize, Deserialize, JsonSchema)]
struct Of<T> {
    a: T,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Wrapped(u16);

#[derive(Serialize, Deserialize, JsonSchema)]
struct Two(u8, u8);

#[derive(Serialize, Deserialize, JsonSchema)]
struct Unit;

#[derive(Serialize, Deserialize, JsonSchema)]
struct Nothing {}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Pair {
    k: u8,
    zz: u8,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct MaybePair {
    k: Option<u8>,
    zz: Option<u8>,
}

#[derive(Serialize, Deserialize, JsonSchema, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "lowercase")]
enum Key {
    K,
    Zz,
}

#[derive(Serialize, Deserialize, JsonSchema, PartialEq, Eq, PartialOrd, Ord)]
#[serde(transparent)]
struct Name(String);

pub(super) fn numbers() -> Vec<Type> {
    types![
        Of<u8>,
        Of<u16>,
        Of<u32>,
        Of<u64>,
        Of<u128>,
        Of<usize>,
        Of<i8>,
        Of<i16>,
        Of<i32>,
        Of<i64>,
        Of<i128>,
        Of<isize>,
        Of<f32>,
        Of<f64>,
        Of<NonZeroU8>,
        Of<NonZeroU64>,
        Of<NonZeroI32>,
        Of<Wrapped>,
        Of<Option<u8>>,
        Of<Option<i64>>,
        Of<Option<f32>>,
        Of<Option<Option<u16>>>,
        Of<bool>,
        Of<Value>,
        Of<serde_json::Number>,
        Of<()>,
        Of<Unit>,
        Of<Box<u32>>,
    ]
}

pub(super) fn lists() -> Vec<Type> {
    types![
        Of<Vec<u8>>,
        Of<Vec<u32>>,
        Of<Vec<Option<u8>>>,
        Of<Vec<Vec<u8>>>,
        Of<Vec<Value>>,
        Of<VecDeque<u8>>,
        Of<BTreeSet<u8>>,
        Of<BTreeSet<String>>,
        Of<[u8; 0]>,
        Of<[u8; 2]>,
        Of<[u8; 3]>,
        Of<[u32; 2]>,
        Of<(u8,)>,
        Of<(u8, u8)>,
        Of<(u8, String)>,
        Of<(u8, Option<u8>)>,
        Of<Option<Vec<u8>>>,
        Of<Two>,
        Of<Pair>,
        Of<Unit>,
        Of<Nothing>,
        Of<Value>,
    ]
}

pub(super) fn maps() -> Vec<Type> {
    types![
        Of<BTreeMap<String, u8>>,
        Of<BTreeMap<String, u32>>,
        Of<BTreeMap<String, Option<u8>>>,
        Of<BTreeMap<String, Value>>,
        Of<BTreeMap<Name, u8>>,
        Of<BTreeMap<u8, u8>>,
        Of<BTreeMap<u32, u8>>,
        Of<BTreeMap<i64, u8>>,
        Of<BTreeMap<Key, u8>>,
        Of<BTreeMap<char, u8>>,
        Of<BTreeMap<bool, u8>>,
        Of<HashMap<Uuid, u8>>,
        Of<BTreeMap<String, Pair>>,
        Of<serde_json::Map<String, Value>>,
        Of<Pair>,
        Of<MaybePair>,
        Of<Option<Pair>>,
        Of<Nothing>,
        Of<Value>,
    ]
}

pub(super) fn texts() -> Vec<Type> {
    types![
        Of<String>,
        Of<Box<str>>,
        Of<char>,
        Of<Name>,
        Of<Uuid>,
        Of<Option<Uuid>>,
        Of<IpAddr>,
        Of<Ipv4Addr>,
        Of<std::path::PathBuf>,
        Of<Key>,
        Of<Option<String>>,
        Of<Duration>,
        Of<std::ops::Range<u8>>,
        Of<Result<u8, String>>,
        Of<std::ops::Bound<u8>>,
        Of<u8>,
        Of<Value>,
    ]
}
