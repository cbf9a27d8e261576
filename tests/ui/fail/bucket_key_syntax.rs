//! Templates that no key can have.

use tidings::prelude::*;

#[derive(Serialize, Deserialize, JsonSchema, Bucket)]
#[bucket(name = "sessions", key = "users.{user}.*")]
struct Wildcard {
    user: u64,
}

#[derive(Serialize, Deserialize, JsonSchema, Bucket)]
#[bucket(name = "sessions", key = "größe.{user}")]
struct Letters {
    user: u64,
}

#[derive(Serialize, Deserialize, JsonSchema, Bucket)]
#[bucket(name = "sessions", key = "")]
struct Empty {
    user: u64,
}

#[derive(Serialize, Deserialize, JsonSchema, Bucket)]
#[bucket(name = "sessions", key = "all")]
struct One {
    user: u64,
}

fn main() {}
