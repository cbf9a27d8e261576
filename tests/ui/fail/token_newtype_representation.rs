//! Newtypes that serde does not write as their field.

use tidings::prelude::*;

#[derive(Clone, Serialize, Deserialize, Token)]
#[serde(try_from = "String", into = "String")]
struct Converted(u32);

#[derive(Serialize, Deserialize, Token)]
struct Written(#[serde(with = "hex")] u32);

#[derive(Serialize, Deserialize, Token)]
struct Skipped(#[serde(skip)] u32);

impl TryFrom<String> for Converted {
    type Error = std::num::ParseIntError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.trim().parse().map(Self)
    }
}

impl From<Converted> for String {
    fn from(Converted(number): Converted) -> Self {
        format!("+{number}")
    }
}

mod hex {
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub(crate) fn serialize<S: Serializer>(number: &u32, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&format!("{number:x}"))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
        u32::from_str_radix(&String::deserialize(from)?, 16).map_err(D::Error::custom)
    }
}

fn main() {}
