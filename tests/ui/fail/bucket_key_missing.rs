//! A bucket without its name, one without a key, and one without any attribute.

use tidings::prelude::*;

#[derive(Serialize, Deserialize, JsonSchema, Bucket)]
#[bucket(key = "{user}")]
struct Unnamed {
    user: u64,
}

#[derive(Serialize, Deserialize, JsonSchema, Bucket)]
#[bucket(name = "sessions")]
struct Keyless {
    user: u64,
}

#[derive(Serialize, Deserialize, JsonSchema, Bucket)]
struct Bare {
    user: u64,
}

fn main() {}
