//! Part of a nats-server that a bus asks for, in a thread of this process.
//!
//! A real one decides by itself when what arrives. This one sends only when it is told to, and all
//! at once, so that each run has the same to do.

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};
use tokio::sync::Notify;

/// The time that everything is said to have been stored.
const STORED_AT: &str = "1700000000000000000";
/// Time of storage as JSON has it: [`STORED_AT`] in RFC 3339.
const CREATED: &str = "2023-11-14T22:13:20Z";

/// A server, for one client.
#[derive(Debug, Clone)]
pub(crate) struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    /// Something was subscribed to, or asked for.
    changed: Notify,
    /// `true` while nothing is read.
    held: Mutex<bool>,
    released: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// Subject of each subscription, by the connection that it came on and its number there.
    interests: HashMap<(usize, u64), String>,
    connections: Vec<TcpStream>,
    /// Streams and consumers as they were created, by the subject that asks for them.
    created: HashMap<String, Value>,
    /// Number of messages that may still be delivered, by the inbox that pulled messages go to.
    pulled: HashMap<String, usize>,
    sequence: u64,
}

/// A message to be delivered many times.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Delivery<'a> {
    pub(crate) subject: &'a str,
    /// `Nats-Msg-Id`, where a stream keeps it.
    pub(crate) id: Option<&'a str>,
    pub(crate) payload: &'a [u8],
}

/// A pull consumer, or a subject that is listened on.
#[derive(Debug, Clone, Copy)]
pub(crate) enum To {
    Pull,
    Subject,
    /// A subject, as if it were the inbox of a pull.
    Inbox(&'static str),
}

impl Server {
    /// Listens on a free port of loopback.
    pub(crate) fn start() -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let server = Self { address: listener.local_addr()?, shared: Arc::default() };
        let shared = Arc::clone(&server.shared);
        std::thread::spawn(move || {
            for (number, connection) in listener.incoming().enumerate() {
                let shared = Arc::clone(&shared);
                // A client that goes is no matter here.
                std::thread::spawn(move || connection.and_then(|c| shared.serve(number, &c)));
            }
        });
        Ok(server)
    }

    pub(crate) fn url(&self) -> String {
        format!("nats://{}", self.address)
    }

    /// Reads nothing until what is given back is dropped: what runs meanwhile runs alone.
    pub(crate) fn hold(&self) -> Held<'_> {
        self.shared.set_held(true);
        Held(&self.shared)
    }

    /// Writes the message so many times, once it was asked for. All of it is with the client when
    /// this returns.
    pub(crate) async fn deliver(
        &self,
        to: To,
        count: usize,
        message: Delivery<'_>,
    ) -> io::Result<()> {
        loop {
            let changed = self.shared.changed.notified();
            if let Some(target) = self.shared.target(to, count, message.subject) {
                return self.shared.write(to, target, count, message);
            }
            changed.await;
        }
    }
}

/// A server that reads nothing.
#[derive(Debug)]
pub(crate) struct Held<'a>(&'a Shared);

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.set_held(false);
        self.0.released.notify_all();
    }
}

impl Shared {
    fn set_held(&self, held: bool) {
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = held;
    }

