//! A field of a type that can't be a part of a key.

use tidings::prelude::*;

#[derive(Serialize, Deserialize, JsonSchema, Bucket)]
#[bucket(name = "sessions", key = "{place}")]
struct Session {
    place: (f64, f64),
}

fn main() {}
