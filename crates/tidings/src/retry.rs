//! Policy by which a failed message is tried again, and given up. Pure: it knows no clock, no
//! chance and no transport.

use std::time::Duration;

/// Policy by which a stream event whose handler failed is handled again, and after a number of
/// attempts put aside as a dead letter.
///
/// | made by | waits | attempts |
/// | --- | --- | --- |
/// | [`Retry::exponential(n)`](Self::exponential) | 1 s, 2 s, 4 s … up to 5 min, each lengthened by up to a quarter | `n` |
/// | [`Retry::list([a, b])`](Self::list) | `a`, then `b` | one more than there are waits |
/// | [`Retry::fixed(wait)`](Self::fixed) | the same each time | without end |
/// | [`Retry::never()`](Self::never) | none | 1 |
///
/// The default is `Retry::exponential(12)`, which gives up after some 20 minutes.
///
/// An attempt is a delivery of the message to a route's consumer. One that ended because its
/// process died counts too, and the server waits before the next as long as the policy says.
///
/// ```
/// use std::time::Duration;
/// use tidings::Retry;
///
/// let patient = Retry::exponential(20).first_delay(Duration::from_millis(100)).factor(3.0);
/// let exact = Retry::fixed(Duration::from_secs(10)).max_attempts(3).jitter(0.0);
/// # let _ = (patient, exact);
/// ```
#[derive(Debug, Clone, PartialEq)]
#[must_use = "give it to `Route::retry`"]
pub struct Retry {
    waits: Delays,
    attempts: Option<u64>,
    elapsed: Option<Duration>,
    jitter: f64,
}

#[derive(Debug, Clone, PartialEq)]
enum Delays {
    Fixed(Duration),
    Exponential { first: Duration, factor: f64, most: Duration },
    List(Vec<Duration>),
}

/// Decision of a policy about a failed attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RetryDecision {
    /// Try again after this time.
    Again(Duration),
    /// All attempts are used up.
    NoAttempts,
    /// The time for attempts is used up.
    NoTime,
}

/// A quarter is enough to part what failed together.
const JITTER: f64 = 0.25;

/// The longest wait, some hundred years: a server counts nanoseconds in 63 bits.
pub(crate) const LONGEST: Duration = Duration::from_secs(3_000_000_000);

/// The most waits that a consumer on the server is told; the last of them is repeated.
const MOST_WAITS: u64 = 64;

impl Retry {
    /// Policy of so many attempts, with waits that double: 1 s, 2 s, 4 s … up to 5 min, each
    /// lengthened by up to a quarter.
    pub const fn exponential(attempts: u64) -> Self {
        let waits = Delays::Exponential {
            first: Duration::from_secs(1),
            factor: 2.0,
            most: Duration::from_secs(300),
        };
        Self { waits, attempts: Some(attempts), elapsed: None, jitter: JITTER }
    }

    /// Delays equally long before each attempt, without end and without jitter.
    pub const fn fixed(delay: Duration) -> Self {
        Self { waits: Delays::Fixed(delay), attempts: None, elapsed: None, jitter: 0.0 }
    }

    /// Policy with these waits, one after the other and without jitter; one attempt more than there
    /// are waits.
    pub fn list(delays: impl IntoIterator<Item = Duration>) -> Self {
        let delays: Vec<_> = delays.into_iter().collect();
        let attempts = Some(delays.len() as u64 + 1);
        Self { waits: Delays::List(delays), attempts, elapsed: None, jitter: 0.0 }
    }

    /// A policy of one attempt: what fails is put aside at once, and so is what a process was given and took
    /// with it when it died.
    ///
    /// A lost ack would put aside what was handled. So the server confirms each ack of a last
    /// attempt, which takes a round trip more for each message before its place is free; and what it
    /// does not confirm is remembered by the instance that handled it. Only where that instance is
    /// gone too, or another one gets the message, may a letter tell of a message that was handled.
    pub const fn never() -> Self {
        let waits = Delays::Fixed(Duration::ZERO);
        Self { waits, attempts: Some(1), elapsed: None, jitter: 0.0 }
    }

    /// Sets the maximum number of attempts at a message, the first one included; 0 is refused at
    /// the start.
    pub const fn max_attempts(mut self, attempts: u64) -> Self {
        self.attempts = Some(attempts);
        self
    }

    /// Sets the maximum time after its first failure in which a message is tried. The first failure
    /// is the first one that this process saw; the limit is reached when the next attempt would
    /// come too late.
    pub const fn max_elapsed(mut self, elapsed: Duration) -> Self {
        self.elapsed = Some(elapsed);
        self
    }

