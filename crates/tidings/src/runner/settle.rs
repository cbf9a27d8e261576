//! What becomes of a stream's message: the one function that decides.

use super::worker::Handled;
use crate::failure::Verdict;
use crate::message::Outcome;
use crate::retry::Retry;
use crate::transport::{Incoming, Settlement};

/// What becomes of a message that was handled in this way; it is logged where that is not an ack.
pub(super) fn settlement(incoming: &Incoming, handled: &Handled, retry: &Retry) -> Settlement {
    let attempt = incoming.receipt.as_ref().map_or(1, |receipt| receipt.attempt);
    let subject = incoming.subject.as_str();
    let settlement = decide(handled, attempt, retry);
    match &settlement {
        Settlement::Nak(delay) => {
            tracing::warn!(subject, attempt, ?delay, why = %Why(handled), "it is handled again");
        }
        Settlement::Term(reason) => {
            tracing::error!(subject, attempt, reason, "it is given up");
        }
        Settlement::Ack | Settlement::Progress => {}
    }
    settlement
}

fn decide(handled: &Handled, attempt: u64, retry: &Retry) -> Settlement {
    match handled {
        Handled::Returned(Outcome::Failed(failure)) => match failure.verdict() {
            Verdict::Retry => Settlement::Nak(Some(retry.delay(attempt))),
            Verdict::RetryAfter(delay) => Settlement::Nak(Some(delay)),
            Verdict::Reject => Settlement::term(&failure.to_string()),
        },
        Handled::Returned(Outcome::Done | Outcome::Reply(_) | Outcome::Declared { .. }) => {
            Settlement::Ack
        }
        Handled::Panicked(_) | Handled::Aborted => Settlement::Nak(Some(retry.delay(attempt))),
        Handled::Undecodable(error) => Settlement::term(&error.to_string()),
    }
}

/// Why a message is handled again.
struct Why<'a>(&'a Handled);

impl std::fmt::Display for Why<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Handled::Returned(Outcome::Failed(failure)) => failure.fmt(f),
            Handled::Panicked(text) => write!(f, "panic: {text}"),
            Handled::Undecodable(error) => error.fmt(f),
            Handled::Aborted => f.write_str("the shutdown's deadline passed"),
            Handled::Returned(_) => f.write_str("no failure"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::envelope::DecodeError;
    use crate::failure::Failure;

    #[test]
    fn the_whole_policy() {
        let retry = Retry::fixed(Duration::from_secs(3));
        let failed = |failure| Handled::Returned(Outcome::Failed(failure));
        let undecodable = Handled::Undecodable(DecodeError::OtherMessage {
            subject: "a.b".into(),
            expected: "a.v1".into(),
            found: "a.v2".into(),
            payload: bytes::Bytes::new(),
        });
        let after = |seconds| Settlement::Nak(Some(Duration::from_secs(seconds)));
        for (handled, expected) in [
            (Handled::Returned(Outcome::Done), Settlement::Ack),
            (failed(Failure::retry("busy")), after(3)),
            (failed(Failure::retry_after(Duration::from_secs(9), "busy")), after(9)),
            (
                failed(Failure::reject("no such\norder")),
                Settlement::Term("no such order".to_owned()),
            ),
            (Handled::Panicked("oh".into()), after(3)),
            (
                undecodable,
                Settlement::Term(
                    "the message on `a.b` is `a.v2`, not `a.v1` (header `Tidings-Message`)".into(),
                ),
            ),
            (Handled::Aborted, after(3)),
        ] {
            assert_eq!(decide(&handled, 1, &retry), expected, "{handled:?}");
        }
    }
}
