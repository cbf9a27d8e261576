//! The outcome of a message, once it is decided, and what it says about the handler.

use std::time::Duration;

use super::handler_exit::HandlerExit;
use crate::dead_letter::DeadLetterReason;
use crate::message::Outcome;
use crate::transport::SettlementReason;

/// Decision about a message, once its handler has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Disposition {
    /// Done.
    Ack,
    /// Tried, and to come again after this time.
    Retry(Duration),
    /// Handled too early: to be handled again after this time; that was no attempt.
    Defer(Duration),
    /// Unknown to this instance: given back for this time, for one that knows it.
    GiveBack(Duration),
    /// Given up: to become a dead letter.
    DeadLetter(DeadLetterReason),
}

impl Disposition {
    /// Fate of the message, in one word.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Ack => "ack",
            Self::Retry(_) => "retry",
            Self::Defer(_) => "defer",
            Self::GiveBack(_) => "give_back",
            Self::DeadLetter(_) => "dead_letter",
        }
    }

    /// Reason for which the delivery is settled at once; `None` where it is only settled once its
    /// dead letter is stored.
    pub(crate) fn settlement_reason(&self) -> Option<SettlementReason<'static>> {
        Some(match self {
            Self::Ack => SettlementReason::Handled,
            Self::Retry(wait) => SettlementReason::Retried(*wait),
            Self::Defer(wait) => SettlementReason::Deferred(*wait),
            Self::GiveBack(wait) => SettlementReason::Unknown(*wait),
            Self::DeadLetter(_) => return None,
        })
    }
}

/// Applies a message's word on the handler.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) enum Health {
    /// Working.
    Well,
    /// Failed, with this error.
    Ill(String),
    /// No fault but the message's, or none at all.
    #[default]
    Unknown,
}

impl Health {
    /// Health of the handler, as this exit shows it.
    pub(crate) fn of(exit: &HandlerExit, disposition: Option<&Disposition>) -> Self {
        match (exit, disposition) {
            (HandlerExit::Panicked(_) | HandlerExit::Overdue(_), _)
            | (HandlerExit::Returned(Outcome::Failed(_)), None | Some(Disposition::Retry(_))) => {
                Self::Ill(exit.to_string())
            }
            (
                HandlerExit::Returned(Outcome::Failed(_)),
                Some(Disposition::DeadLetter(
                    DeadLetterReason::Attempts | DeadLetterReason::Elapsed,
                )),
            ) => Self::Ill(exit.to_string()),
            (
                HandlerExit::Returned(Outcome::Failed(_))
                | HandlerExit::UsedUp
                | HandlerExit::Aborted
                | HandlerExit::Undecodable(_),
                _,
            ) => Self::Unknown,
            (HandlerExit::Returned(_), _) => Self::Well,
        }
    }
}
