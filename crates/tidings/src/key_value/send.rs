//! Sending a change of a key: once, and again with the same id until the bucket says what became of it.

use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::store::Store;
use crate::confirm::{Resend, Unstored, WINDOW, of_stream};
use crate::subject::Subject;
use crate::transport::{Fault, Outgoing};

/// Sends a change until it is confirmed, and gives its revision.
pub(super) async fn send(store: &Store, outgoing: &Outgoing) -> Result<u64, Unstored> {
    match store.link.transport.bucket_subject(&outgoing.subject) {
        None => send_as(store, outgoing, &outgoing.subject).await,
        Some(subject) => {
            let elsewhere = Outgoing { subject, ..outgoing.clone() };
            Box::pin(send_as(store, &elsewhere, &outgoing.subject)).await
        }
    }
}

/// Sends a change whose key has this subject, whatever the message's own is.
async fn send_as(store: &Store, message: &Outgoing, subject: &Subject) -> Result<u64, Unstored> {
    let (transport, timeouts) = (&store.link.transport, &store.link.timeouts);
    let at = Instant::now();
    let ack_by = at + timeouts.ack;
    let at_once = poll_fn(|cx| Poll::Ready(transport.store_at_once(message, ack_by, cx))).await;
    let ack = match at_once {
        Poll::Ready(sent) => sent.map_err(Unstored::Refused)?,
        Poll::Pending => {
            let by = at + timeouts.publish;
            match Box::pin(timeout_at(by, transport.store(message))).await {
                Ok(sent) => sent.map_err(Unstored::Refused)?,
                Err(_) => return Err(Unstored::Unsent),
            }
        }
    };
    let confirmed = if ack.is_timed() {
        ack.await
    } else {
        let by = Instant::now() + timeouts.ack;
        Box::pin(timeout_at(by, ack)).await.unwrap_or(Err(Fault::Timeout))
    };
    match confirmed.and_then(|ack| of_stream(ack, store.stream())) {
        Ok(ack) => Ok(ack.sequence),
        // Boxed: most are confirmed at once, and their futures are smaller without it.
        Err(fault) => Box::pin(resend(store, message, subject, at, fault)).await,
    }
}

/// Goes on after this came of the first copy.
#[cold]
async fn resend(
    store: &Store,
    message: &Outgoing,
    subject: &Subject,
    at: Instant,
    fault: Fault,
) -> Result<u64, Unstored> {
    if matches!(&fault, Fault::Api(error) if !error.is_passing()) {
        return Err(Unstored::Refused(fault));
    }
    let link = &store.link;
    let deadline = at + link.timeouts.publish;
    let window = window(store, deadline).await;
    let stream = store.stream();
    let resend = Resend { link, stream, message, subject, window, at, deadline };
    Ok(resend.until_confirmed(fault).await?.sequence)
}

/// Time for which the bucket knows an id: that of a bucket with a `ttl` may be short. Where nobody tells, it
/// is taken for the usual one.
async fn window(store: &Store, deadline: Instant) -> Duration {
    let by = deadline.min(Instant::now() + store.link.timeouts.ack / 2);
    let asked = timeout_at(by, store.link.transport.stream(store.stream())).await;
    let config = asked.ok().and_then(Result::ok).flatten();
    config.and_then(|config| config.duplicate_window).unwrap_or(WINDOW)
}
