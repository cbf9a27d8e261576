//! Variants that serde does not write or read by their names.

use tidings::prelude::*;

#[derive(Serialize, Deserialize, Token)]
#[serde(tag = "kind")]
enum Tagged {
    Eu,
}

#[derive(Serialize, Deserialize, Token)]
enum Region {
    Eu,
    #[serde(skip)]
    Us,
    #[serde(untagged)]
    Asia,
}

fn main() {}
