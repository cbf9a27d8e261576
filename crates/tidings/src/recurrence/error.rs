//! Errors of recurrences.

use std::time::Duration;

/// A text or an interval is no [`Recurrence`](crate::Recurrence).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecurrenceError {
    /// A text is neither an interval nor a pattern of cron.
    #[error("{pattern:?} is no schedule: {problem}")]
    Pattern {
        /// The text.
        pattern: String,
        /// Problem of the text.
        problem: String,
    },
    /// No time of the next five years is as a pattern says.
    #[error("no time of the next five years is as {pattern:?} says")]
    Never {
        /// The pattern.
        pattern: String,
    },
    /// An interval is shorter or longer than a server has it.
    #[error("an interval can't be {interval:?}: give one second at least, and 292 years at most")]
    Interval {
        /// The interval.
        interval: Duration,
    },
    /// A name is none of a time zone.
    #[error("{name:?} is no time zone; it is named as IANA does, such as `Europe/Berlin`")]
    TimeZone {
        /// The name.
        name: String,
    },
    /// A time zone was given for an interval.
    #[error("`{pattern}` is an interval, which has no time zone; only patterns of cron do")]
    IntervalZone {
        /// The interval.
        pattern: String,
    },
}
