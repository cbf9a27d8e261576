//! The transport's handle: one connection to a server, another for core subscriptions, and what both share.

use std::fmt;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::OnceCell;
use tokio_util::task::AbortOnDropHandle;

use crate::subject::Subject;
use crate::transport::nats::connection::connect::{self, API, Access, ConnectOptions};
use crate::transport::nats::connection::connect_fault::ConnectFault;
use crate::transport::nats::connection::ephemerals::Ephemerals;
use crate::transport::nats::connection::event_listener::EventListener;
use crate::transport::nats::connection::ingest_refusals::Refusals;
use crate::transport::nats::connection::permission::Denials;
use crate::transport::nats::connection::role::Role;
use crate::transport::nats::connection::server_connection::ServerConnection;
use crate::transport::nats::connection::supervisor::Supervisor;
use crate::transport::nats::connection::timeout::SEND_TIMEOUT;
use crate::transport::nats::reply::Replies;
use crate::transport::nats::reply::coalescer::Coalescer;
use crate::transport::nats::reply::pending_replies::PendingReplies;
use crate::transport::nats::reply::queued_request::QueuedRequest;
use crate::transport::nats::reply::secret;
use crate::transport::{Denial, Fault};

/// A bus's connections to NATS: one, and another for core subscriptions once there is one. Clones
/// share them.
#[derive(Clone)]
pub(crate) struct Nats {
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    /// Connection that publishes, asks and reads consumers.
    pub(crate) main: ServerConnection,
    /// Connection of the core subscriptions, made with the first of them.
    pub(crate) listening: OnceCell<ServerConnection>,
    /// Addresses and identity, with which either is made.
    pub(crate) access: Access,
    pub(crate) inbox_prefix: String,
    /// Prefix of the subjects of the JetStream API.
    pub(crate) api: Arc<str>,
    /// Answers of other programs.
    pub(crate) replies: Replies,
    /// Questions that are asked together, on their way to the client.
    pub(crate) coalescer: Arc<Coalescer<QueuedRequest>>,
    pub(crate) _emptied: AbortOnDropHandle<()>,
    pub(crate) closed: AtomicBool,
    /// Consumers that end with their readers.
    pub(crate) ephemerals: Ephemerals,
    /// Streams that take messages one by one only.
    pub(crate) ingest: Refusals,
    /// Default number of messages that a core subscription holds.
    pub(crate) capacity: usize,
    /// Runtime of the client's own task, which all this is nothing without.
    pub(crate) runtime: Handle,
    /// The id of that runtime, and whether it has threads of its own.
    pub(crate) home: tokio::runtime::Id,
    pub(crate) has_threads: bool,
}

impl fmt::Debug for Nats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let client = &self.shared.main.client;
        f.debug_struct("Nats").field("state", &client.connection_state()).finish_non_exhaustive()
    }
}

impl Shared {
    /// A subject that nobody else has or can guess. (The client's own are one behind the other.)
    pub(crate) fn new_inbox(&self) -> Subject {
        Subject::from(format!("{}.{}", self.inbox_prefix, secret::token()))
    }
}

impl Shared {
    /// The subject of a call of the JetStream API.
    pub(crate) fn api_subject(&self, call: fmt::Arguments<'_>) -> Subject {
        Subject::from(format!("{}.{call}", self.api))
    }
}

impl Nats {
    /// Behind another prefix, such as that of a domain, changes of a bucket take the same way as questions
    /// (ADR-19).
    pub(crate) fn bucket_subject(&self, subject: &Subject) -> Option<Subject> {
        (*self.shared.api != *API).then(|| self.shared.api_subject(format_args!("{subject}")))
    }

    pub(crate) async fn connect(options: ConnectOptions) -> Result<Self, ConnectFault> {
        let prefix = options.inbox_prefix.clone().unwrap_or_else(|| "_INBOX".to_owned());
        let capacity = options.subscription_capacity;
        let (reconnect, lazily) = (options.reconnect, options.lazily);
        let access = Access::read(options)?;
        let denials = Arc::new(Denials::new(&prefix));
        let pending = [(); 2].map(|()| Arc::new(PendingReplies::new(&prefix)));
        let supervisor = Arc::new(Supervisor::main(reconnect, lazily));
        let api = access.api_prefix();
        let listener = EventListener {
            denials: Arc::clone(&denials),
            pending: pending.to_vec(),
            api: Arc::clone(&api),
        };
        let client = connect::connect(access.clone(), &supervisor, Role::Main, listener).await?;
        supervisor.learn_server(&client).await;
        let runtime = Handle::current();
        let coalescer = Arc::new(Coalescer::new());
        let (emptied, to) = (Arc::clone(&coalescer), client.clone());
        // A client that takes nothing is closed: then nobody waits for an answer.
        let emptied =
            async move { emptied.empty(|question: QueuedRequest| question.give(&to)).await };
        let emptied = AbortOnDropHandle::new(runtime.spawn(emptied));
        let [replies, answers] = pending.map(|pending| {
            Replies::new(client.clone(), pending, &runtime, supervisor.ending(), &coalescer)
        });
        Ok(Self {
            shared: Arc::new(Shared {
                main: ServerConnection { client, answers, denials, supervisor },
                listening: OnceCell::new(),
                access,
                inbox_prefix: prefix,
                api,
                replies,
                coalescer,
                _emptied: emptied,
                closed: AtomicBool::new(false),
                ephemerals: Ephemerals::default(),
                ingest: Refusals::default(),
                capacity,
                home: runtime.id(),
                has_threads: runtime.runtime_flavor() == RuntimeFlavor::MultiThread,
                runtime,
            }),
        })
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.shared.closed.load(Ordering::Relaxed)
    }

    pub(crate) fn client(&self) -> &async_nats::Client {
        &self.shared.main.client
    }

    pub(crate) fn new_inbox(&self) -> Subject {
        self.shared.new_inbox()
    }

    pub(crate) fn max_payload(&self) -> usize {
        self.client().max_payload()
    }

    /// A publish that was denied after its call had returned, once.
    pub(crate) fn denied(&self) -> Option<Denial> {
        self.shared.main.denials.take_unreported()
    }

    /// Bounds what must find room in the client's channel: while the server is away, that is full
    /// some time, and waits for it to come back.
    pub(crate) async fn in_time<T>(
        &self,
        doing: impl Future<Output = Result<T, Fault>>,
    ) -> Result<T, Fault> {
        let mut doing = pin!(doing);
        // Mostly there is room: no time is taken, and no timer made.
        if let Poll::Ready(done) = poll_fn(|cx| Poll::Ready(doing.as_mut().poll(cx))).await {
            return done;
        }
        tokio::time::timeout(SEND_TIMEOUT, doing).await.map_err(|_| self.too_late())?
    }
}
