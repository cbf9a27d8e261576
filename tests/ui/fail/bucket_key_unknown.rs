//! Keys of a stream, and one with a slip in it.

use tidings::prelude::*;

#[derive(Serialize, Deserialize, JsonSchema, Bucket)]
#[bucket(name = "sessions", key = "{user}", subject = "sessions.{user}", max_age = "1h")]
struct OfStream {
    user: u64,
}

#[derive(Serialize, Deserialize, JsonSchema, Bucket)]
#[bucket(name = "sessions", key = "{user}", histroy = 5)]
struct Slip {
    user: u64,
}

fn main() {}
