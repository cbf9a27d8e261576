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

    /// Takes so many messages that a consumer without acks pushes, from the first on or the last of each subject.
    #[cfg(feature = "optional")]
    pub(crate) fn pushed(
        mut self,
        stream: &str,
        filter: &str,
        from: &str,
        count: usize,
    ) -> Result<BackgroundThread> {
        let (inbox, answer) = (self.inbox.clone(), format!("{}.made", self.inbox));
        self.wire.write(format!("SUB {answer} 2\r\n").as_bytes())?;
        let create = format!(
            r#"{{"stream_name":"{stream}","action":"create","config":{{"deliver_subject":"{inbox}","filter_subject":"{filter}","deliver_policy":"{from}","ack_policy":"none","max_deliver":1,"flow_control":true,"idle_heartbeat":5000000000,"mem_storage":true,"num_replicas":1}}}}"#
        );
        let to = format!(
            "PUB $JS.API.CONSUMER.CREATE.{stream} {answer} {}\r\n{create}\r\n",
            create.len()
        );
        BackgroundThread::start(move || {
            self.wire.write(to.as_bytes())?;
            let mut left = count;
            while left > 0 {
                let line = self.wire.line()?;
                let words: Vec<&str> = line.split_ascii_whitespace().collect();
                let ["HMSG" | "MSG", subject, _, .., length] = words[..] else {
                    bail!("{line:?} came")
                };
                let length = length.parse().context("no length")?;
                // Flow control is asked on the inbox itself, and a message has its own subject.
                let asked = (subject == inbox && words.len() == 6).then(|| words[3].to_owned());
                left -= usize::from(subject != inbox && subject != answer);
                self.wire.skip(length)?;
                if let Some(asked) = asked {
                    self.wire.write(format!("PUB {asked} 0\r\n\r\n").as_bytes())?;
                }
            }
            Ok(())
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
