//! Names that no other test has.

use std::sync::atomic::{AtomicU64, Ordering};

/// `name` with an ending that no other call in any running process gives; it can be a stream's or
/// a consumer's name and a subject's token.
pub fn unique(name: &str) -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    format!("{name}-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}
