//! The NATS transport: the only room that names async-nats.

mod ack;
mod address;
mod admin;
mod api;
mod atomic;
mod config;
mod connect;
mod denial;
mod ephemeral;
mod feed;
mod header;
mod inbox;
mod ingest;
mod ordered;
mod outbox;
mod pull;
mod receipt;
mod replies;
mod secret;
mod send;
mod settle;
mod stored;
mod stream_config;
mod subject;
mod tether;
mod text;
mod ticket;
mod unreadable;
mod waiting;

use std::fmt;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;

use async_nats::{Event, ServerError, Subscriber};
use bytes::Bytes;
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task::yield_now;
use tokio_util::task::AbortOnDropHandle;

pub(crate) use ack::NatsAck;
pub(crate) use address::shown;
pub(crate) use connect::{Auth, ConnectFault, ConnectOptions};
pub(crate) use header::NatsHeaders;
pub(crate) use inbox::NatsInbox;
pub(crate) use ingest::NatsIngest;
pub(crate) use ordered::NatsOrdered;
pub(crate) use pull::NatsPull;
pub(crate) use settle::NatsSettle;

use crate::header::Headers;
use crate::said::log;
use crate::subject::Subject;
use crate::transport::{DeliverFrom, Denial, Fault, Outgoing};
use denial::Denials;
use ephemeral::{Ephemerals, is_of_ephemeral};
use feed::{Feed, Interest};
use outbox::Outbox;
use replies::Replies;
use send::Letter;
use subject::{Moved, subject_of};
use tether::Tether;
use waiting::Waiting;

/// A connection to NATS; clones share it.
#[derive(Clone)]
pub(crate) struct Nats {
    shared: Arc<Shared>,
}

struct Shared {
    client: async_nats::Client,
    inbox_prefix: String,
    /// Answers of other programs.
    replies: Replies,
    /// Answers of the server itself, in an inbox that whoever is asked something does not know.
    answers: Replies,
    /// Questions that are asked together, on their way to the client.
    outbox: Arc<Outbox<Letter>>,
    _emptied: AbortOnDropHandle<()>,
    closed: AtomicBool,
    denials: Arc<Denials>,
    /// Consumers that end with their readers.
    ephemerals: Ephemerals,
    /// Which streams take messages one by one only.
    ingest: ingest::Refusals,
    /// How many messages a core subscription holds that says nothing else.
    capacity: usize,
    tether: Arc<Tether>,
    /// Where the client's own task runs, which all this is nothing without.
    runtime: Handle,
    /// Which runtime that is, and whether it has threads of its own.
    home: tokio::runtime::Id,
    has_threads: bool,
}

impl Drop for Shared {
    /// Nobody has it any more: it shall not come back for nobody.
    fn drop(&mut self) {
        self.tether.end();
    }
}

impl fmt::Debug for Nats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let client = &self.shared.client;
        f.debug_struct("Nats").field("state", &client.connection_state()).finish_non_exhaustive()
    }
}

impl Shared {
    /// A subject that nobody else has or can guess. (The client's own are one behind the other.)
    fn new_inbox(&self) -> Subject {
        Subject::from(format!("{}.{}", self.inbox_prefix, secret::token()))
    }
}

impl Nats {
    pub(crate) async fn connect(options: ConnectOptions) -> Result<Self, ConnectFault> {
        let prefix = options.inbox_prefix.clone().unwrap_or_else(|| "_INBOX".to_owned());
        let capacity = options.subscription_capacity;
        let denials = Arc::new(Denials::new(&prefix));
        let waiting = [(); 2].map(|()| Arc::new(Waiting::new(&prefix)));
        let tether = Arc::new(Tether::new());
        let hear = {
            let (denials, waiting) = (Arc::clone(&denials), waiting.clone());
            move |event: &Event| hear(event, &denials, &waiting)
        };
        let client = connect::connect(options, &tether, hear).await?;
        let runtime = Handle::current();
        let outbox = Arc::new(Outbox::new());
        let (emptied, to) = (Arc::clone(&outbox), client.clone());
        // A client that takes nothing is closed: then nobody waits for an answer.
        let emptied = async move { emptied.empty(|letter: Letter| letter.give(&to)).await };
        let emptied = AbortOnDropHandle::new(runtime.spawn(emptied));
        let [replies, answers] = waiting
            .map(|waiting| Replies::new(client.clone(), waiting, &runtime, &tether, &outbox));
        Ok(Self {
            shared: Arc::new(Shared {
                client,
                inbox_prefix: prefix,
                replies,
                answers,
                outbox,
                _emptied: emptied,
                closed: AtomicBool::new(false),
                denials,
                ephemerals: Ephemerals::default(),
                ingest: ingest::Refusals::default(),
                capacity,
                tether,
                home: runtime.id(),
                has_threads: runtime.runtime_flavor() == RuntimeFlavor::MultiThread,
                runtime,
            }),
        })
    }

    fn is_closed(&self) -> bool {
        self.shared.closed.load(Ordering::Relaxed)
    }

    fn client(&self) -> &async_nats::Client {
        &self.shared.client
    }

    pub(crate) fn new_inbox(&self) -> Subject {
        self.shared.new_inbox()
    }

