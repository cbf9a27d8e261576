//! Work in flight or scheduled, where a test's bus does not come to rest.

use std::error::Error;
use std::fmt;
use std::time::Duration;

/// Something is in flight or scheduled on a test's bus, and did not end in time.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NotIdleError {
    /// Something is left after the time.
    #[error("not idle within {waited:?}; what is left:{}", Lines(left))]
    Left {
        /// Time that was waited, on tokio's clock.
        waited: Duration,
        /// The unfinished work.
        left: Vec<Unfinished>,
    },
    /// The server does not say what is left.
    #[error("the server can't be asked what is left")]
    Server(#[source] Box<dyn Error + Send + Sync>),
}

/// Work in flight or scheduled.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unfinished {
    /// A handler works on a message, or the message waits for its turn.
    Handler {
        /// The message's wire name.
        message: String,
        /// The message's subject.
        subject: String,
        /// Number of the delivery, from 1.
        attempt: u64,
        /// Time since the work began, on tokio's clock.
        since: Duration,
    },
    /// A publish is not confirmed, or a request not answered.
    Sending {
        /// The message's wire name.
        message: String,
        /// The message's subject.
        subject: String,
        /// Time since the sending began, on tokio's clock.
        since: Duration,
    },
    /// An event was published with a delay, and a route will get it.
    Delayed {
        /// The event's wire name.
        message: String,
        /// The event's subject.
        subject: String,
        /// Time until it is delivered; zero if it could have been.
        remaining: Duration,
    },
    /// The durable consumer of a route has messages.
    Consumer {
        /// The stream.
        stream: String,
        /// The durable consumer.
        consumer: String,
        /// Number of messages that it has still to deliver for the first time.
        pending: u64,
        /// Number of messages that it has delivered and that are not settled; they come again.
        unsettled: u64,
        /// Error of the last message that was retried.
        last_error: Option<String>,
    },
    /// The route of a core event or a request may have messages that it has not taken yet.
    Route {
        /// The wire name of the message that is handled.
        message: String,
    },
}

impl fmt::Display for Unfinished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Handler { message, subject, attempt, since } => {
                write!(
                    f,
                    "the handler of `{message}` on {subject}, attempt {attempt}, for {since:?}"
                )
            }
            Self::Sending { message, subject, since } => {
                write!(f, "`{message}` on {subject} is being sent or asked, for {since:?}")
            }
            Self::Delayed { message, subject, remaining } => {
                write!(f, "`{message}` on {subject} is delivered in {remaining:?}")
            }
            Self::Consumer { stream, consumer, pending, unsettled, last_error } => {
                write!(f, "consumer `{consumer}` of stream `{stream}`: {pending} to deliver, ")?;
                write!(f, "{unsettled} delivered and not settled")?;
                last_error.iter().try_for_each(|error| write!(f, "; last retried for: {error}"))
            }
            Self::Route { message } => {
                write!(f, "the route of `{message}` may have messages that it has not taken")
            }
        }
    }
}

/// List of what is unfinished, each on a line of its own.
struct Lines<'a>(&'a [Unfinished]);

impl fmt::Display for Lines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|left| write!(f, "\n  {left}"))
    }
}