    /// Waits until it may read.
    fn await_release(&self) {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let released = self.released.wait_while(held, |held| *held);
        drop(released.unwrap_or_else(PoisonError::into_inner));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The subscription that the messages go to, if it wants as many.
    fn target(&self, to: To, count: usize, subject: &str) -> Option<(usize, u64)> {
        let mut state = self.state();
        let listened = match to {
            To::Subject => subject.to_owned(),
            To::Inbox(inbox) => inbox.to_owned(),
            To::Pull => {
                let (inbox, left) = state.pulled.iter_mut().find(|(_, left)| **left >= count)?;
                *left -= count;
                inbox.clone()
            }
        };
        state.interests.iter().find(|(_, interest)| **interest == listened).map(|(key, _)| *key)
    }

    fn write(
        &self,
        to: To,
        (connection, sid): (usize, u64),
        count: usize,
        Delivery { subject, id, payload }: Delivery<'_>,
    ) -> io::Result<()> {
        let mut state = self.state();
        let mut text = Vec::new();
        for left in (0..count).rev() {
            state.sequence += 1;
            let sequence = state.sequence;
            let reply = match to {
                To::Subject => String::new(),
                // Of the same length each time: what is longer takes longer to read.
                _ => format!(
                    "$JS.ACK.SALES.count.1.{}.{}.{STORED_AT}.{} ",
                    1_000_000 + sequence,
                    1_000_000 + sequence,
                    1_000 + left
                ),
            };
            match id {
                Some(id) => {
                    let headers = format!("NATS/1.0\r\nNats-Msg-Id: {id}\r\n\r\n");
                    let (length, all) = (headers.len(), headers.len() + payload.len());
                    write!(text, "HMSG {subject} {sid} {reply}{length} {all}\r\n{headers}")?;
                }
                None => write!(text, "MSG {subject} {sid} {reply}{}\r\n", payload.len())?,
            }
            text.extend_from_slice(payload);
            text.extend_from_slice(b"\r\n");
        }
        (&state.connections[connection]).write_all(&text)
    }

    /// Reads what a client says, until it goes.
    fn serve(&self, number: usize, stream: &TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        self.state().connections.push(stream.try_clone()?);
        let info = json!({
            "server_id": "count", "server_name": "count", "version": "2.15.0", "go": "", "host": "",
            "port": 0, "proto": 1, "headers": true, "max_payload": 1_048_576, "jetstream": true,
            "client_id": 1, "client_ip": "127.0.0.1",
        });
        (&*stream).write_all(format!("INFO {info}\r\n").as_bytes())?;
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        loop {
            line.clear();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
            self.await_release();
            let words: Vec<&str> = line.split_whitespace().collect();
            match words.as_slice() {
                ["PING"] => (&*stream).write_all(b"PONG\r\n")?,
                ["SUB", subject, .., sid] => {
                    let key = (number, number_of(sid)?);
                    self.state().interests.insert(key, (*subject).to_owned());
                    self.changed.notify_waiters();
                }
                ["PUB" | "HPUB", subject, rest @ ..] => {
                    let length = rest.last().copied().unwrap_or_default();
                    let mut payload = vec![0; usize::try_from(number_of(length)?).unwrap_or(0) + 2];
                    reader.read_exact(&mut payload)?;
                    payload.truncate(payload.len() - 2);
                    let reply = if words[0] == "PUB" { &rest[..rest.len() - 1] } else { &[] };
                    if let [reply] = reply {
                        self.answer(stream, subject, reply, &payload)?;
                    }
                }
                _ => {}
            }
        }
    }

    fn answer(
        &self,
        mut stream: &TcpStream,
        subject: &str,
        reply: &str,
        payload: &[u8],
    ) -> io::Result<()> {
        let api = subject.strip_prefix("$JS.API.").unwrap_or_default();
        let mut state = self.state();
        let answer = if api.starts_with("CONSUMER.MSG.NEXT.") {
            let asked: Value = serde_json::from_slice(payload).unwrap_or_default();
            let asked = asked["batch"].as_u64().and_then(|batch| usize::try_from(batch).ok());
            *state.pulled.entry(reply.to_owned()).or_default() += asked.unwrap_or(1);
            self.changed.notify_waiters();
            return Ok(());
        } else if let Some((kind, name)) = api.split_once(".CREATE.") {
            let asked: Value = serde_json::from_slice(payload).unwrap_or_default();
            let (name, config) = if kind == "STREAM" {
                (name.to_owned(), asked)
            } else {
                // The filter may stand behind the name.
                let name: Vec<&str> = name.splitn(3, '.').take(2).collect();
                (name.join("."), asked["config"].clone())
            };
            let info = info(kind, &config);
            state.created.insert(format!("{kind}.INFO.{name}"), info.clone());
            info.to_string()
        } else if let Some(info) = state.created.get(api) {
            info.to_string()
        } else if api.contains(".INFO.") {
            let code = if api.starts_with("STREAM") { 10059 } else { 10014 };
            json!({"error": {"code": 404, "err_code": code, "description": "not found"}})
                .to_string()
        } else {
            String::new()
        };
        // The reply goes to whoever listens on this inbox, or on all of its client's.
        let Some((_, sid)) = state.interests.iter().find_map(|(key, interest)| {
            let is_it = match interest.strip_suffix('*') {
                Some(prefix) => reply.starts_with(prefix),
                None => interest == reply,
            };
            is_it.then_some(*key)
        }) else {
            return Ok(());
        };
        if answer.is_empty() {
            // Nobody answers: that is an answer, too.
            write!(stream, "HMSG {reply} {sid} 16 16\r\nNATS/1.0 503\r\n\r\n\r\n")
        } else {
            write!(stream, "MSG {reply} {sid} {}\r\n{answer}\r\n", answer.len())
        }
    }
}

fn info(kind: &str, config: &Value) -> Value {
    match kind {
        "STREAM" => json!({
            "config": config, "created": CREATED,
            "state": {
                "messages": 0, "bytes": 0, "first_seq": 0, "last_seq": 0, "consumer_count": 0,
                "first_ts": CREATED, "last_ts": CREATED,
            },
        }),
        _ => json!({
            "config": config, "created": CREATED, "stream_name": "SALES", "name": "count",
            "delivered": {"consumer_seq": 0, "stream_seq": 0},
            "ack_floor": {"consumer_seq": 0, "stream_seq": 0},
            "num_ack_pending": 0, "num_redelivered": 0, "num_waiting": 0, "num_pending": 0,
        }),
    }
}

fn number_of(text: &str) -> io::Result<u64> {
    text.parse().map_err(|_| io::Error::new(io::ErrorKind::InvalidData, text.to_owned()))
}
