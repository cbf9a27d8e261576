//! A stream that keeps nothing.

use tidings::prelude::*;

#[derive(EventStream)]
#[stream(name = "A")]
struct Absent;

#[derive(EventStream)]
#[stream(name = "A", subjects())]
struct Empty;

fn main() {}
