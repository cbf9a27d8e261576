//! Asking again where a server is just changing what is to be changed.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::{ApiError, Fault};
use crate::backoff::Backoff;

/// Time after which the server is not asked again.
const LONGEST: Duration = Duration::from_secs(30);
const RETRY: Backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(2));

/// Does something to a stream or a consumer, again as long as the server is reconfiguring it
/// (ADR-62, nats-server 2.15: nothing was done then).
pub(super) async fn retry_while_reconfiguring<T, F>(mut call: impl FnMut() -> F) -> Result<T, Fault>
where
    F: Future<Output = Result<T, Fault>>,
{
    let deadline = Instant::now() + LONGEST;
    let mut waits = RETRY.waits();
    loop {
        match call().await {
            Err(Fault::Api(error))
                if error.code == ApiError::RECONFIGURING && Instant::now() < deadline =>
            {
                tracing::debug!(%error, "it is asked again");
            }
            done => return done,
        }
        sleep(waits.lengthen()).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(code: u32) -> Result<(), Fault> {
        let description = "reconfiguration in progress".to_owned();
        Err(Fault::Api(ApiError { status: 500, code, description }))
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_being_reconfigured_is_asked_again_for_a_while() {
        let mut calls = 0;
        let done = retry_while_reconfiguring(|| {
            calls += 1;
            std::future::ready(if calls < 4 { refused(10_226) } else { Ok(()) })
        });
        done.await.unwrap();
        assert_eq!(calls, 4);

        let begun = Instant::now();
        let never =
            retry_while_reconfiguring(|| std::future::ready(refused(10_226))).await.unwrap_err();
        assert!(matches!(never, Fault::Api(ApiError { code: 10_226, .. })), "{never:?}");
        assert!((LONGEST..LONGEST * 2).contains(&begun.elapsed()));

        let mut calls = 0;
        let other = retry_while_reconfiguring(|| {
            calls += 1;
            std::future::ready(refused(10_052))
        });
        other.await.unwrap_err();
        assert_eq!(calls, 1, "nothing else passes by itself");
    }
}
