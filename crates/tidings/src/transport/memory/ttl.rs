//! Times to live that messages ask for (ADR-43).

use std::time::Duration;

use tokio::time::Instant;

use super::api;
use super::log::Lifetime;
use crate::duration;
use crate::header::{self, Headers};
use crate::transport::ApiError;

/// Lifetime that a message asks for in its headers.
pub(super) fn lifetime(headers: &Headers, now: Instant) -> Result<Lifetime, ApiError> {
    match headers.get(header::TTL).filter(|text| !text.is_empty()) {
        None => Ok(Lifetime::OfStream),
        Some(text) => match ttl(text) {
            Some(Some(ttl)) => Ok(now.checked_add(ttl).map_or(Lifetime::Endless, Lifetime::Until)),
            Some(None) => Ok(Lifetime::Endless),
            None => Err(api::ttl_invalid()),
        },
    }
}

/// A time to live in whole seconds; `Some(None)` is for ever, `None` is no time to live.
#[expect(clippy::option_option, reason = "a TTL may be for ever, and a text may be no TTL")]
pub(super) fn ttl(text: &str) -> Option<Option<Duration>> {
    if text.eq_ignore_ascii_case("never") {
        return Some(None);
    }
    let seconds = match duration::parse(text) {
        Some(time) => Some(time.as_secs()).filter(|seconds| *seconds > 0)?,
        None => text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok())??,
    };
    Some(Some(Duration::from_secs(seconds)))
}
