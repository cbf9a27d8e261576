//! Options of a connection.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::backoff::Backoff;
use crate::cloud_event::CloudEvents;
use crate::jitter::FAR;
use crate::link::Timeouts;
use crate::stream::Environment;
use crate::traces::Tracing;
use crate::transport::CAPACITY;
use crate::transport::nats::{Auth, ConnectOptions, ReconnectPolicy, shown};

/// Builder of a [`Bus`](crate::Bus): how it connects; made by
/// [`Bus::builder`](crate::Bus::builder).
///
/// ```no_run
/// # use tidings::prelude::*;
/// # async fn connect() -> Result<(), Box<dyn std::error::Error>> {
/// let bus = Bus::builder()
///     .server("tls://nats.example.com")
///     .credentials_file("/run/secrets/shop.creds")
///     .name("shop")
///     .connect()
///     .await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use = "nothing is connected before `.connect()`"]
pub struct BusBuilder {
    pub(super) options: ConnectOptions,
    pub(super) timeouts: Timeouts,
    pub(super) cloud_events: Option<CloudEvents>,
    pub(super) environment: Environment,
    pub(super) traces: Tracing,
    /// Names of the variables of the environment that it was made from.
    pub(super) sources: Vec<String>,
    /// `memory:` may stand in place of a server.
    pub(super) may_embed: bool,
    /// Interval at which figures of routes are recorded, if any are.
    #[cfg(feature = "metrics")]
    pub(super) metrics: Option<Duration>,
}

impl BusBuilder {
    pub(super) fn new() -> Self {
        let options = ConnectOptions {
            servers: Vec::new(),
            name: None,
            auth: Auth::None,
            root_certificates: Vec::new(),
            client_certificate: None,
            require_tls: false,
            tls_first: false,
            inbox_prefix: None,
            jetstream_prefix: None,
            lazily: false,
            connect_timeout: Duration::from_secs(5),
            ping_interval: Duration::from_secs(15),
            reconnect: ReconnectPolicy::default(),
            subscription_capacity: CAPACITY,
        };
        Self {
            options,
            timeouts: Timeouts::default(),
            cloud_events: None,
            environment: Environment::default(),
            traces: Tracing::default(),
            sources: Vec::new(),
            may_embed: false,
            #[cfg(feature = "metrics")]
            metrics: None,
        }
    }

    /// Adds a server, such as `nats://127.0.0.1:4222` or `tls://nats.example.com`, or several with
    /// commas between them.
    ///
    /// A URL may hold a user and a password, or a token, before an `@`. What has a meaning in a URL is
    /// written with `%` there: a comma as `%2C`, an `@` as `%40`.
    pub fn server(mut self, url: impl Into<String>) -> Self {
        self.options.servers.push(url.into());
        self
    }

    /// Adds the servers of a cluster; the others are learnt from the one that answers.
    pub fn servers<S: Into<String>>(mut self, urls: impl IntoIterator<Item = S>) -> Self {
        self.options.servers.extend(urls.into_iter().map(Into::into));
        self
    }

