//! Messages as bytes that are ready to be sent: a publisher that costs next to nothing, so that the
//! receiving side is what is measured.

use std::cell::Cell;
use std::io::Write as _;

use anyhow::{Result, bail};
use serde::Serialize;
use uuid::Uuid;

use crate::background::BackgroundThread;
use crate::meter::{CHUNK, Credit};
use crate::wire::WireConnection;

/// Messages in the client protocol of NATS.
#[derive(Debug)]
pub(crate) struct WirePublisher {
    chunks: Vec<Vec<u8>>,
}

impl WirePublisher {
    /// `PUB` for each message.
    pub(crate) fn plain<M: Serialize>(subject: &str, messages: &[M]) -> Result<Self> {
        Self::of(messages, |chunk, payload| write!(chunk, "PUB {subject} {}\r\n", payload.len()))
    }

    /// `HPUB` for each message, with an id of its own.
    pub(crate) fn with_id<M: Serialize>(subject: &str, messages: &[M]) -> Result<Self> {
        Self::of(messages, |chunk, payload| with_id(chunk, subject, payload))
    }

    /// `HPUB` for each message as one batch of fast ingest (ADR-50) that stays open; nobody listens
    /// to its inbox.
    pub(crate) fn ingest<M: Serialize>(subject: &str, messages: &[M]) -> Result<Self> {
        let (inbox, sent) = (format!("_INBOX.{}", Uuid::now_v7().simple()), Cell::new(0));
        Self::of(messages, |chunk, payload| {
            let place = sent.get() + 1;
            sent.set(place);
            let operation = u8::from(place > 1);
            let to = format!("{subject} {inbox}.500.fail.{place}.{operation}.$FI");
            with_id(chunk, &to, payload)
        })
    }

    fn of<M: Serialize>(
        messages: &[M],
        begin: impl Fn(&mut Vec<u8>, &[u8]) -> std::io::Result<()>,
    ) -> Result<Self> {
        let mut chunks = Vec::with_capacity(messages.len() / CHUNK + 1);
        for messages in messages.chunks(CHUNK) {
            let mut chunk = Vec::new();
            for message in messages {
                let payload = serde_json::to_vec(message)?;
                begin(&mut chunk, &payload)?;
                chunk.extend_from_slice(&payload);
                chunk.extend_from_slice(b"\r\n");
            }
            chunks.push(chunk);
        }
        Ok(Self { chunks })
    }

    /// Makes a connection of its own.
    pub(crate) fn connect(self, url: &str) -> Result<Connected> {
        Ok(Connected { publisher: self, wire: WireConnection::connect(url)? })
    }
}

/// Writes what goes before a payload; `to` is the subject, and a reply subject if there is one.
pub(crate) fn with_id(chunk: &mut Vec<u8>, to: &str, payload: &[u8]) -> std::io::Result<()> {
    let headers = format!("NATS/1.0\r\nNats-Msg-Id: {}\r\n\r\n", Uuid::now_v7().simple());
    let total = headers.len() + payload.len();
    write!(chunk, "HPUB {to} {} {total}\r\n{headers}", headers.len())
}

/// Messages that can be sent at once, on their connection.
#[derive(Debug)]
pub(crate) struct Connected {
    publisher: WirePublisher,
    wire: WireConnection,
}

impl Connected {
    /// Sends all of it, on a thread of its own: a chunk for each credit, or all at once without. It
    /// ends once the server has read everything.
    pub(crate) fn send(self, mut credit: Option<Credit>) -> Result<BackgroundThread> {
        let Self { publisher, mut wire } = self;
        BackgroundThread::start(move || {
            for chunk in &publisher.chunks {
                if credit.as_mut().is_some_and(|credit| !credit.wait_blocking()) {
                    bail!("nobody receives any more");
                }
                wire.write(chunk)?;
            }
            wire.flush()
        })
    }
}