    pub(crate) async fn subscribe(
        &self,
        filter: Subject,
        group: Option<&str>,
        capacity: Option<usize>,
        only: Vec<Subject>,
    ) -> Result<NatsInbox, Fault> {
        if self.shared.closed.load(Ordering::Relaxed) {
            return Err(Fault::Closed);
        }
        let interest = Interest { filter, group: group.map(str::to_owned), only };
        let denied_before = self.shared.denials.last();
        let subscriber = self.listen(&interest).await?;
        let capacity = capacity.unwrap_or(self.shared.capacity);
        let feed = Feed::new(interest, subscriber, capacity, denied_before);
        Ok(NatsInbox::new(self.clone(), feed))
    }

    async fn listen(&self, interest: &Interest) -> Result<Subscriber, Fault> {
        let filter = subject_of(interest.filter.clone());
        let listening = self.in_time(async {
            let subscriber = match interest.group.clone() {
                None => self.client().subscribe(filter).await,
                Some(group) => self.client().queue_subscribe(filter, group).await,
            };
            // Subjects are looked at elsewhere: only a client that is gone takes none.
            subscriber.map_err(|_| self.gone())
        });
        listening.await
    }

    pub(crate) async fn pull(
        &self,
        stream: &str,
        consumer: &str,
        prefetch: usize,
    ) -> Result<NatsPull, Fault> {
        NatsPull::open(self, stream, consumer, prefetch).await
    }

    pub(crate) async fn replay(
        &self,
        stream: &str,
        filters: Vec<Subject>,
        from: DeliverFrom,
        prefetch: usize,
    ) -> Result<NatsOrdered, Fault> {
        NatsOrdered::open(self, stream, filters, from, prefetch).await
    }

    pub(crate) fn max_payload(&self) -> usize {
        self.client().max_payload()
    }

    /// A request that nobody answers: the server says so only after it has seen all that was sent
    /// before on this connection. (`flush` empties the socket's buffer, no more.)
    pub(crate) async fn barrier(&self, within: Duration) -> Result<(), Fault> {
        let nobody =
            Outgoing { subject: self.new_inbox(), headers: Headers::new(), payload: Bytes::new() };
        let subject = nobody.subject.clone();
        match self.ask_server(nobody, within).await {
            Ok(_) | Err(Fault::NoResponders) => {}
            // That it may not be asked is an answer, too.
            Err(Fault::Denied(denial)) if denial.subject == subject.as_str() => {}
            Err(fault) => return Err(fault),
        }
        // What was denied before is told through another task, which was woken first: it runs before
        // one that is begun now and lets the others go first.
        let heard = tokio::spawn(async {
            for _ in 0..HEARD {
                yield_now().await;
            }
        });
        // It can't panic, and ends early only with the runtime.
        let _ = heard.await;
        Ok(())
    }

    /// The same, and what was denied before is known. Nothing orders the task that hears of it and
    /// the one that hears answers, when threads are few and busy: a second round trip gives it time.
    pub(crate) async fn allowed(&self, within: Duration) -> Result<(), Fault> {
        self.barrier(within).await?;
        self.barrier(within).await
    }

    /// A publish that was denied after its call had returned, once.
    pub(crate) fn denied(&self) -> Option<Denial> {
        self.shared.denials.take_untold()
    }

    /// Bounds what must find room in the client's channel: while the server is away, that is full
    /// some time, and waits for it to come back.
    async fn in_time<T>(&self, doing: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
        let mut doing = pin!(doing);
        // Mostly there is room: no time is taken, and no timer made.
        if let Poll::Ready(done) = poll_fn(|cx| Poll::Ready(doing.as_mut().poll(cx))).await {
            return done;
        }
        tokio::time::timeout(TAKEN, doing).await.map_err(|_| self.too_late())?
    }

    /// Resolves once nothing is on its way any more that the server has sent before it saw what was
    /// sent to it so far; also where the connection is lost, since nothing comes on that any more.
    async fn seen(&self) {
        let seen = async {
            // What was asked of a connection that is lost since is asked again of the next.
            while let Err(Fault::Timeout) = self.barrier(TAKEN).await {}
        };
        tokio::select! {
            () = seen => {}
            () = self.shared.tether.is_off() => {}
        }
    }
}

/// What concerns others here; says whether there is more to say about it.
fn hear(event: &Event, denials: &Denials, waiting: &[Arc<Waiting>]) -> bool {
    match event {
        Event::Connected => denials.forget(),
        Event::ServerError(ServerError::Other(text)) => {
            let Some(denial) = denials.read(text) else { return true };
            // Who waits for an answer is told; else it is kept, and said once.
            let told = waiting.iter().fold(false, |told, waiting| waiting.deny(&denial) | told);
            let text = denial.to_string();
            if !told && is_of_ephemeral(&denial) {
                log(|| tracing::debug!("a replay's consumer is forgotten after its time: {text}"));
                return false;
            }
            if !told && denials.keep(denial) {
                log(|| tracing::error!("{text}"));
            }
            return false;
        }
        _ => {}
    }
    true
}

/// Reads any bytes as what the server answers or says.
#[cfg(any(test, fuzzing))]
pub(crate) fn read_any(answer: &[u8]) {
    let _ = ack::publish_ack(answer);
    if let Ok(text) = std::str::from_utf8(answer) {
        let _ = receipt::Receipts::of("ORDERS", "shop").read(text);
        let _ = Denials::new("_INBOX").read(text);
        let _ = shown(text);
    }
}

/// How often others may run before what they were woken for is looked at.
const HEARD: usize = 8;

/// How long the client may take to take something from us.
const TAKEN: Duration = Duration::from_secs(5);
