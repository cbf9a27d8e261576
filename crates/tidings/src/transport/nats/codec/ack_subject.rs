//! Subjects of acknowledgements, as they are written and known by: `$JS.ACK.<stream>.<consumer>.<delivered>.
//! <stream sequence>.<consumer sequence>.<time>.<pending>`, or with a domain and an account before the
//! stream and a random token at the end (ADR-15).

use std::borrow::Cow;

/// The first tokens of the subject of every ack.
pub(crate) const ACK: &str = "$JS.ACK.";

/// Minimum number of tokens behind the first ones, where a domain and an account are among them.
const LONG: usize = 9;

/// Returns `true` if what follows the first tokens has a domain and an account before the stream.
#[inline]
pub(crate) fn is_long(rest: &str) -> bool {
    rest.split('.').count() >= LONG
}

/// The subject that a denied ack is known by: each ack has one of its own, and a permission is
/// about all of a consumer's.
pub(crate) fn permission_subject(subject: &str) -> Cow<'_, str> {
    let Some(rest) = subject.strip_prefix(ACK) else { return Cow::Borrowed(subject) };
    let tokens: Vec<&str> = rest.split('.').collect();
    let of = if tokens.len() >= LONG { 4 } else { 2 };
    Cow::Owned(format!("{ACK}{}.>", tokens[..of.min(tokens.len())].join(".")))
}

/// The subject of an ack of our own making: all that the server reads of it is the sequence.
pub(crate) fn ack_subject(stream: &str, consumer: &str, sequence: u64) -> String {
    format!("{ACK}{stream}.{consumer}.1.{sequence}.1.0.0")
}

/// A delivery's reply subject with another sequence and number of delivery.
pub(crate) fn ack_subject_of_delivery(reply: &str, sequence: u64, delivery: u64) -> Option<String> {
    let mut tokens: Vec<&str> = reply.split('.').collect();
    // Behind `$JS` and `ACK`.
    let at = if tokens.len() >= LONG + 2 { 7 } else { 5 };
    let (sequence, delivery) = (sequence.to_string(), delivery.to_string());
    *tokens.get_mut(at)? = &sequence;
    *tokens.get_mut(at + 1)? = &delivery;
    Some(tokens.join("."))
}
