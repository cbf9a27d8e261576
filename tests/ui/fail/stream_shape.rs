//! Types that can't be a stream.

use tidings::prelude::*;

#[derive(EventStream)]
#[stream(name = "A", subjects("a.>"))]
struct Fields {
    a: u8,
}

#[derive(EventStream)]
#[stream(name = "B", subjects("b.>"))]
enum Enum {}

#[derive(EventStream)]
struct Bare;

fn main() {}
