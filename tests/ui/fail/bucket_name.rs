//! Names that no bucket can have.

use tidings::prelude::*;

#[derive(Serialize, Deserialize, JsonSchema, Bucket)]
#[bucket(name = "acme.sessions", key = "{user}")]
struct Dotted {
    user: u64,
}

#[derive(Serialize, Deserialize, JsonSchema, Bucket)]
#[bucket(name = "", key = "{user}")]
struct Empty {
    user: u64,
}

fn main() {}
