//! A key that a token does not know.

use tidings::prelude::*;

#[derive(Token)]
#[token(rename = "eu")]
enum Region {
    Eu,
}

fn main() {}
