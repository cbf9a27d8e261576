//! A newtype around what is no token.

use tidings::prelude::*;

#[derive(Token)]
struct Price(f64);

fn main() {}
