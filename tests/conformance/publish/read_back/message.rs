//! Messages of the scenarios on reading back: many can't be read as they are written.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserializer, Serializer};
use tidings::prelude::*;

#[derive(EventStream)]
#[stream(name = "PROBES", subjects("probes.>"), allow_atomic_publish)]
pub(super) struct Probes;

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "probes.{place}.measured", stream = Probes)]
pub(super) struct Measured {
    pub(super) place: String,
    #[event(id)]
    pub(super) number: u64,
    pub(super) samples: Vec<Sample>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub(super) struct Sample {
    pub(super) value: f64,
}

pub(super) fn measured(number: u64, value: f64) -> Measured {
    let samples = vec![Sample::default(), Sample { value }];
    Measured { place: "eu".into(), number, samples }
}

/// An event of which JSON and serde lose something together.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "probes.lost", stream = Probes)]
pub(super) struct Lost {
    pub(super) value: Value,
    #[event(id)]
    pub(super) number: u64,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind")]
pub(super) enum Value {
    Counts { counts: BTreeMap<u32, u32> },
    Large { large: u128 },
    Named(Named),
    Nested(Nested),
}

/// A struct with a field of the name that is the tag's.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(super) struct Named {
    pub(super) kind: String,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(super) struct Nested {
    pub(super) inner: Option<Box<Nested>>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "probes.any", stream = Probes)]
pub(super) struct Any {
    #[serde(flatten)]
    pub(super) either: Either,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum Either {
    Number { number: f64 },
    Large { large: i128 },
}

/// A text that is written as another one than it stands in the subject.
#[derive(Debug, Clone, PartialEq, JsonSchema)]
pub(super) struct Loud(pub(super) String);

impl fmt::Display for Loud {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Token for Loud {
    type Owned = Self;

    fn append_to(&self, token: &mut String) {
        token.push_str(&self.0);
    }

    fn parse(token: &str) -> Option<Self> {
        Some(Self(token.to_owned()))
    }
}

impl Serialize for Loud {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.to_uppercase())
    }
}

impl<'de> Deserialize<'de> for Loud {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self)
    }
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "probes.{who}.heard", stream = Probes)]
pub(super) struct Heard {
    pub(super) who: Loud,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "probes.known", stream = Probes)]
pub(super) struct Known {
    #[event(id)]
    pub(super) who: Loud,
}

#[derive(Debug, Event)]
#[event(stream = Probes)]
pub(super) enum ProbeEvent {
    Measured(Measured),
    Lost(Lost),
}

pub(super) fn nested(levels: usize) -> Nested {
    (1..levels).fold(Nested { inner: None }, |inner, _| Nested { inner: Some(Box::new(inner)) })
}

/// An event that is read back as another value, and rightly so.
#[expect(dead_code, reason = "some fields are not sent")]
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "probes.odd.{who}", stream = Probes)]
pub(super) struct Odd {
    pub(super) who: Cow<'static, str>,
    #[event(id)]
    pub(super) at: u32,
    #[serde(skip)]
    pub(super) cached: Option<u64>,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) value: f64,
    #[serde(default, skip_serializing)]
    pub(super) secret: String,
    #[serde(flatten)]
    pub(super) rest: BTreeMap<String, String>,
    pub(super) text: Nested,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_zero(value: &f64) -> bool {
    *value == 0.0
}

/// An event that may be published and can't be received.
#[derive(Debug, Serialize, JsonSchema, Event)]
#[event(subject = "probes.borrowed.{who}", stream = Probes)]
pub(super) struct Borrowed<'a> {
    pub(super) who: &'a str,
    pub(super) values: &'a [f64],
}

/// An event that is read by whoever knows the type that it is of.
#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "probes.generic", stream = Probes)]
pub(super) struct Generic<T> {
    pub(super) value: T,
}

/// Event whose id is another one each time it is asked for.
#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(subject = "probes.counted", stream = Probes, id = "(number, Uuid::now_v7())")]
pub(super) struct Counted {
    pub(super) number: u64,
}
