//! Messages as bytes that are ready, with an ack for each, and only so many on the way: what a server
//! stores for a client that awaits its acks and costs next to nothing.

use anyhow::{Result, ensure};
use serde::Serialize;
use uuid::Uuid;

use crate::background::BackgroundThread;
use crate::wire::WireConnection;
use crate::wire_publisher::with_id;

/// Messages of a stream in the client protocol of NATS, each with an id and a subject for its ack.
#[derive(Debug)]
pub(crate) struct WindowedPublisher {
    inbox: String,
    bytes: Vec<u8>,
    /// Ends of the messages in the bytes.
    ends: Vec<usize>,
}

impl WindowedPublisher {
    /// `HPUB` for each message.
    pub(crate) fn with_id<M: Serialize>(subject: &str, messages: &[M]) -> Result<Self> {
        let inbox = format!("_INBOX.{}", Uuid::now_v7().simple());
        let (mut bytes, mut ends) = (Vec::new(), Vec::with_capacity(messages.len()));
        for (place, message) in messages.iter().enumerate() {
            let payload = serde_json::to_vec(message)?;
            with_id(&mut bytes, &format!("{subject} {inbox}.{place}"), &payload)?;
            bytes.extend_from_slice(&payload);
            bytes.extend_from_slice(b"\r\n");
            ends.push(bytes.len());
        }
        Ok(Self { inbox, bytes, ends })
    }

    /// Makes a connection of its own, on which acks can come.
    pub(crate) fn connect(self, url: &str) -> Result<Ready> {
        let mut wire = WireConnection::connect(url)?;
        wire.write(format!("SUB {}.* 1\r\n", self.inbox).as_bytes())?;
        Ok(Ready { window: self, wire })
    }

    /// The bytes of the messages between these places.
    fn messages(&self, first: usize, next: usize) -> &[u8] {
        let begin = |place: usize| if place == 0 { 0 } else { self.ends[place - 1] };
        &self.bytes[begin(first)..begin(next)]
    }
}

/// Messages that can be sent at once.
#[derive(Debug)]
pub(crate) struct Ready {
    window: WindowedPublisher,
    wire: WireConnection,
}

impl Ready {
    /// Sends them, `on_the_way` first and one more for each ack. It ends with the last ack.
    pub(crate) fn send(self, on_the_way: usize) -> Result<BackgroundThread> {
        BackgroundThread::start(move || self.run(on_the_way))
    }

    fn run(mut self, on_the_way: usize) -> Result<()> {
        let all = self.window.ends.len();
        let (mut sent, mut acked) = (0, 0);
        while acked < all {
            let next = all.min(acked + on_the_way);
            self.wire.write(self.window.messages(sent, next))?;
            sent = next;
            self.ack()?;
            acked += 1;
            // What is here is read before the next are sent, as a client does it.
            while !self.wire.is_read() {
                self.ack()?;
                acked += 1;
            }
        }
        Ok(())
    }

    /// Reads one ack.
    fn ack(&mut self) -> Result<()> {
        let line = self.wire.line()?;
        ensure!(line.starts_with("MSG "), "the server says {line:?}");
        let line = self.wire.line()?;
        let is_new = line.starts_with("{\"stream\":") && !line.contains("duplicate");
        ensure!(is_new, "the stream says {line:?}");
        Ok(())
    }
}
