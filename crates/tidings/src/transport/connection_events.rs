//! The flow of a bus's connection events.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_util::Stream;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::ReusableBoxFuture;

use crate::transport::connection_event::{ConnectionEvent, ConnectionEventKind, ConnectionRole};

/// Events of a bus's connections, as they happen; made by `Bus::events`. A [`Stream`], too.
///
/// At most 256 events wait here; who is slower gets a [`ConnectionEventKind::Missed`] with how many
/// were left out, and then the later ones. It holds no connection open.
#[derive(Debug)]
#[must_use = "nothing is told before it is asked"]
pub struct ConnectionEvents {
    first: Option<ConnectionEvent>,
    heard:
        ReusableBoxFuture<'static, (Result<ConnectionEvent, RecvError>, Receiver<ConnectionEvent>)>,
    ended: bool,
}

impl ConnectionEvents {
    /// Tells first how it is, and then what this hears.
    pub(crate) fn new(first: ConnectionEvent, receiver: Receiver<ConnectionEvent>) -> Self {
        let heard = ReusableBoxFuture::new(receive(receiver));
        Self { first: Some(first), heard, ended: false }
    }

    /// The next event; `None` after [`ConnectionEventKind::Closed`].
    ///
    /// # Cancel safety
    /// Nothing is lost if the future is dropped.
    pub async fn next(&mut self) -> Option<ConnectionEvent> {
        poll_fn(|cx| self.poll(cx)).await
    }

    /// The next event, as [`next`](Self::next).
    ///
    /// # Cancel safety
    /// Nothing is lost if the future is dropped.
    #[deprecated(note = "use `ConnectionEvents::next`")]
    pub async fn recv(&mut self) -> Option<ConnectionEvent> {
        self.next().await
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<ConnectionEvent>> {
        if self.ended {
            return Poll::Ready(None);
        }
        let bus = |kind| ConnectionEvent::new(kind, ConnectionRole::Main, None);
        let event = if let Some(first) = self.first.take() {
            first
        } else {
            let (heard, receiver) = ready!(self.heard.poll(cx));
            self.heard.set(receive(receiver));
            match heard {
                Ok(event) => event,
                Err(RecvError::Lagged(missed)) => bus(ConnectionEventKind::Missed(missed)),
                // The last handle of the bus is gone.
                Err(RecvError::Closed) => bus(ConnectionEventKind::Closed),
            }
        };
        self.ended = event.kind == ConnectionEventKind::Closed;
        Poll::Ready(Some(event))
    }
}

impl Stream for ConnectionEvents {
    type Item = ConnectionEvent;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<ConnectionEvent>> {
        self.poll(cx)
    }
}

async fn receive(
    mut receiver: Receiver<ConnectionEvent>,
) -> (Result<ConnectionEvent, RecvError>, Receiver<ConnectionEvent>) {
    let heard = receiver.recv().await;
    (heard, receiver)
}
