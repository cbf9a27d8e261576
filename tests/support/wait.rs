//! Waiting for what becomes true by and by.

use std::fmt::{Debug, Display};
use std::panic::Location;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};

/// Time between two looks of [`eventually`].
const BETWEEN_LOOKS: Duration = Duration::from_millis(10);

/// Observation of one look: a value, or why there is none yet.
///
/// A `bool` is there when true, an `Option` when `Some`, a `Result` when `Ok`.
pub trait Observation {
    /// Value that is waited for.
    type Value;

    /// The value, or a few words on why it is not there.
    ///
    /// # Errors
    /// What was seen in its stead.
    fn observed(self) -> Result<Self::Value, String>;
}

impl Observation for bool {
    type Value = ();

    fn observed(self) -> Result<(), String> {
        if self { Ok(()) } else { Err("false".to_owned()) }
    }
}

impl<T> Observation for Option<T> {
    type Value = T;

    fn observed(self) -> Result<T, String> {
        self.ok_or_else(|| "None".to_owned())
    }
}

impl<T, E: Debug> Observation for Result<T, E> {
    type Value = T;

    fn observed(self) -> Result<T, String> {
        self.map_err(|error| format!("{error:?}"))
    }
}

/// Looks again and again until `look` gives a value, and returns it.
///
/// `what` says what is waited for, such as `"the consumer is back"`; with tokio's time paused the
/// deadline is virtual too.
///
/// # Panics
/// Panics after `deadline`, with `what`, the place of the call and the last thing seen.
///
/// ```no_run
/// # use std::time::Duration;
/// # use tidings_tests::eventually;
/// # async fn test(client: async_nats::Client) {
/// eventually(Duration::from_secs(5), "an answer", || async {
///     client.request("ping", "".into()).await
/// })
/// .await;
/// # }
/// ```
#[track_caller]
pub fn eventually<F, Fut>(
    deadline: Duration,
    what: impl Display,
    mut look: F,
) -> impl Future<Output = <Fut::Output as Observation>::Value>
where
    F: FnMut() -> Fut,
    Fut: Future<Output: Observation>,
{
    let place = Location::caller();
    async move {
        let end = Instant::now() + deadline;
        let mut seen = "nothing: the first look did not end".to_owned();
        loop {
            match timeout_at(end, look()).await.map(Observation::observed) {
                Ok(Ok(value)) => return value,
                Ok(Err(other)) => seen = other,
                Err(_) => {}
            }
            assert!(
                Instant::now() < end,
                "not within {deadline:?}: {what} (at {place}); last seen: {seen}"
            );
            sleep(BETWEEN_LOOKS).await;
        }
    }
}
