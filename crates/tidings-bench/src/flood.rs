//! Messages as bytes that are ready to be sent: a publisher that costs next to nothing, so that the
//! receiving side is what is measured.

use std::cell::Cell;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::thread::{self, JoinHandle};

use anyhow::{Context as _, Result, bail, ensure};
use serde::Serialize;
use uuid::Uuid;

use crate::meter::{CHUNK, Credit};

/// Messages in the client protocol of NATS.
#[derive(Debug)]
pub(crate) struct Flood {
    chunks: Vec<Vec<u8>>,
}

impl Flood {
    /// `PUB` for each message.
    pub(crate) fn plain<M: Serialize>(subject: &str, messages: &[M]) -> Result<Self> {
        Self::of(messages, |chunk, payload| write!(chunk, "PUB {subject} {}\r\n", payload.len()))
    }

    /// `HPUB` for each message, with an id of its own.
    pub(crate) fn with_id<M: Serialize>(subject: &str, messages: &[M]) -> Result<Self> {
        Self::of(messages, |chunk, payload| with_id(chunk, subject, payload))
    }

    /// The same as one batch of fast ingest (ADR-50) that stays open; nobody listens to its inbox.
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
        let address = url.strip_prefix("nats://").context("no address of a server")?;
        let mut socket = TcpStream::connect(address)?;
        socket.set_nodelay(true)?;
        let mut lines = BufReader::new(socket.try_clone()?);
        let mut line = String::new();
        lines.read_line(&mut line)?;
        ensure!(line.starts_with("INFO "), "the server says {line:?}");
        socket.write_all(
            b"CONNECT {\"verbose\":false,\"pedantic\":false,\"headers\":true,\"name\":\"flood\"}\r\n",
        )?;
        Ok(Connected { flood: self, socket, lines })
    }
}

/// What goes before a payload; `to` is the subject, and a reply subject if there is one.
fn with_id(chunk: &mut Vec<u8>, to: &str, payload: &[u8]) -> std::io::Result<()> {
    let headers = format!("NATS/1.0\r\nNats-Msg-Id: {}\r\n\r\n", Uuid::now_v7().simple());
    let total = headers.len() + payload.len();
    write!(chunk, "HPUB {to} {} {total}\r\n{headers}", headers.len())
}

/// A flood that can be sent at once.
#[derive(Debug)]
pub(crate) struct Connected {
    flood: Flood,
    socket: TcpStream,
    lines: BufReader<TcpStream>,
}

impl Connected {
    /// Sends all of it, on a thread of its own: a chunk for each credit, or all at once without. It
    /// ends once the server has read everything.
    pub(crate) fn send(self, mut credit: Option<Credit>) -> Result<Sending> {
        let Self { flood, mut socket, mut lines } = self;
        let thread = thread::Builder::new().name("flood".to_owned()).spawn(move || {
            for chunk in &flood.chunks {
                if credit.as_mut().is_some_and(|credit| !credit.wait_blocking()) {
                    bail!("nobody receives any more");
                }
                socket.write_all(chunk)?;
            }
            socket.write_all(b"PING\r\n")?;
            let mut line = String::new();
            loop {
                line.clear();
                ensure!(lines.read_line(&mut line)? > 0, "the server has closed the connection");
                match line.trim() {
                    "PONG" => return Ok(()),
                    // It asks once, soon after the connection is made.
                    "PING" => socket.write_all(b"PONG\r\n")?,
                    other => bail!("the server says {other:?}"),
                }
            }
        })?;
        Ok(Sending { thread })
    }
}

/// A flood that is being sent.
#[derive(Debug)]
pub(crate) struct Sending {
    thread: JoinHandle<Result<()>>,
}

impl Sending {
    /// Waits until the server has read everything.
    pub(crate) async fn sent(self) -> Result<()> {
        match tokio::task::spawn_blocking(|| self.thread.join()).await? {
            Ok(sent) => sent.context("the flood did not reach the server"),
            Err(_) => bail!("the flood's thread has panicked"),
        }
    }
}
