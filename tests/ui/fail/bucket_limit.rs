//! Limits that no bucket can have.

use tidings::prelude::*;

#[derive(Serialize, Deserialize, JsonSchema, Bucket)]
#[bucket(
    name = "sessions",
    key = "{user}",
    history = 65,
    replicas = 6,
    ttl = "1ms",
    limit_markers = "1500ms"
)]
struct Session {
    user: u64,
}

fn main() {}
