//! Payloads that a subscription reads from objects, one after the other: its order stays.

use std::task::{Context, Poll, ready};

use bytes::Bytes;
use tokio_util::sync::ReusableBoxFuture;

use crate::claim_check;
use crate::envelope::LargeEventError;
use crate::link::Link;
use crate::message::Declaration;
use crate::traces::SettlingByHand;
use crate::transport::Incoming;

/// A message whose payload is an object.
pub(super) struct LargeMessage {
    pub(super) incoming: Incoming,
    /// Maker of the span of its settlement.
    pub(super) settling: SettlingByHand,
    /// The payload, as it was read.
    pub(super) read: Result<Bytes, LargeEventError>,
}

/// Reader of payloads that are objects.
pub(super) struct LargeReader {
    link: Link,
    declarations: &'static [&'static Declaration],
    reading: Option<ReusableBoxFuture<'static, LargeMessage>>,
}

impl LargeReader {
    pub(super) fn new(link: &Link, declarations: &'static [&'static Declaration]) -> Self {
        Self { link: link.clone(), declarations, reading: None }
    }

    /// Begins to read the payload of a message.
    pub(super) fn read(&mut self, incoming: Incoming, settling: SettlingByHand) {
        let (link, declarations) = (self.link.clone(), self.declarations);
        self.reading = Some(ReusableBoxFuture::new(async move {
            let read = claim_check::declared(&link, declarations, &incoming.headers).await;
            LargeMessage { incoming, settling, read }
        }));
    }

    /// The message whose payload was to be read; `None` if there is none.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<LargeMessage>> {
        let Some(reading) = &mut self.reading else { return Poll::Ready(None) };
        let read = ready!(reading.poll(cx));
        self.reading = None;
        Poll::Ready(Some(read))
    }
}