    /// The name that the server shows for this connection; that of core subscriptions, if there are
    /// any, has ` (listening)` behind it.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.options.name = Some(name.into());
        self
    }

    /// Authenticates with a token.
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.options.auth = Auth::Token(token.into());
        self
    }

    /// Authenticates with a user and a password.
    pub fn user_and_password(
        mut self,
        user: impl Into<String>,
        password: impl Into<String>,
    ) -> Self {
        self.options.auth = Auth::UserAndPassword(user.into(), password.into());
        self
    }

    /// Authenticates with an `NKey`, given as its seed.
    pub fn nkey(mut self, seed: impl Into<String>) -> Self {
        self.options.auth = Auth::Nkey(seed.into());
        self
    }

    /// Authenticates with the content of a `.creds` file.
    pub fn credentials(mut self, text: impl Into<String>) -> Self {
        self.options.auth = Auth::Credentials(text.into());
        self
    }

    /// Authenticates with a `.creds` file.
    pub fn credentials_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.options.auth = Auth::CredentialsFile(path.into());
        self
    }

    /// Authenticates with a JWT and the seed that belongs to it.
    pub fn jwt(mut self, jwt: impl Into<String>, seed: impl Into<String>) -> Self {
        self.options.auth = Auth::Jwt { jwt: jwt.into(), seed: seed.into() };
        self
    }

    /// Trusts the certificates in a PEM file, and no longer the system's.
    pub fn root_certificates(mut self, path: impl Into<PathBuf>) -> Self {
        self.options.root_certificates.push(path.into());
        self
    }

    /// Shows the server this certificate (PEM files).
    pub fn client_certificate(
        mut self,
        certificate: impl Into<PathBuf>,
        key: impl Into<PathBuf>,
    ) -> Self {
        self.options.client_certificate = Some((certificate.into(), key.into()));
        self
    }

    /// Connects only with TLS; a `tls://` URL says the same.
    pub fn require_tls(mut self) -> Self {
        self.options.require_tls = true;
        self
    }

    /// Begins with TLS before the server has said anything (its `handshake_first`).
    pub fn tls_first(mut self) -> Self {
        self.options.tls_first = true;
        self
    }

    /// The prefix of the subjects on which answers come, instead of `_INBOX`: what an account's
    /// permissions may ask for. One below it, such as `_INBOX.shop`, keeps who may hear the answers
    /// of others apart from who may give them: see SECURITY.md.
    pub fn inbox_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.options.inbox_prefix = Some(prefix.into());
        self
    }

    /// Sets the maximum time that connecting may take in all; the default is 5 s. Several servers
    /// share it evenly. Reconnecting is not bounded by it: see
    /// [`max_reconnects`](Self::max_reconnects).
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.options.connect_timeout = timeout;
        self
    }

    /// Sets the maximum number of attempts to restore a lost connection, all servers together; by
    /// default they go on without end. After that the bus is closed: whatever waits for the server
    /// fails with [`Outage::GivenUp`](crate::Outage::GivenUp) or says that the bus is closed.
    pub fn max_reconnects(mut self, attempts: usize) -> Self {
        self.options.reconnect.most = Some(attempts);
        self
    }

    /// The waits between two attempts to reconnect: `first`, then twice as long each time up to
    /// `longest`, with up to a quarter more of jitter. The defaults are 50 ms and 4 s.
    pub fn reconnect_delay(mut self, first: Duration, longest: Duration) -> Self {
        let (first, longest) = (first.min(FAR), longest.min(FAR));
        self.options.reconnect.delay = Backoff::new(first, longest);
        self
    }

    /// Sets the interval at which the server is asked for a sign of life, at least 100 ms; the
    /// default is 15 s. After two of them without an answer the connection counts as lost.
    pub fn ping_interval(mut self, interval: Duration) -> Self {
        self.options.ping_interval = interval.clamp(Duration::from_millis(100), FAR);
        self
    }

    /// Sets the time that a request waits for its reply where it says nothing else; the default is
    /// 5 s. [`Duration::MAX`] is for ever.
    pub fn request_timeout(mut self, timeout: Duration) -> Self {
        self.timeouts.request = timeout.min(FAR);
        self
    }

    /// Sets the maximum time that publishing may take, a stream's event with all its retries; the
    /// default is 10 s. [`Duration::MAX`] is for ever.
    pub fn publish_timeout(mut self, timeout: Duration) -> Self {
        self.timeouts.publish = timeout.min(FAR);
        self
    }

    /// Sets the time that one confirmation of a stream may take before the event is sent again with
    /// the same id; the default is 2 s. [`Duration::MAX`] is for as long as publishing may take.
    pub fn ack_timeout(mut self, timeout: Duration) -> Self {
        self.timeouts.ack = timeout.min(FAR);
        self
    }

    /// Maximum time of flushing and closing the bus where nothing else is said; the default is 10 s. See
    /// [`Bus::close`](crate::Bus::close).
    pub fn close_timeout(mut self, timeout: Duration) -> Self {
        self.timeouts.close = timeout.min(FAR);
        self
    }

    /// Maximum time of shutting down a registry on this bus where nothing else is said; the default is 30 s.
    /// Handlers that are still running then are dropped: see
    /// [`Running::shutdown_within`](crate::Running::shutdown_within).
    pub fn shutdown_timeout(mut self, timeout: Duration) -> Self {
        self.timeouts.shutdown = timeout.min(FAR);
        self
    }

    /// Speaks to the JetStream of this domain, behind a leaf node for example, and not to that of the server
    /// that is connected to: short for a [prefix](Self::jetstream_prefix) of `$JS.<domain>.API`.
    pub fn jetstream_domain(self, domain: impl AsRef<str>) -> Self {
        self.jetstream_prefix(format!("$JS.{}.API", domain.as_ref()))
    }

    /// Prefix of the subjects on which JetStream is asked, instead of `$JS.API`: where an account imports
    /// another one's under a name of its own. Acks go where each message says, and changes of buckets behind the
    /// same prefix, as with other clients (ADR-19): `<prefix>.$KV.>` is to be exported, too.
    pub fn jetstream_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.options.jetstream_prefix = Some(prefix.into());
        self
    }

    /// Publishes events and requests as CloudEvents; by default they are not. See
    /// [`Bus::with_cloud_events`](crate::Bus::with_cloud_events).
    pub fn cloud_events(mut self, cloud_events: CloudEvents) -> Self {
        self.cloud_events = Some(cloud_events);
        self
    }

    /// Makes spans of OpenTelemetry for what is published, asked and handled; by default there are none. See
    /// [`Bus::with_traces`](crate::Bus::with_traces).
    #[cfg(feature = "opentelemetry")]
    #[cfg_attr(docsrs, doc(cfg(feature = "opentelemetry")))]
    pub fn traces(mut self, traces: crate::traces::Traces) -> Self {
        self.traces = Tracing::new(traces);
        self
    }

    /// Makes each stream on one server, whatever number of replicas and placement it declares: for a laptop
    /// and for tests, whose server is alone. `TIDINGS_STREAM_REPLICAS=1` says the same to
    /// [`Bus::from_env`](crate::Bus::from_env).
    ///
    /// Streams that this bus makes, changes and compares are meant, dead-letter streams too; a plan shows
    /// what is declared, and what is used instead. The bus in memory keeps any number of replicas as it is
    /// declared.
    pub fn single_node(mut self) -> Self {
        self.environment.replicas = Some((1, "single_node"));
        self
    }

    /// Makes each stream on so many servers of a cluster, 1 to 5, whatever it declares; what
    /// [`single_node`](Self::single_node) says of 1 holds here too. Any other number is
    /// [`ConnectError::StreamReplicas`](crate::ConnectError::StreamReplicas) as the bus connects.
    pub fn stream_replicas(mut self, replicas: u8) -> Self {
        self.environment.replicas = Some((replicas, "stream_replicas"));
        self
    }

    /// Sets the number of messages that each core subscription and each route without a stream
    /// holds and nobody has taken yet, at least 1; the default is 65,536. One that comes when as
    /// many wait is dropped and counted, and a warning is logged.
    pub fn subscription_capacity(mut self, messages: usize) -> Self {
        self.options.subscription_capacity = messages;
        self
    }
}

/// Shows the options without the credentials.
impl fmt::Debug for BusBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let servers = self.options.servers.iter().map(|list| shown(list));
        f.debug_struct("BusBuilder")
            .field("servers", &servers.collect::<Vec<_>>())
            .field("name", &self.options.name)
            .field("timeouts", &self.timeouts)
            .finish_non_exhaustive()
    }
}
