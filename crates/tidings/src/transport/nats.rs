//! The NATS transport: the only room that names async-nats.

mod codec;
mod connection;
mod consumer;
mod jetstream;
mod reply;
mod request;
mod subscription;

use std::fmt;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;

use async_nats::Subscriber;
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::OnceCell;
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;

pub(crate) use codec::header::NatsHeaders;
pub(crate) use connection::address::shown;
pub(crate) use connection::connect::{Auth, ConnectFault, ConnectOptions};
pub(crate) use consumer::ordered::NatsOrdered;
pub(crate) use consumer::pull::NatsPull;
pub(crate) use consumer::settle::NatsSettle;
pub(crate) use jetstream::ingest::NatsIngest;
pub(crate) use request::publish_ack::NatsAck;
pub(crate) use subscription::NatsInbox;

use crate::subject::Subject;
use crate::transport::{DeliverFrom, Denial, Fault};
use connection::connect::Access;
use connection::permission::Denials;
use connection::server_connection::{Ear, Line, Which};
use connection::supervisor::Tether;
use consumer::ephemeral::Ephemerals;
use reply::Replies;
use reply::coalescer::Outbox;
use reply::pending_replies::Waiting;
use reply::secret;
use request::Letter;
use subscription::subscription_buffer::{Feed, Interest};

/// A bus's connections to NATS: one, and another for core subscriptions once there is one. Clones
/// share them.
#[derive(Clone)]
pub(crate) struct Nats {
    shared: Arc<Shared>,
}

struct Shared {
    /// What publishes, asks and reads consumers.
    main: Line,
    /// What core subscriptions listen on, made with the first of them.
    listening: OnceCell<Line>,
    /// What either is made with.
    access: Access,
    inbox_prefix: String,
    /// Answers of other programs.
    replies: Replies,
    /// Questions that are asked together, on their way to the client.
    outbox: Arc<Outbox<Letter>>,
    _emptied: AbortOnDropHandle<()>,
    closed: AtomicBool,
    /// Consumers that end with their readers.
    ephemerals: Ephemerals,
    /// Which streams take messages one by one only.
    ingest: jetstream::ingest::Refusals,
    /// How many messages a core subscription holds that says nothing else.
    capacity: usize,
    /// Where the client's own task runs, which all this is nothing without.
    runtime: Handle,
    /// Which runtime that is, and whether it has threads of its own.
    home: tokio::runtime::Id,
    has_threads: bool,
}

impl fmt::Debug for Nats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let client = &self.shared.main.client;
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
        let access = Access::read(options)?;
        let denials = Arc::new(Denials::new(&prefix));
        let waiting = [(); 2].map(|()| Arc::new(Waiting::new(&prefix)));
        let tether = Arc::new(Tether::main());
        let ear = Ear { denials: Arc::clone(&denials), waiting: waiting.to_vec() };
        let client =
            connection::connect::connect(access.clone(), &tether, Which::Main, ear).await?;
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
                main: Line { client, answers, denials, tether },
                listening: OnceCell::new(),
                access,
                inbox_prefix: prefix,
                replies,
                outbox,
                _emptied: emptied,
                closed: AtomicBool::new(false),
                ephemerals: Ephemerals::default(),
                ingest: jetstream::ingest::Refusals::default(),
                capacity,
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
        &self.shared.main.client
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
        let which = self.which(&filter);
        let line = self.open(which).await?;
        let interest = Interest { filter, group: group.map(str::to_owned), only };
        let (denied_before, made) = (line.denials.last(), line.tether.times_made());
        let subscriber = self.listen(which, &interest).await?;
        let capacity = capacity.unwrap_or(self.shared.capacity);
        let feed = Feed::new(interest, subscriber, capacity, (denied_before, made));
        Ok(NatsInbox::new(self.clone(), which, feed))
    }

    async fn listen(&self, which: Which, interest: &Interest) -> Result<Subscriber, Fault> {
        let line = self.line(which);
        self.in_time(line.listen(interest)).await.map_err(|fault| self.told(fault))
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

    /// Resolves once the server has seen all that was sent here before, and what it sent to core
    /// subscriptions by then is here. The latter only as long as there is a connection for them.
    pub(crate) async fn barrier(&self, within: Duration) -> Result<(), Fault> {
        let begun = Instant::now();
        self.main_barrier(within).await?;
        if let Some(listening) = self.shared.listening.get() {
            tokio::select! {
                _ = listening.barrier(self.new_inbox(), within.saturating_sub(begun.elapsed())) => {}
                () = listening.tether.is_off() => {}
            }
        }
        Ok(())
    }

    async fn main_barrier(&self, within: Duration) -> Result<(), Fault> {
        self.barrier_of(Which::Main, within).await
    }

    async fn barrier_of(&self, which: Which, within: Duration) -> Result<(), Fault> {
        if self.is_closed() {
            return Err(Fault::Closed);
        }
        let line = self.line(which);
        if which == Which::Main {
            let late = |_| line.too_late();
            tokio::time::timeout(within, self.shared.outbox.closed()).await.map_err(late)?;
        }
        let seen = line.barrier(self.new_inbox(), within).await;
        seen.map_err(|fault| self.told(fault))
    }

    /// Resolves once the server knows of all core subscriptions so far, and what it denies of them is
    /// known here.
    pub(crate) async fn allowed(&self, within: Duration) -> Result<(), Fault> {
        let is_listening = self.shared.listening.initialized();
        let which = if is_listening { Which::Listening } else { Which::Main };
        self.allowed_on(which, within).await
    }

    /// A barrier after which it is known what was denied before. Nothing orders the task that hears
    /// of it and the one that hears answers, when threads are few and busy: a second round trip gives
    /// it time.
    async fn allowed_on(&self, which: Which, within: Duration) -> Result<(), Fault> {
        self.barrier_of(which, within).await?;
        self.barrier_of(which, within).await
    }

    /// A publish that was denied after its call had returned, once.
    pub(crate) fn denied(&self) -> Option<Denial> {
        self.shared.main.denials.take_untold()
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
}

/// Reads any bytes as what the server answers or says.
#[cfg(any(test, fuzzing))]
pub(crate) fn read_any(answer: &[u8]) {
    let _ = request::publish_ack::publish_ack(answer);
    if let Ok(text) = std::str::from_utf8(answer) {
        let _ = consumer::receipt::Receipts::of("ORDERS", "shop").read(text);
        let _ = Denials::new("_INBOX").read(text);
        let _ = shown(text);
    }
}

/// How long the client may take to take something from us.
const TAKEN: Duration = Duration::from_secs(5);
