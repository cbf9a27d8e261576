//! Settlement policy: the one place that says how a delivery is settled, by what became of its
//! message.
//!
//! Whoever settles a delivery says why, by a [`SettlementReason`], and sends what
//! [`Settlement::of`] makes of that. Only the transports read a settlement, to carry it out.

use std::time::Duration;

/// Time after which a message comes again to which a letter refers, and which its stream would not
/// keep once it is settled.
const REFERRED: Duration = Duration::from_secs(30 * 60);

/// Settlement of a delivered message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Settlement {
    /// Handled.
    Ack,
    /// Deliver it again, after this time.
    Nak(Option<Duration>),
    /// Still working: the ack wait starts anew.
    Progress,
    /// Never deliver it again; the reason goes into the server's advisory.
    Term(String),
}

/// Reason of a settlement: the end of a delivery, which decides how it is settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SettlementReason<'a> {
    /// The handler returned well, or whoever took the message says that it is done.
    Handled,
    /// Handled before: it came again, since its last ack was perhaps lost.
    HandledBefore,
    /// Settled before, on a consumer that was lost and made again.
    SettledBefore,
    /// The last of the messages that are done, where an ack covers all before it.
    Covered,
    /// Put back for another consumer only.
    ForAnother,
    /// A marker of the server's own, or another message that is no event.
    NoEvent,
    /// A delayed message that is due after this time. Where `ack_cancels` an ack would remove it
    /// from its stream.
    NotDue { ack_cancels: bool, due_in: Duration },
    /// Failed, or cut short, and tried again after this time.
    Retried(Duration),
    /// Handled too early: the handler gets the message again after this time.
    Deferred(Duration),
    /// Unknown to this instance, and given back for this time, for one that knows it.
    Unknown(Duration),
    /// Unbegun where no more are handled: given back until it is due, if it was deferred.
    NotBegun { due_in: Option<Duration> },
    /// Given back for this time by whoever took it.
    GivenBack(Option<Duration>),
    /// Given up for this reason, by whoever took it or with its letter stored.
    GivenUp(&'a str),
    /// Given up for this reason: no client can read it.
    Unreadable(&'a str),
    /// Given up, with a letter that refers to it.
    Referred,
    /// Given up, with a letter that could not be stored before the shutdown's deadline.
    Unstored,
    /// Handled, and the ack lost on purpose, by a test.
    AckLost,
    /// Still here: it waits, or it is being handled.
    InFlight,
}

/// The most of a reason that goes into the server's advisory, in characters.
const MOST_REASON: usize = 256;

impl Settlement {
    /// Settlement of a delivery of which this became.
    #[inline]
    pub(crate) fn of(reason: SettlementReason<'_>) -> Self {
        use SettlementReason as Reason;

        match reason {
            Reason::Handled
            | Reason::HandledBefore
            | Reason::SettledBefore
            | Reason::Covered
            | Reason::ForAnother
            | Reason::NoEvent
            | Reason::NotDue { ack_cancels: false, .. } => Self::Ack,
            Reason::NotDue { due_in: wait, .. }
            | Reason::Deferred(wait)
            | Reason::Unknown(wait) => Self::Nak(Some(wait)),
            Reason::Retried(wait) => Self::Nak(Some(wait).filter(|wait| !wait.is_zero())),
            Reason::NotBegun { due_in: wait } => Self::Nak(wait.filter(|wait| !wait.is_zero())),
            Reason::GivenBack(wait) => Self::Nak(wait),
            Reason::GivenUp(why) | Reason::Unreadable(why) => Self::term(why),
            Reason::Referred => Self::Nak(Some(REFERRED)),
            Reason::Unstored | Reason::AckLost => Self::Nak(None),
            Reason::InFlight => Self::Progress,
        }
    }

    /// Gives a message up, for a reason of one line and bounded length, as the protocol takes it.
    fn term(reason: &str) -> Self {
        let line = reason.chars().map(|c| if c.is_control() { ' ' } else { c });
        Self::Term(line.take(MOST_REASON).collect())
    }

    /// Returns `true` if the delivery is acknowledged.
    #[inline]
    pub(crate) fn is_ack(&self) -> bool {
        matches!(self, Self::Ack)
    }

    /// Name of it in NATS; `None` if the message is being handled still.
    #[cfg(feature = "opentelemetry")]
    pub(crate) fn name(&self) -> Option<&'static str> {
        match self {
            Self::Ack => Some("ack"),
            Self::Nak(_) => Some("nak"),
            Self::Term(_) => Some("term"),
            Self::Progress => None,
        }
    }

    /// Returns `true` if the message does not come again.
    pub(crate) fn is_final(&self) -> bool {
        matches!(self, Self::Ack | Self::Term(_))
    }

    /// Returns `true` if the message is to come again.
    pub(crate) fn is_nak(&self) -> bool {
        matches!(self, Self::Nak(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_holds() {
        use SettlementReason as Reason;

        let (second, zero) = (Duration::from_secs(1), Duration::ZERO);
        let term = |why: &str| Settlement::Term(why.to_owned());
        for (reason, settlement) in [
            (Reason::Handled, Settlement::Ack),
            (Reason::HandledBefore, Settlement::Ack),
            (Reason::SettledBefore, Settlement::Ack),
            (Reason::Covered, Settlement::Ack),
            (Reason::ForAnother, Settlement::Ack),
            (Reason::NoEvent, Settlement::Ack),
            (Reason::NotDue { ack_cancels: false, due_in: second }, Settlement::Ack),
            (Reason::NotDue { ack_cancels: true, due_in: second }, Settlement::Nak(Some(second))),
            (Reason::Retried(second), Settlement::Nak(Some(second))),
            (Reason::Retried(zero), Settlement::Nak(None)),
            (Reason::Deferred(second), Settlement::Nak(Some(second))),
            (Reason::Unknown(second), Settlement::Nak(Some(second))),
            (Reason::NotBegun { due_in: None }, Settlement::Nak(None)),
            (Reason::NotBegun { due_in: Some(zero) }, Settlement::Nak(None)),
            (Reason::NotBegun { due_in: Some(second) }, Settlement::Nak(Some(second))),
            (Reason::GivenBack(None), Settlement::Nak(None)),
            (Reason::GivenBack(Some(zero)), Settlement::Nak(Some(zero))),
            (Reason::GivenUp("no use"), term("no use")),
            (Reason::Unreadable("not\r\na header"), term("not  a header")),
            (Reason::Referred, Settlement::Nak(Some(Duration::from_secs(1800)))),
            (Reason::Unstored, Settlement::Nak(None)),
            (Reason::AckLost, Settlement::Nak(None)),
            (Reason::InFlight, Settlement::Progress),
        ] {
            assert_eq!(Settlement::of(reason), settlement, "{reason:?}");
        }
    }

    #[test]
    fn a_reason_is_bounded() {
        let long = "x".repeat(9999);
        let Settlement::Term(why) = Settlement::of(SettlementReason::GivenUp(&long)) else {
            panic!("it is given up")
        };
        assert_eq!(why.len(), MOST_REASON);
    }
}
