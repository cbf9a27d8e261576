//! Outcomes of messages in a handler, before it is decided how they are settled.

use std::any::Any;
use std::fmt;
use std::time::Duration;

use crate::envelope::DecodeError;
use crate::failure::Verdict;
use crate::message::Outcome;
use crate::probe::{End, Span};
use crate::traces::Ended;
use crate::transport::Settlement;
use crate::user_code::panic_text;

/// Outcome of one message in a handler.
#[derive(Debug)]
pub(crate) enum HandlerExit {
    /// The handler returned.
    Returned(Outcome),
    /// The handler panicked, with this text.
    Panicked(String),
    /// The handler was dropped: its deadline, this, has passed.
    Overdue(Duration),
    /// The message never reached the handler.
    Undecodable(DecodeError),
    /// The message never reached the handler: it was delivered more often than it may be tried.
    UsedUp,
    /// The handler was dropped: the shutdown's deadline passed.
    Aborted,
}

/// Reason why a handler did not return.
#[derive(Debug)]
pub(crate) enum Interruption {
    Panicked(String),
    Overdue(Duration),
    Aborted,
}

impl Interruption {
    /// The handler panicked with this.
    pub(crate) fn panicked(panic: Box<dyn Any + Send>) -> Self {
        Self::Panicked(panic_text(panic))
    }

    pub(crate) fn into_handled(self) -> HandlerExit {
        match self {
            Self::Panicked(text) => HandlerExit::Panicked(text),
            Self::Overdue(deadline) => HandlerExit::Overdue(deadline),
            Self::Aborted => HandlerExit::Aborted,
        }
    }
}

impl HandlerExit {
    /// Says what came of a message, and how a stream's was settled.
    #[inline]
    pub(crate) fn tell(&self, span: &Span, settlement: Option<&Settlement>) {
        if span.is_on() {
            self.tell_probe(span, settlement);
        }
    }

    #[cold]
    fn tell_probe(&self, span: &Span, settlement: Option<&Settlement>) {
        match self {
            Self::Returned(outcome) => span.tell(End::Returned(outcome, settlement)),
            Self::Panicked(text) => span.tell(End::Panicked(text, settlement)),
            // It comes again, to whoever knows it.
            Self::Undecodable(error) if settlement.is_some_and(Settlement::is_nak) => {
                span.tell(End::Failed(error, settlement));
            }
            Self::Undecodable(error) => span.tell(End::Undecodable(error)),
            Self::Overdue(_) | Self::UsedUp => span.tell(End::Failed(self, settlement)),
            Self::Aborted => {}
        }
    }
}

impl HandlerExit {
    /// Tells the handler's span of it; `settled` is what becomes of the message, in one word.
    #[inline]
    pub(crate) fn ended(&self, settled: Option<&'static str>) -> Ended<'_> {
        let (error, is_fault) = match self {
            Self::Returned(Outcome::Done | Outcome::Reply(_)) => (None, false),
            // An answer, as the request declares it.
            Self::Returned(Outcome::Declared { .. }) => (Some("declared"), false),
            Self::Returned(Outcome::Failed(failure)) => match failure.verdict() {
                Verdict::Defer(_) => (Some("deferred"), false),
                Verdict::Reject => (Some("rejected"), true),
                Verdict::Retry | Verdict::RetryAfter(_) => (Some("failed"), true),
            },
            Self::Panicked(_) => (Some("panicked"), true),
            Self::Overdue(_) => (Some("overdue"), true),
            Self::Undecodable(error) if error.is_of_another() => (Some("unknown"), false),
            Self::Undecodable(_) => (Some("undecodable"), true),
            Self::UsedUp => (Some("used_up"), true),
            Self::Aborted => (Some("aborted"), true),
        };
        Ended { error, is_fault, why: self, settled }
    }
}

/// Writes the reason why a message was not handled.
impl fmt::Display for HandlerExit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Returned(Outcome::Failed(failure)) => failure.fmt(f),
            Self::Panicked(text) => write!(f, "panic: {text}"),
            Self::Undecodable(error) => error.fmt(f),
            Self::Overdue(deadline) => {
                write!(f, "the handler did not end within its deadline of {deadline:?}")
            }
            Self::UsedUp => f.write_str("it was delivered more often than it may be tried"),
            Self::Aborted => f.write_str("the shutdown did not wait for the handler"),
            Self::Returned(_) => f.write_str("it was handled"),
        }
    }
}
