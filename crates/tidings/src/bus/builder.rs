//! A connection with options.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use super::{Bus, ConnectError};
use crate::jitter::FAR;
use crate::link::Patience;
#[cfg(feature = "memory")]
use crate::transport::memory::Memory;
use crate::transport::nats::{Auth, ConnectFault, ConnectOptions, Nats, shown};
use crate::transport::{CAPACITY, Transport};

/// How to connect; made by [`Bus::builder`].
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
    options: ConnectOptions,
    patience: Patience,
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
            connect_timeout: Duration::from_secs(5),
            subscription_capacity: CAPACITY,
        };
        Self { options, patience: Patience::default() }
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

    /// How long connecting may take in all; the default is 5 s. Several servers share it evenly.
    /// Reconnecting goes on for ever.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.options.connect_timeout = timeout;
        self
    }

    /// How long a request waits for its reply where it says nothing else; the default is 5 s.
    /// [`Duration::MAX`] is for ever.
    pub fn request_timeout(mut self, timeout: Duration) -> Self {
        self.patience.request = timeout.min(FAR);
        self
    }

    /// How long publishing may take, a stream's event with all its retries; the default is 10 s.
    /// [`Duration::MAX`] is for ever.
    pub fn publish_timeout(mut self, timeout: Duration) -> Self {
        self.patience.publish = timeout.min(FAR);
        self
    }

    /// How long one confirmation of a stream may take before the event is sent again with the
    /// same id; the default is 2 s. [`Duration::MAX`] is for as long as publishing may take.
    pub fn ack_timeout(mut self, timeout: Duration) -> Self {
        self.patience.ack = timeout.min(FAR);
        self
    }

    /// How many messages each core subscription and each route without a stream holds that nobody
    /// has taken yet, at least 1; the default is 65,536. One that comes when as many wait is
    /// dropped and counted, and a warning is logged.
    pub fn subscription_capacity(mut self, messages: usize) -> Self {
        self.options.subscription_capacity = messages;
        self
    }

    /// A bus in this process, as [`Bus::in_memory`], with these timeouts and this
    /// [capacity](Self::subscription_capacity). There is no server: what is said of one, and of
    /// who connects, means nothing.
    ///
    /// ```
    /// # use tidings::prelude::*;
    /// let bus = Bus::builder().request_timeout(Duration::from_millis(200)).in_memory();
    /// ```
    #[cfg(feature = "memory")]
    #[cfg_attr(docsrs, doc(cfg(feature = "memory")))]
    pub fn in_memory(self) -> Bus {
        let memory = Memory::with_capacity(self.options.subscription_capacity);
        Bus::on(Transport::Memory(memory), self.patience)
    }

    /// Connects.
    ///
    /// # Errors
    /// [`ConnectError`]; it names the servers, never a password.
    ///
    /// # Cancel safety
    /// Dropping the future gives the connection up.
    pub async fn connect(self) -> Result<Bus, ConnectError> {
        let Self { options, patience } = self;
        if options.servers.iter().all(|server| server.trim().is_empty()) {
            return Err(ConnectError::NoServer);
        }
        if let Some(prefix) = &options.inbox_prefix
            && let Err(source) = tidings_subject::check_subject(prefix)
        {
            return Err(ConnectError::InboxPrefix {
                prefix: prefix.clone(),
                source: source.into(),
            });
        }
        let servers: Vec<String> = options.servers.iter().map(|list| shown(list)).collect();
        let (servers, waited) = (servers.join(", "), options.connect_timeout);
        match Nats::connect(options).await {
            Ok(nats) => Ok(Bus::on(Transport::Nats(nats), patience)),
            Err(fault) => Err(match fault {
                ConnectFault::Address(unreadable) => {
                    let (address, source) = (unreadable.shown, unreadable.source);
                    ConnectError::Address { address, source }
                }
                ConnectFault::TwoCredentials => ConnectError::TwoCredentials { servers },
                ConnectFault::Credentials(source) => ConnectError::Credentials { servers, source },
                ConnectFault::File { path, source } => ConnectError::File { path, source },
                ConnectFault::Refused(source) => {
                    ConnectError::Refused { servers, source: source.into() }
                }
                ConnectFault::Failed(source) => {
                    ConnectError::Failed { servers, source: source.into() }
                }
                ConnectFault::Timeout => ConnectError::Timeout { servers, waited },
            }),
        }
    }
}

/// Without the credentials.
impl fmt::Debug for BusBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let servers = self.options.servers.iter().map(|list| shown(list));
        f.debug_struct("BusBuilder")
            .field("servers", &servers.collect::<Vec<_>>())
            .field("name", &self.options.name)
            .field("patience", &self.patience)
            .finish_non_exhaustive()
    }
}
