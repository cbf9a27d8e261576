//! A word for each kind of error of asking, for figures and traces: there are only so many.

use std::fmt::Display;

use super::RequestError;
use crate::observe::SendError;

impl<E: Display> SendError for RequestError<E> {
    fn kind(&self) -> &'static str {
        match self {
            Self::Declared(_) => "declared",
            Self::Service { .. } => "service",
            Self::NoResponders { .. } => "no_responders",
            Self::Denied { .. } => "denied",
            Self::Timeout { .. } => "timeout",
            Self::Disconnected { .. } => "disconnected",
            Self::AnsweredByStream { .. } => "answered_by_stream",
            Self::Decode { .. } => "decode",
            Self::Subject(_) => "subject",
            Self::Option(error) => error.kind(),
            Self::Encode { .. } => "encode",
            Self::Unreadable { .. } => "unreadable",
            Self::TooLarge { .. } => "too_large",
            Self::Closed => "closed",
            Self::Client { .. } => "client",
        }
    }
}
