//! Variants whose texts can not be tokens.

use tidings::prelude::*;

#[derive(Serialize, Token)]
enum Region {
    #[serde(rename = "eu.west")]
    EuWest,
    #[serde(rename = "")]
    Empty,
    #[serde(rename(serialize = "us east"))]
    UsEast,
    #[serde(rename = "*")]
    Any,
}

fn main() {}
