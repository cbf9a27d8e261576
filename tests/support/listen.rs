//! Subscriptions of a plain client that the server knows of.

use async_nats::{Client, Subscriber};

use crate::unique;

/// A subscription of `client` that hears all that anybody sends from now on.
///
/// `Client::subscribe` queues it, and `Client::flush` hands it to the socket: what another
/// connection sends right then can reach the server before it.
pub async fn listen(client: &Client, subject: impl Into<String> + Send) -> Subscriber {
    let subject = subject.into();
    let heard = client.subscribe(subject.clone()).await;
    let heard = heard.unwrap_or_else(|error| panic!("can't listen to {subject}: {error}"));
    round_trip(client).await;
    heard
}

/// Waits until the server has read all that `client` has sent.
pub async fn round_trip(client: &Client) {
    // The server answers in order, and nobody else does.
    let answer = client.request(unique("nobody"), "".into()).await;
    match answer.map_err(|error| error.kind()) {
        Err(async_nats::RequestErrorKind::NoResponders) => {}
        other => panic!("the server doesn't say that nobody listens: {other:?}"),
    }
}
