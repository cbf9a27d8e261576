//! A request on its way to the client.

use async_nats::client::PublishError;
use async_nats::{Client, HeaderMap};
use bytes::Bytes;
use futures_util::future::Either;

use crate::transport::nats::codec::subject::Moved;

/// A question that is ready to be given to the client.
#[derive(Debug)]
pub(crate) struct QueuedRequest {
    pub(crate) subject: async_nats::Subject,
    pub(crate) reply: async_nats::Subject,
    pub(crate) headers: Option<HeaderMap>,
    pub(crate) payload: Bytes,
}

impl QueuedRequest {
    pub(crate) fn give(
        self,
        client: &Client,
    ) -> impl Future<Output = Result<(), PublishError>> + Send {
        let Self { subject, reply, headers, payload } = self;
        let (subject, reply) = (Moved::from(subject), Moved::from(reply));
        match headers {
            Some(headers) => Either::Left(
                client.publish_with_reply_and_headers(subject, reply, headers, payload),
            ),
            None => Either::Right(client.publish_with_reply(subject, reply, payload)),
        }
    }
}
