//! A word for each kind of error of publishing, for figures and traces: there are only so many.

use super::{AtomicError, PublishError};
use crate::observe::SendError;

impl SendError for PublishError {
    fn kind(&self) -> &'static str {
        match self {
            Self::Subject(_) => "subject",
            Self::Header(_) => "header",
            Self::Encode { .. } => "encode",
            Self::Unreadable { .. } => "unreadable",
            Self::TooLarge { .. } => "too_large",
            Self::Large { .. } | Self::LargeRefused { .. } => "large",
            Self::MessageId { .. } => "message_id",
            Self::Ttl { .. } | Self::TtlBelowMarker { .. } => "ttl",
            Self::Delay { .. } | Self::Past { .. } => "delay",
            Self::Recurrence(_) => "recurrence",
            Self::NotRescheduled { .. } => "not_rescheduled",
            Self::NoStream { .. } => "no_stream",
            Self::Leaderless { .. } => "leaderless",
            Self::Conflict { .. } => "conflict",
            Self::Refused { .. } => "refused",
            Self::WrongStream { .. } => "wrong_stream",
            Self::Denied { .. } => "denied",
            Self::Unconfirmed { .. } => "unconfirmed",
            Self::Unsent { .. } => "unsent",
            Self::Disconnected { .. } => "disconnected",
            Self::Closed => "closed",
            Self::Client { .. } => "client",
        }
    }
}

impl SendError for AtomicError {
    fn kind(&self) -> &'static str {
        match self {
            Self::Event { source, .. } => source.kind(),
            Self::Empty => "empty",
            Self::TooMany { .. } => "too_many",
            Self::OtherStream { .. } => "other_stream",
            Self::SameId { .. } => "same_id",
            Self::Option { .. } => "option",
            Self::NotAllowed { .. } => "not_allowed",
            Self::ServerTooOld { .. } => "server_too_old",
            Self::NotBegun { .. } => "not_begun",
            Self::Duplicate { .. } => "duplicate",
            Self::Conflict { .. } => "conflict",
            Self::Refused { .. } => "refused",
            Self::WrongStream { .. } => "wrong_stream",
            Self::Unconfirmed { .. } => "unconfirmed",
        }
    }
}
