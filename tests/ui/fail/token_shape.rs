//! Types that can't be a token.

use tidings::prelude::*;

#[derive(Token)]
enum Data {
    Unit,
    Number(u8),
}

#[derive(Token)]
struct Named {
    name: String,
}

#[derive(Token)]
struct Two(u8, u8);

#[derive(Token)]
enum Empty {}

fn main() {}
