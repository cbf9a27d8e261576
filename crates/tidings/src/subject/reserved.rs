//! Subjects that a message from outside may not name as where something is published.

use tidings_subject::{SCHEDULES, SyntaxError, check_subject};

/// Token behind the stream's, in subjects of schedules, of what is no schedule: what ended one.
pub(crate) const SCHEDULES_END: &str = "_ended";
/// The first token of each letter's subject.
pub(crate) const LETTERS: &str = "_dead_letters";

/// Reason why nothing is published on a subject that a message names. It reads after the subject:
/// *`$JS.API.INFO` begins with `$`, …*
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Reserved {
    /// No subject that a message can be published on.
    #[error(transparent)]
    Syntax(#[from] SyntaxError),
    /// The server's: its API, acks, advisories, buckets of key-value and of objects.
    #[error("begins with `$`, as a server's own subjects do")]
    Server,
    #[error("begins with `{SCHEDULES}`, where messages wait until they are due")]
    Schedules,
    #[error("begins with `{LETTERS}`, where dead letters stand")]
    Letters,
}

/// Reason why a message from outside may not name this subject as where something is published: who
/// sent it may not be allowed to publish there, and this program is. `None` if it may.
///
/// Inboxes are where answers go, so they are judged apart: see [`is_inbox`].
pub(crate) fn reserved(subject: &str) -> Option<Reserved> {
    if let Err(error) = check_subject(subject) {
        return Some(error.into());
    }
    match first_token(subject) {
        first if first.starts_with('$') => Some(Reserved::Server),
        SCHEDULES => Some(Reserved::Schedules),
        LETTERS => Some(Reserved::Letters),
        _ => None,
    }
}

/// Returns `true` if somebody waits for an answer on this subject: on an inbox of `_INBOX`, of a
/// user's own such as `_INBOX_shop`, or on one that a server puts in its place between accounts
/// (`_R_`) and clusters (`_GR_`).
pub(crate) fn is_inbox(subject: &str) -> bool {
    let first = first_token(subject);
    matches!(first, "_INBOX" | "_R_" | "_GR_") || first.starts_with("_INBOX_")
}

fn first_token(subject: &str) -> &str {
    subject.split('.').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_message_may_not_name() {
        for subject in ["", ".", "a.", "a..b", "a b", "a.\t", "a.\u{a0}b", "a.*", ">", "a.>", "a\0"]
        {
            assert!(matches!(reserved(subject), Some(Reserved::Syntax(_))), "{subject:?}");
        }
        assert!(reserved(&"x".repeat(4096)).is_some());
        for (subject, why) in [
            ("$", Reserved::Server),
            ("$JS.API.STREAM.DELETE.ORDERS", Reserved::Server),
            ("$JS.ACK.ORDERS.shop.1.1.1.1.1", Reserved::Server),
            ("$SYS.REQ.SERVER.PING", Reserved::Server),
            ("$KV.settings.key", Reserved::Server),
            ("$O.files.C.x", Reserved::Server),
            ("$SRV.PING", Reserved::Server),
            ("_schedules.ORDERS.7", Reserved::Schedules),
            ("_dead_letters.shop-dead-letters.ORDERS.shop.orders.created", Reserved::Letters),
        ] {
            assert_eq!(reserved(subject), Some(why), "{subject:?}");
        }
        for subject in ["a", "orders.eu.created", "a.$JS", "_INBOX.x.y", "_R_.x", "_schedule.x"] {
            assert_eq!(reserved(subject), None, "{subject:?}");
        }
    }

    #[test]
    fn inboxes_are_judged_apart() {
        for subject in ["_INBOX", "_INBOX.x", "_INBOX_shop.x", "_R_.x.y", "_GR_.c.h._INBOX.x"] {
            assert!(is_inbox(subject), "{subject:?}");
        }
        for subject in ["orders.created", "_INBOXES.x", "a._INBOX.x", "_R.x"] {
            assert!(!is_inbox(subject), "{subject:?}");
        }
    }
}
