//! Failure of a handler: its error, and what shall become of the message.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::user_code::{guarded, text_of, text_with_sources};

type BoxError = Box<dyn Error + Send + Sync>;

/// A handler's failure: why, and whether trying again can help.
///
/// Any error becomes one with `?` and means *try again*; so do `anyhow::Error`, `Box<dyn Error + Send +
/// Sync>` and a text. [`Failure::reject`] says that no retry will help, [`Failure::defer`] that it is
/// too early. A route can say it instead, for errors it knows: `Route::classify`.
///
/// Only a stream's event can be tried again. The failure of an event without a stream is logged;
/// the failure of a request is answered with an error reply.
///
/// Whoever asked is told no more of a failure than that there was one, and a reference under which
/// the log has its text: what a program says of itself is for those who run it. [`Failure::public`]
/// and [`Failure::tell`] give a text for askers; an error that the request declares is theirs anyway,
/// and [`Route::tell_errors`](crate::Route::tell_errors) tells them everything.
///
/// Like `anyhow::Error` it is no [`Error`] itself, so that all that converts into a
/// `Box<dyn Error + Send + Sync>` converts into it.
///
/// ```
/// use tidings::Failure;
///
/// fn parse(text: &str) -> Result<u32, Failure> {
///     if text.is_empty() {
///         Err("no number is given")?; // or `return Err("…".into())`
///     }
///     Ok(text.parse::<u32>()?)
/// }
///
/// assert_eq!(parse("x").unwrap_err().to_string(), "invalid digit found in string");
/// assert_eq!(parse("").unwrap_err().to_string(), "no number is given");
/// ```
///
/// A `Box<dyn Error>` without `Send + Sync` can't leave its thread: `map_err(|error| error.to_string())?`.
/// The error that an `anyhow::Error` was made of is not found by a downcast of [`error`](Self::error), for
/// anyhow wraps it; `map_err(|error| Failure::retry(error.into_boxed_dyn_error()))?` keeps its type.
pub struct Failure {
    verdict: Verdict,
    source: Cause,
}

/// An error, and what whoever asked is told of it.
#[derive(Debug)]
struct Told {
    text: Box<str>,
    error: Cause,
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Error for Told {}

/// The error that a handler gave, shared where one failure is that of many messages.
#[derive(Clone)]
struct Cause(Option<Arc<dyn Error + Send + Sync>>);

impl Cause {
    fn new(error: BoxError) -> Self {
        Self(Some(Arc::from(error)))
    }

    fn kept(&self) -> &(dyn Error + Send + Sync + 'static) {
        // It is taken out only when it is dropped.
        self.0.as_deref().unwrap_or(&fmt::Error)
    }

    fn error(&self) -> &(dyn Error + Send + Sync + 'static) {
        self.kept().downcast_ref::<Told>().map_or(self.kept(), |told| told.error.error())
    }
}

impl fmt::Debug for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&text_of(&format_args!("{:?}", self.kept())))
    }
}

impl Drop for Cause {
    /// An error whose own drop panics ends no task of the runner.
    fn drop(&mut self) {
        let error = self.0.take();
        if let Err(panic) = guarded(|| drop(error)) {
            tracing::error!(panic, "a handler's error panicked when it was dropped");
        }
    }
}

/// Verdict on a stream event whose handler failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// Try again, when the route's policy says.
    Retry,
    /// Try again after this time, as long as the route's policy has attempts left.
    RetryAfter(Duration),
    /// Handle it again after this time, since it is too early, and don't count this as an attempt.
    Defer(Duration),
    /// Never try again: it becomes a dead letter.
    Reject,
}

impl Failure {
    /// A failure that a later attempt may not have; the same as converting with `?`.
    pub fn retry(why: impl Into<BoxError>) -> Self {
        Self::new(Verdict::Retry, why)
    }

    /// A failure that a later attempt may not have, but not before `delay` has passed; it takes the
    /// place of the route's own wait.
    pub fn retry_after(delay: Duration, why: impl Into<BoxError>) -> Self {
        Self::new(Verdict::RetryAfter(delay), why)
    }

    /// No failure of the message: it came too early. It is handled again after `delay`, however
    /// often, and this does not count as an attempt.
    ///
    /// Meanwhile the message waits in this process, which tells the server that it has it. If the
    /// process ends first, or the route is paused, the message comes again, and that counts. One
    /// that has no further attempt is handled once more before a shutdown or a pause gives it back.
    pub fn defer(delay: Duration, why: impl Into<BoxError>) -> Self {
        Self::new(Verdict::Defer(delay), why)
    }

    /// A failure that no later attempt can mend: the message is given up at once. A stream's becomes
    /// a dead letter and is not delivered to this consumer again.
    pub fn reject(why: impl Into<BoxError>) -> Self {
        Self::new(Verdict::Reject, why)
    }

    /// A failure whose text is meant for whoever asked: the description of their error reply. It says
    /// to try again, as `?` does.
    ///
    /// ```
    /// # use tidings::Failure;
    /// let failure = Failure::public("the shop opens at nine");
    /// assert_eq!(failure.to_string(), "the shop opens at nine");
    /// ```
    pub fn public(text: impl Into<String>) -> Self {
        let text = text.into();
        Self::retry(text.clone()).tell(text)
    }

    /// Tells whoever asked this text instead of a reference. The log has the failure's own.
    ///
    /// ```
    /// # use tidings::Failure;
    /// fn stock(line: &str) -> Result<u32, Failure> {
    ///     line.parse::<u32>().map_err(|error| Failure::retry(error).tell("no stock is known"))
    /// }
    /// assert_eq!(stock("x").unwrap_err().to_string(), "invalid digit found in string");
    /// ```
    #[must_use]
    pub fn tell(self, text: impl Into<String>) -> Self {
        let Self { verdict, source } = self;
        let told = Told { text: text.into().into(), error: source };
        Self { verdict, source: Cause::new(told.into()) }
    }

    fn new(verdict: Verdict, why: impl Into<BoxError>) -> Self {
        Self { verdict, source: Cause::new(why.into()) }
    }

    /// The text for whoever asked, if there is one.
    pub(crate) fn for_askers(&self) -> Option<&str> {
        self.source.kept().downcast_ref::<Told>().map(|told| &*told.text)
    }

    /// The error that the handler gave, with its own sources.
    pub fn error(&self) -> &(dyn Error + Send + Sync + 'static) {
        self.source.error()
    }

    /// Copies the failure, for another message.
    pub(crate) fn share(&self) -> Self {
        Self { verdict: self.verdict, source: self.source.clone() }
    }

    /// The verdict that the failure asks for.
    pub fn verdict(&self) -> Verdict {
        self.verdict
    }
}

impl<E: Into<BoxError>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::retry(error)
    }
}

impl fmt::Display for Failure {
    /// The error with its sources. A text of theirs that can't be written leaves a placeholder.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&text_with_sources(self.error()))
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let source = text_of(&format_args!("{:?}", self.error()));
        f.debug_struct("Failure")
            .field("verdict", &self.verdict)
            .field("source", &format_args!("{source}"))
            .finish()
    }
}
