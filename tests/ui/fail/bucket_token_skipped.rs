//! A field of the key that serde leaves out of the value.

use tidings::prelude::*;

#[derive(Serialize, Deserialize, JsonSchema, Bucket)]
#[bucket(name = "sessions", key = "{user}")]
struct Session {
    #[serde(skip)]
    user: u64,
    cart: Vec<String>,
}

fn main() {}
