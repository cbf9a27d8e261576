//! A key that binds a field that is not there.

use tidings::prelude::*;

#[derive(Serialize, Deserialize, JsonSchema, Bucket)]
#[bucket(name = "sessions", key = "{tenant}.{user_id}")]
struct Session {
    tenant: String,
    user: u64,
}

fn main() {}
