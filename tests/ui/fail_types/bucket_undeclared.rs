//! A type that declares no bucket.

use tidings::prelude::*;

#[derive(Serialize, Deserialize, JsonSchema)]
struct Session {
    user: u64,
}

fn sessions(bus: &Bus) {
    let _ = bus.key_value::<Session>();
}

fn main() {}
