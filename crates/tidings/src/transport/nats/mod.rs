//! The NATS transport: the only room that names async-nats.

mod ack;
mod admin;
mod api;
mod atomic;
mod config;
mod connect;
mod denial;
mod feed;
mod header;
mod inbox;
mod ordered;
mod pull;
mod receipt;
mod replies;
mod settle;
mod stored;
mod stream_config;
mod ticket;
mod unreadable;
mod waiting;

use std::cell::Cell;
use std::fmt;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;

use async_nats::client::PublishErrorKind;
use async_nats::{Event, ServerError, Subscriber, ToSubject};
use bytes::Bytes;
use tokio::sync::watch;
use tokio::task::yield_now;

pub(crate) use ack::NatsAck;
pub(crate) use connect::{Auth, ConnectFault, ConnectOptions, without_credentials};
pub(crate) use header::NatsHeaders;
pub(crate) use inbox::NatsInbox;
pub(crate) use ordered::NatsOrdered;
pub(crate) use pull::NatsPull;
pub(crate) use settle::NatsSettle;

use crate::header::Headers;
use crate::subject::{Subject, Text};
use crate::transport::{DeliverFrom, Denial, Fault, Incoming, Outgoing, PendingAck};
use denial::Denials;
use feed::{Feed, Interest};
use replies::{Replies, Reply};
use waiting::Waiting;

/// A connection to NATS; clones share it.
#[derive(Clone)]
pub(crate) struct Nats {
    shared: Arc<Shared>,
}

struct Shared {
    client: async_nats::Client,
    replies: Replies,
    closed: AtomicBool,
    denials: Arc<Denials>,
    /// How many messages a core subscription holds that says nothing else.
    capacity: usize,
    /// Counts how often the connection was made.
    connected: watch::Receiver<u64>,
}

impl fmt::Debug for Nats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let client = &self.shared.client;
        f.debug_struct("Nats").field("state", &client.connection_state()).finish_non_exhaustive()
    }
}

impl Nats {
    pub(crate) async fn connect(options: ConnectOptions) -> Result<Self, ConnectFault> {
        let prefix = options.inbox_prefix.clone().unwrap_or_else(|| "_INBOX".to_owned());
        let capacity = options.subscription_capacity;
        let denials = Arc::new(Denials::new(&prefix));
        let waiting = Arc::new(Waiting::new(&prefix));
        let hear = {
            let (denials, waiting) = (Arc::clone(&denials), Arc::clone(&waiting));
            move |event: &Event| hear(event, &denials, &waiting)
        };
        let (client, connected) = connect::connect(options, hear).await?;
        let replies = Replies::new(client.clone(), waiting);
        Ok(Self {
            shared: Arc::new(Shared {
                client,
                replies,
                closed: AtomicBool::new(false),
                denials,
                capacity,
                connected,
            }),
        })
    }

