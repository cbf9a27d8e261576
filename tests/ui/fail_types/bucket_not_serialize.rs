//! A bucket's value is written as JSON and read back.

use tidings::prelude::*;

#[derive(Bucket)]
#[bucket(name = "sessions", key = "{user}")]
struct Session {
    user: u64,
}

fn main() {}
