//! Why a handler did not do its work, and what shall become of the message.

use std::error::Error;
use std::fmt;
use std::time::Duration;

type BoxError = Box<dyn Error + Send + Sync>;

/// A handler's failure: why, and whether trying again can help.
///
/// Any error becomes one with `?` and means *try again*. [`Failure::reject`] says that no retry
/// will help.
///
/// Only a stream's event can be tried again. The failure of an event without a stream is logged;
/// the failure of a request is answered with an error reply.
///
/// Where a request declares no error, its asker is told the failure's text with its sources: keep
/// secrets out of it.
///
/// Like `anyhow::Error` it is no [`Error`] itself, so that every error converts into it.
///
/// ```
/// use tidings::Failure;
///
/// fn parse(text: &str) -> Result<u32, Failure> {
///     Ok(text.parse::<u32>()?)
/// }
///
/// assert_eq!(parse("x").unwrap_err().to_string(), "invalid digit found in string");
/// ```
pub struct Failure {
    verdict: Verdict,
    source: BoxError,
}

/// What a failure asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Try again, when the route's policy says.
    Retry,
    /// Try again after this time.
    RetryAfter(Duration),
    /// Never try again.
    Reject,
}

impl Failure {
    /// A failure that a later attempt may not have; the same as converting with `?`.
    pub fn retry(why: impl Into<BoxError>) -> Self {
        Self { verdict: Verdict::Retry, source: why.into() }
    }

    /// A failure that a later attempt may not have, but not before `delay` has passed; it takes the
    /// place of the route's own wait.
    pub fn retry_after(delay: Duration, why: impl Into<BoxError>) -> Self {
        Self { verdict: Verdict::RetryAfter(delay), source: why.into() }
    }

    /// A failure that no later attempt can mend: the message is given up at once. A stream's is not
    /// delivered to this consumer again, and the server publishes the reason in an advisory.
    pub fn reject(why: impl Into<BoxError>) -> Self {
        Self { verdict: Verdict::Reject, source: why.into() }
    }

    /// The error that the handler gave, with its own sources.
    pub fn error(&self) -> &(dyn Error + Send + Sync + 'static) {
        &*self.source
    }

    pub(crate) fn verdict(&self) -> Verdict {
        self.verdict
    }
}

impl<E: Error + Send + Sync + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::retry(error)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.source)?;
        let mut source = self.source.source();
        while let Some(error) = source {
            write!(f, ": {error}")?;
            source = error.source();
        }
        Ok(())
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Failure")
            .field("verdict", &self.verdict)
            .field("source", &self.source)
            .finish()
    }
}
