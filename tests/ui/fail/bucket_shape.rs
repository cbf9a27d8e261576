//! Types that are no bucket's value: an enum, and one with parameters.

use tidings::prelude::*;

#[derive(Serialize, Deserialize, JsonSchema, Bucket)]
#[bucket(name = "sessions", key = "{user}")]
enum Either {
    One { user: u64 },
}

#[derive(Serialize, Deserialize, JsonSchema, Bucket)]
#[bucket(name = "sessions", key = "{user}")]
struct Generic<T> {
    user: T,
}

fn main() {}