    /// The first wait of [`exponential`](Self::exponential); the default is 1 s. It changes nothing
    /// elsewhere.
    pub const fn first_delay(mut self, delay: Duration) -> Self {
        if let Delays::Exponential { first, .. } = &mut self.waits {
            *first = delay;
        }
        self
    }

    /// The longest wait of [`exponential`](Self::exponential), before jitter; the default is 5 min.
    /// It changes nothing elsewhere.
    pub const fn max_delay(mut self, delay: Duration) -> Self {
        if let Delays::Exponential { most, .. } = &mut self.waits {
            *most = delay;
        }
        self
    }

    /// Sets the factor by which each wait of [`exponential`](Self::exponential) is longer than the
    /// one before; the default is 2, and less than 1 is refused at the start. It changes nothing
    /// elsewhere.
    pub const fn factor(mut self, by: f64) -> Self {
        if let Delays::Exponential { factor, .. } = &mut self.waits {
            *factor = by;
        }
        self
    }

    /// Sets the part of itself by which a wait is lengthened at most, by chance; never shortened.
    pub const fn jitter(mut self, share: f64) -> Self {
        self.jitter = share;
        self
    }

    /// Reason why this policy can't hold; `None` if it can.
    pub(crate) fn problem(&self) -> Option<String> {
        if self.attempts == Some(0) {
            return Some("0 attempts would handle nothing; give 1 or more".to_owned());
        }
        if let Delays::Exponential { factor, .. } = self.waits
            && !(factor >= 1.0 && factor.is_finite())
        {
            return Some(format!("a factor of {factor} makes no wait longer; give 1 or more"));
        }
        if !(0.0..=10.0).contains(&self.jitter) {
            return Some(format!("a jitter of {} is not between 0 and 10", self.jitter));
        }
        None
    }

    /// Maximum number of attempts at a message; `None` is without limit.
    pub(crate) fn attempts(&self) -> Option<u64> {
        self.attempts
    }

    /// Decides what comes after the failure of this attempt, which counts from 1, so long after the
    /// first failure. `asked` is a wait that the failure asks for itself; `chance` is from 0 up to
    /// 1.
    pub(crate) fn next(
        &self,
        attempt: u64,
        since_first: Duration,
        asked: Option<Duration>,
        chance: f64,
    ) -> RetryDecision {
        if self.attempts.is_some_and(|attempts| attempt >= attempts) {
            return RetryDecision::NoAttempts;
        }
        let wait = asked.unwrap_or_else(|| self.wait_after(attempt, chance));
        match self.elapsed {
            Some(elapsed) if since_first.saturating_add(wait) > elapsed => RetryDecision::NoTime,
            _ => RetryDecision::Again(wait.min(LONGEST)),
        }
    }

    /// The wait after this attempt, whether another one follows or not.
    pub(crate) fn wait_after(&self, attempt: u64, chance: f64) -> Duration {
        let wait = self.wait(attempt);
        wait.saturating_add(scaled(wait, self.jitter * chance)).min(LONGEST)
    }

    /// The wait after the failure of this attempt, before jitter.
    fn wait(&self, attempt: u64) -> Duration {
        match &self.waits {
            Delays::Fixed(wait) => *wait,
            Delays::Exponential { first, factor, most } => {
                let power = i32::try_from(attempt.saturating_sub(1)).unwrap_or(i32::MAX);
                scaled(*first, factor.powi(power)).min(*most)
            }
            Delays::List(waits) => {
                let place = usize::try_from(attempt.saturating_sub(1)).unwrap_or(usize::MAX);
                waits.get(place).or(waits.last()).copied().unwrap_or_default()
            }
        }
    }

    /// Delays of a server for the settlement of each delivery, the last one repeated, so that what a
    /// process took with it comes again as if it had failed at the end of `ack_wait`.
    pub(crate) fn backoff(&self, ack_wait: Duration) -> Vec<Duration> {
        let most = self.attempts.map_or(MOST_WAITS, |attempts| attempts.min(MOST_WAITS));
        let wait = |attempt| ack_wait.saturating_add(self.wait(attempt)).min(LONGEST);
        let waits = (1..=most.max(1)).map(wait);
        let mut waits: Vec<_> = waits.collect();
        while let [.., before, last] = waits[..]
            && before == last
        {
            waits.pop();
        }
        waits
    }
}

/// `time` by a factor; the longest time there is where that is no time.
fn scaled(time: Duration, factor: f64) -> Duration {
    Duration::try_from_secs_f64(time.as_secs_f64() * factor).unwrap_or(Duration::MAX)
}

impl Default for Retry {
    fn default() -> Self {
        Self::exponential(12)
    }
}

#[cfg(test)]
mod tests;
