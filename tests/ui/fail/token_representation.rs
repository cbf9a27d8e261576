//! An enum that serde does not write by its variants' names.

use tidings::prelude::*;

#[derive(Serialize, Token)]
#[serde(untagged)]
enum Region {
    Eu,
}

fn main() {}
