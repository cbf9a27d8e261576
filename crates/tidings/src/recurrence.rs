//! Time at which a scheduled event is published: once, or again and again.

mod cron;
mod error;

pub use error::RecurrenceError;

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::tz::TimeZone;

use self::cron::Cron;
use crate::duration;

/// Shortest interval of a server.
const SHORTEST: Duration = Duration::from_secs(1);
/// Longest interval of a server, which counts nanoseconds in 63 bits.
const LONGEST: Duration = Duration::from_nanos(i64::MAX as u64);

/// Time at which an event is published that waits in its stream.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum When {
    /// The event comes once, after this time from now.
    After(Duration),
    /// The event comes once, at this time.
    At(SystemTime),
    /// Again and again.
    Every(Recurrence),
}

impl From<Duration> for When {
    fn from(delay: Duration) -> Self {
        Self::After(delay)
    }
}

impl From<SystemTime> for When {
    fn from(at: SystemTime) -> Self {
        Self::At(at)
    }
}

impl From<Recurrence> for When {
    fn from(recurrence: Recurrence) -> Self {
        Self::Every(recurrence)
    }
}

/// Times at which an event is published again and again (server 2.14, ADR-51).
///
/// As text it is an interval, `@every 1h30m` of one second at least, a pattern of cron with six fields, or
/// one of `@yearly`, `@monthly`, `@weekly`, `@daily` and `@hourly`:
///
/// | field | values |
/// | --- | --- |
/// | second, minute | 0–59 |
/// | hour | 0–23 |
/// | day of the month | 1–31 |
/// | month | 1–12, or `jan` to `dec` |
/// | day of the week | 0–6 from Sunday on, or `sun` to `sat` |
///
/// A field is `*`, a number, a range `8-18`, steps `*/15` or `0-30/10`, or several of these with commas
/// between. Where both days say something, either is enough. Patterns are of UTC, or of a
/// [time zone](Self::in_time_zone).
///
/// ```
/// use tidings::{Recurrence, RecurrenceError};
///
/// let hourly: Recurrence = "@every 1h".parse()?;
/// let mornings = Recurrence::cron("0 30 8 * * mon-fri")?.in_time_zone("Europe/Berlin")?;
/// assert_eq!(mornings.to_string(), "0 30 8 * * mon-fri");
///
/// // Five fields are those of another cron.
/// assert!(matches!(Recurrence::cron("30 8 * * *"), Err(RecurrenceError::Pattern { .. })));
/// # assert_eq!(hourly.to_string(), "@every 1h");
/// # Ok::<(), RecurrenceError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recurrence {
    text: String,
    kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Every(Duration),
    /// Boxed: it is several times as large as the other.
    Cron(Box<Cron>, Option<Zone>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Zone {
    name: String,
    zone: TimeZone,
}

impl Recurrence {
    /// An interval: the first time is one interval from now.
    ///
    /// # Errors
    /// [`RecurrenceError::Interval`] for less than a second, or more than 292 years.
    pub fn every(interval: Duration) -> Result<Self, RecurrenceError> {
        if !(SHORTEST..=LONGEST).contains(&interval) {
            return Err(RecurrenceError::Interval { interval });
        }
        let text = format!("@every {}", written(interval));
        Ok(Self { text, kind: Kind::Every(interval) })
    }

    /// A pattern of cron, with six fields, or one of the words, such as `@daily`.
    ///
    /// # Errors
    /// [`RecurrenceError::Pattern`], or [`RecurrenceError::Never`] for one that no time of the next five
    /// years has, such as the 30th of February.
    pub fn cron(pattern: &str) -> Result<Self, RecurrenceError> {
        let text = pattern.split_whitespace().collect::<Vec<_>>().join(" ");
        let cron = Cron::parse(&text).map_err(|problem| RecurrenceError::Pattern {
            pattern: pattern.chars().take(128).collect(),
            problem,
        })?;
        if cron.after(SystemTime::now(), &TimeZone::UTC).is_none() {
            return Err(RecurrenceError::Never { pattern: text });
        }
        Ok(Self { text, kind: Kind::Cron(cron.into(), None) })
    }

    /// Reads a pattern of cron in a time zone, which is named as in the database of IANA:
    /// `Europe/Berlin`. A time that a change of clocks leaves out is left out, and one that comes twice is
    /// twice.
    ///
    /// # Errors
    /// [`RecurrenceError::TimeZone`] for a name that is none, [`RecurrenceError::IntervalZone`] for an
    /// interval, which has none.
    pub fn in_time_zone(self, name: &str) -> Result<Self, RecurrenceError> {
        let unknown = || RecurrenceError::TimeZone { name: name.chars().take(64).collect() };
        match self.kind {
            Kind::Every(_) => Err(RecurrenceError::IntervalZone { pattern: self.text }),
            Kind::Cron(cron, _) => {
                let zone = TimeZone::get(name).map_err(|_| unknown())?;
                // A server takes a name as it is written in the database, and in no other case.
                if zone.iana_name() != Some(name) {
                    return Err(unknown());
                }
                let kind = Kind::Cron(cron, Some(Zone { name: name.to_owned(), zone }));
                Ok(Self { kind, ..self })
            }
        }
    }

    /// The time zone in which its pattern is read; `None` where that is UTC.
    pub fn time_zone(&self) -> Option<&str> {
        match &self.kind {
            Kind::Cron(_, Some(zone)) => Some(&zone.name),
            Kind::Cron(_, None) | Kind::Every(_) => None,
        }
    }

    /// The first of its times after this one; `None` where there is none within five years. An interval
    /// begins at `after`, rounded to a whole second as servers do.
    pub fn next_after(&self, after: SystemTime) -> Option<SystemTime> {
        match &self.kind {
            Kind::Every(interval) => rounded(after)?.checked_add(*interval),
            Kind::Cron(cron, None) => cron.after(rounded(after)?, &TimeZone::UTC),
            Kind::Cron(cron, Some(zone)) => cron.after(rounded(after)?, &zone.zone),
        }
    }

    /// The first of its times after `now`, where it was scheduled `since`.
    pub(crate) fn next_since(&self, since: SystemTime, now: SystemTime) -> Option<SystemTime> {
        let Kind::Every(interval) = &self.kind else { return self.next_after(now) };
        let begun = rounded(since)?;
        let passed = now.duration_since(begun).unwrap_or_default();
        let times = u32::try_from(passed.as_nanos() / interval.as_nanos()).ok()?;
        begun.checked_add(interval.checked_mul(times.checked_add(1)?)?)
    }

    /// Text of it as it is written on a message, with its time zone.
    pub(crate) fn read(text: &str, time_zone: Option<&str>) -> Result<Self, RecurrenceError> {
        let recurrence: Self = text.parse()?;
        match time_zone {
            Some(name) => recurrence.in_time_zone(name),
            None => Ok(recurrence),
        }
    }
}

impl FromStr for Recurrence {
    type Err = RecurrenceError;

    fn from_str(text: &str) -> Result<Self, RecurrenceError> {
        let Some(interval) = text.trim().strip_prefix("@every ") else { return Self::cron(text) };
        let interval = interval.trim();
        let Some(parsed) = duration::parse(interval) else {
            return Err(RecurrenceError::Pattern {
                pattern: text.chars().take(128).collect(),
                problem: "an interval is written as `90s`, `5m` or `1h30m`".to_owned(),
            });
        };
        let every = Self::every(parsed)?;
        Ok(Self { text: format!("@every {interval}"), ..every })
    }
}

impl TryFrom<&str> for Recurrence {
    type Error = RecurrenceError;

    fn try_from(text: &str) -> Result<Self, RecurrenceError> {
        text.parse()
    }
}

impl From<Infallible> for RecurrenceError {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

impl fmt::Display for Recurrence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Rounds to the nearest whole second, as a server does before it looks for the next time.
fn rounded(time: SystemTime) -> Option<SystemTime> {
    let since = time.duration_since(UNIX_EPOCH).ok()?;
    let seconds = since.checked_add(Duration::from_millis(500))?.as_secs();
    UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
}

/// An interval as Go reads it.
fn written(interval: Duration) -> String {
    match interval.subsec_nanos() {
        0 => format!("{}s", interval.as_secs()),
        nanos => format!("{}s{nanos}ns", interval.as_secs()),
    }
}

#[cfg(test)]
mod tests;
