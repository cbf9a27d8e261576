//! A consumer's messages, taken and acknowledged by a client that looks at nothing else: what a server
//! delivers to one that costs next to nothing.

use std::io::Write as _;

use anyhow::{Context as _, Result, bail};
use uuid::Uuid;

use crate::background::BackgroundThread;
use crate::wire::WireConnection;

/// A connection on which messages can come.
#[derive(Debug)]
pub(crate) struct WireConsumer {
    inbox: String,
    wire: WireConnection,
}

impl WireConsumer {
    /// Makes a connection of its own.
    pub(crate) fn connect(url: &str) -> Result<Self> {
        let inbox = format!("_INBOX.{}", Uuid::now_v7().simple());
        let mut wire = WireConnection::connect(url)?;
        wire.write(format!("SUB {inbox} 1\r\n").as_bytes())?;
        Ok(Self { inbox, wire })
    }

    /// Takes so many messages of a consumer. It ends once the server has read the last ack.
    pub(crate) fn take(
        mut self,
        stream: &str,
        consumer: &str,
        count: usize,
    ) -> Result<BackgroundThread> {
        let next = format!("$JS.API.CONSUMER.MSG.NEXT.{stream}.{consumer}");
        let request = format!(r#"{{"batch":{count},"expires":30000000000}}"#);
        let to = format!("PUB {next} {} {}\r\n{request}\r\n", self.inbox, request.len());
        BackgroundThread::start(move || {
            self.wire.write(to.as_bytes())?;
            self.run(count)
        })
    }

    fn run(mut self, count: usize) -> Result<()> {
        let mut acks = Vec::new();
        for left in (0..count).rev() {
            let line = self.wire.line()?;
            let words: Vec<&str> = line.split_ascii_whitespace().collect();
            let ["HMSG", _, _, reply, _, length] = words[..] else { bail!("{line:?} came") };
            let length = length.parse().context("no length")?;
            write!(acks, "PUB {reply} 4\r\n+ACK\r\n")?;
            self.wire.skip(length)?;
            // What is here is acknowledged together, as a client does it.
            if self.wire.is_read() || left == 0 {
                self.wire.write(&acks)?;
                acks.clear();
            }
        }
        self.wire.flush()
    }
}
