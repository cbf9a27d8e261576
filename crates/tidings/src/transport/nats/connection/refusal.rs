//! Refusals of a server, told by their texts.

/// Returns `true` if what was said is about who connects: the texts of a nats-server that end a
/// connection, and async-nats's own (`authorization violation`, `User Authentication Revoked`,
/// `Account Authentication Expired`).
pub(crate) fn is_refusal(said: &str) -> bool {
    let said = said.to_ascii_lowercase();
    said.contains("authorization violation") || said.contains("authentication")
}
