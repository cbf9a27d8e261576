//! Key-value: what a bucket holds, by key.

mod bound;
mod bucket;
mod change;
mod entry;
mod expiry;
mod key;
mod layer;
mod list;
mod route;
mod service;
mod watch;

use std::time::Duration;

use tidings::prelude::*;

/// Session of a user who is logged in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Bucket)]
#[bucket(name = "sessions", key = "{tenant}.{user}", history = 5)]
struct Session {
    tenant: String,
    user: u64,
    cart: Vec<String>,
}

fn session(tenant: &str, user: u64, cart: &[&str]) -> Session {
    let cart = cart.iter().map(|item| (*item).to_owned()).collect();
    Session { tenant: tenant.to_owned(), user, cart }
}

fn key(tenant: &str, user: u64) -> SessionKey {
    SessionKey { tenant: tenant.to_owned(), user }
}

/// A code that is valid for a while.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Bucket)]
#[bucket(name = "codes", key = "{code}", limit_markers = "2s")]
struct Code {
    code: String,
    uses: u32,
}

fn code(code: &str, uses: u32) -> Code {
    Code { code: code.to_owned(), uses }
}

fn code_key(code: &str) -> CodeKey {
    CodeKey { code: code.to_owned() }
}

/// Longer than what has a time to live of a second is kept.
const EXPIRED: Duration = Duration::from_secs(20);