    /// Resolves when the connection has been lost and made again; never, if it was closed.
    fn reconnected(&self) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let mut connected = self.shared.connected.clone();
        connected.mark_unchanged();
        Box::pin(async move {
            if connected.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        })
    }

    fn is_closed(&self) -> bool {
        self.shared.closed.load(Ordering::Relaxed)
    }

    fn client(&self) -> &async_nats::Client {
        &self.shared.client
    }

    /// Sends a message; `Ok` means handed to the connection. Where the subject was denied before,
    /// it waits until the server has seen this one too, and so knows whether it is allowed now.
    pub(crate) async fn publish(
        &self,
        message: Outgoing,
        reply: Option<Subject>,
    ) -> Result<(), Fault> {
        let denials = &self.shared.denials;
        if !denials.has_publish(message.subject.as_str()) {
            let (subject, reply) = (subject_of(message.subject), reply.map(subject_of));
            return self.send(subject, &message.headers, message.payload, reply).await;
        }
        // Boxed: it is rare, and a publish of its own.
        Box::pin(self.publish_where_denied(message, reply)).await
    }

    async fn publish_where_denied(
        &self,
        message: Outgoing,
        reply: Option<Subject>,
    ) -> Result<(), Fault> {
        let Outgoing { subject, headers, payload } = message;
        let (to, reply) = (subject_of(subject.clone()), reply.map(subject_of));
        let denials = &self.shared.denials;
        let before = denials.last();
        self.send(to, &headers, payload, reply).await?;
        self.allowed(TAKEN).await?;
        let denial = denials.publish_after(before, subject.as_str());
        denials.settle(subject.as_str(), denial.is_none());
        denial.map_or(Ok(()), |denial| Err(Fault::Denied(denial)))
    }

    async fn send(
        &self,
        subject: async_nats::Subject,
        headers: &Headers,
        payload: Bytes,
        reply: Option<async_nats::Subject>,
    ) -> Result<(), Fault> {
        if self.shared.closed.load(Ordering::Relaxed) {
            return Err(Fault::Closed);
        }
        let client = self.client();
        let (size, subject) = (payload.len(), Moved::from(subject));
        let sent = match (reply.map(Moved::from), header::to_nats(headers)?) {
            (None, None) => client.publish(subject, payload).await,
            (None, Some(headers)) => client.publish_with_headers(subject, headers, payload).await,
            (Some(reply), None) => client.publish_with_reply(subject, reply, payload).await,
            (Some(reply), Some(headers)) => {
                client.publish_with_reply_and_headers(subject, reply, headers, payload).await
            }
        };
        sent.map_err(|error| match error.kind() {
            // The server would answer it by closing the connection.
            PublishErrorKind::MaxPayloadExceeded => {
                Fault::TooLarge { size: size + headers.wire_len(), limit: self.max_payload() }
            }
            _ => Fault::client(error),
        })
    }

    /// Sends the message now; its ack is awaited apart, so that the next can follow at once.
    pub(crate) async fn store(&self, message: &Outgoing) -> Result<PendingAck, Fault> {
        Ok(PendingAck::Nats(NatsAck(self.question(message).await?)))
    }

    /// Sends a message that is to be answered; gives the answer to come.
    async fn question(&self, message: &Outgoing) -> Result<Reply, Fault> {
        let subject = subject_of(message.subject.clone());
        let (inbox, reply) = self.shared.replies.expect(subject.clone()).await?;
        self.send(subject, &message.headers, message.payload.clone(), Some(inbox)).await?;
        Ok(reply)
    }

    pub(crate) async fn request(
        &self,
        message: Outgoing,
        within: Duration,
    ) -> Result<Incoming, Fault> {
        // One deadline around everything: offline, the send itself can wait for ever.
        let asked = async { self.question(&message).await?.await.map(inbox::incoming) };
        tokio::time::timeout(within, asked).await.map_err(|_| Fault::Timeout)?
    }

    pub(crate) fn new_inbox(&self) -> Subject {
        Subject::from(self.client().new_inbox())
    }

    pub(crate) async fn subscribe(
        &self,
        filter: Subject,
        group: Option<&str>,
        capacity: Option<usize>,
    ) -> Result<NatsInbox, Fault> {
        if self.shared.closed.load(Ordering::Relaxed) {
            return Err(Fault::Closed);
        }
        let interest = Interest { filter, group: group.map(str::to_owned) };
        let denied_before = self.shared.denials.last();
        let subscriber = self.listen(&interest).await?;
        let capacity = capacity.unwrap_or(self.shared.capacity);
        let feed = Feed::new(interest, subscriber, capacity, denied_before);
        Ok(NatsInbox::new(self.clone(), feed))
    }

    async fn listen(&self, interest: &Interest) -> Result<Subscriber, Fault> {
        let filter = subject_of(interest.filter.clone());
        in_time(async {
            let subscriber = match interest.group.clone() {
                None => self.client().subscribe(filter).await,
                Some(group) => self.client().queue_subscribe(filter, group).await,
            };
            subscriber.map_err(Fault::client)
        })
        .await
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
        match self.request(nobody, within).await {
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

    /// Resolves once the server has seen everything sent so far, however long that takes; also if
    /// there will be no answer.
    async fn seen(&self) {
        while let Err(fault) = self.barrier(TAKEN).await {
            // What was asked of a connection that is lost since is asked again of the next.
            if !matches!(fault, Fault::Timeout) {
                return;
            }
        }
    }

    pub(crate) async fn close(&self, within: Duration) -> Result<(), Fault> {
        self.shared.closed.store(true, Ordering::Relaxed);
        let closed = async {
            self.client().flush().await.map_err(Fault::client)?;
            self.client().drain().await.map_err(Fault::client)
        };
        tokio::time::timeout(within, closed).await.map_err(|_| Fault::Timeout)?
    }

    /// What the server would answer by closing the connection is refused here.
    fn check_size(&self, message: &Outgoing) -> Result<(), Fault> {
        let size = message.payload.len() + message.headers.wire_len();
        let limit = self.max_payload();
        if size > limit { Err(Fault::TooLarge { size, limit }) } else { Ok(()) }
    }
}

/// What concerns others here; says whether there is more to say about it.
fn hear(event: &Event, denials: &Denials, waiting: &Waiting) -> bool {
    match event {
        Event::Connected => denials.forget(),
        Event::ServerError(ServerError::Other(text)) => {
            let Some(denial) = denials.read(text) else { return true };
            // Who waits for an answer is told; else it is kept, and said once.
            let (told, text) = (waiting.deny(&denial), denial.to_string());
            if !told && denials.keep(denial) {
                tracing::error!("{text}");
            }
            return false;
        }
        _ => {}
    }
    true
}

/// How often others may run before what they were woken for is looked at.
const HEARD: usize = 8;

/// How long the client may take to take something from us.
const TAKEN: Duration = Duration::from_secs(5);

/// Bounds what must find room in the client's channel: while the server is away, that is full
/// some time, and waits for it to come back.
async fn in_time<T>(doing: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
    let mut doing = pin!(doing);
    // Mostly there is room: no time is taken, and no timer made.
    if let Poll::Ready(done) = poll_fn(|cx| Poll::Ready(doing.as_mut().poll(cx))).await {
        return done;
    }
    tokio::time::timeout(TAKEN, doing).await.map_err(|_| Fault::Timeout)?
}

/// A subject for the client, which asks whoever gives it one for a copy of it. It asks once, and so
/// nothing has to be copied.
struct Moved(Cell<Option<async_nats::Subject>>);

impl From<async_nats::Subject> for Moved {
    fn from(subject: async_nats::Subject) -> Self {
        Self(Cell::new(Some(subject)))
    }
}

impl ToSubject for Moved {
    fn to_subject(&self) -> async_nats::Subject {
        // An empty one is refused.
        self.0.take().unwrap_or(async_nats::Subject::from_static(""))
    }
}

/// A constant subject stays a constant: nothing is allocated for it.
fn subject_of(subject: Subject) -> async_nats::Subject {
    match subject.into_text() {
        Text::Static(subject) => async_nats::Subject::from_static(subject),
        // It is text: this only looks whether it is.
        Text::Shared(subject) => async_nats::Subject::try_from(subject.as_bytes().clone())
            .unwrap_or_else(|_| async_nats::Subject::from(&*subject)),
    }
}
