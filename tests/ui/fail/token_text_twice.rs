//! Variants with the same text.

use tidings::prelude::*;

#[derive(Token)]
#[serde(rename_all = "lowercase")]
enum Region {
    Eu,
    EU,
}

fn main() {}
