//! Reply subjects to which an answer may go: whoever asks names one, on which a service may be allowed
//! to publish and they are not.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::subject::{Subject, is_inbox, reserved};

/// The beginning of nearly all reply subjects.
const USUAL: &str = "_INBOX.";

/// Answers that were not sent, since the subject for them is one that nobody may name.
#[derive(Debug, Default)]
pub(crate) struct RefusedReplies(AtomicU64);

impl RefusedReplies {
    /// Returns `true` if an answer may go there. One that may not is counted, and logged: the
    /// first, the second, the fourth and so on.
    pub(crate) fn allows(&self, route: &str, to: &Subject) -> bool {
        if to.as_str().starts_with(USUAL) {
            return true;
        }
        match reserved(to.as_str()).filter(|_| !is_inbox(to.as_str())) {
            None => true,
            Some(why) => {
                self.refuse(route, to, &why);
                false
            }
        }
    }

    #[cold]
    fn refuse(&self, route: &str, to: &Subject, why: &dyn std::fmt::Display) {
        let times = self.0.fetch_add(1, Relaxed).saturating_add(1);
        if times.is_power_of_two() {
            let to = to.as_str();
            tracing::warn!(route, to, %why, times, "an answer was not sent where it was asked for");
        }
    }

    pub(crate) fn times(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_go_to_inboxes_and_plain_subjects() {
        let refused = RefusedReplies::default();
        let allows = |to: &str| refused.allows("shop", &Subject::from(to.to_owned()));
        for to in ["_INBOX.x.y", "_INBOX_shop.x", "_R_.x.y", "answers.here", "_GR_.a.b.c"] {
            assert!(allows(to), "{to}");
        }
        assert_eq!(refused.times(), 0);
        let reserved = [
            "$JS.API.STREAM.NAMES",
            "$SYS.REQ.SERVER.PING",
            "$KV.settings.key",
            "_schedules.ORDERS.7",
            "_dead_letters.shop-dead-letters.ORDERS.shop.orders.created",
            "answers.*",
            "answers..here",
            "",
        ];
        for to in reserved {
            assert!(!allows(to), "{to}");
        }
        assert_eq!(refused.times(), reserved.len() as u64);
    }
}
