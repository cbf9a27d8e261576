//! The server to connect to, and its credentials.

mod client;

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use tidings::Bus;

use crate::exit::Usage;
pub(crate) use client::{AskError, Client, denial};

/// Server and credentials: by options, or by the variables that `Bus::from_env` reads too.
#[derive(Debug, Args)]
#[command(next_help_heading = "Connection")]
pub(crate) struct Connection {
    /// The server's URL, or several separated by commas.
    #[arg(long, global = true, env = "NATS_URL", hide_env_values = true)]
    server: Option<String>,
    /// A file with credentials.
    #[arg(long, global = true, env = "NATS_CREDS", hide_env_values = true)]
    creds: Option<PathBuf>,
    /// An nkey's seed.
    #[arg(long, global = true, env = "NATS_NKEY", hide_env_values = true)]
    nkey: Option<String>,
    /// A token.
    #[arg(long, global = true, env = "NATS_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// A user's name.
    #[arg(long, global = true, env = "NATS_USER", hide_env_values = true)]
    user: Option<String>,
    /// The user's password.
    #[arg(long, global = true, env = "NATS_PASSWORD", hide_env_values = true)]
    password: Option<String>,
    /// A PEM file with certificates to trust.
    #[arg(long, global = true, env = "NATS_CA", hide_env_values = true)]
    ca: Option<PathBuf>,
    /// A PEM file with the certificate to show.
    #[arg(long, global = true, env = "NATS_CERT", hide_env_values = true)]
    cert: Option<PathBuf>,
    /// A PEM file with the certificate's key.
    #[arg(long, global = true, env = "NATS_KEY", hide_env_values = true)]
    key: Option<PathBuf>,
    /// The prefix of the subjects of answers, instead of `_INBOX`.
    #[arg(long, global = true, env = "NATS_INBOX_PREFIX", hide_env_values = true)]
    inbox_prefix: Option<String>,
}

/// Options of the connection that were given.
struct Given {
    server: String,
    identity: Option<Identity>,
    ca: Option<PathBuf>,
    certificate: Option<(PathBuf, PathBuf)>,
    inbox_prefix: Option<String>,
}

/// Identity of who connects: of several that were given, the first that stands here.
enum Identity {
    Credentials(PathBuf),
    Nkey(String),
    Token(String),
    User(String, String),
}

impl Connection {
    /// Options that were given. An empty option counts as not given.
    fn given(&self) -> Result<Given, Usage> {
        let text = |option: &Option<String>| option.clone().filter(|text| !text.is_empty());
        let path =
            |option: &Option<PathBuf>| option.clone().filter(|path| !path.as_os_str().is_empty());
        let usage = |text: &str| Usage(text.to_owned());
        let server = text(&self.server)
            .ok_or_else(|| usage("which server? Give `--server nats://…`, or set NATS_URL"))?;
        let user = text(&self.user);
        let password = text(&self.password);
        let identity = if let Some(file) = path(&self.creds) {
            Some(Identity::Credentials(file))
        } else if let Some(seed) = text(&self.nkey) {
            Some(Identity::Nkey(seed))
        } else if let Some(token) = text(&self.token) {
            Some(Identity::Token(token))
        } else if let Some(user) = user {
            Some(Identity::User(user, password.unwrap_or_default()))
        } else if password.is_some() {
            return Err(usage("a password needs a user: give `--user`, or set NATS_USER"));
        } else {
            None
        };
        let certificate = match (path(&self.cert), path(&self.key)) {
            (Some(certificate), Some(key)) => Some((certificate, key)),
            (None, None) => None,
            _ => return Err(usage("a certificate and its key go together: `--cert`, `--key`")),
        };
        Ok(Given {
            server,
            identity,
            ca: path(&self.ca),
            certificate,
            inbox_prefix: text(&self.inbox_prefix),
        })
    }

    /// Connects.
    pub(crate) async fn open(&self) -> anyhow::Result<Bus> {
        self.open_for(None).await
    }

    /// Connects where so many servers keep each stream, if that is said.
    pub(crate) async fn open_for(&self, replicas: Option<u8>) -> anyhow::Result<Bus> {
        let given = self.given()?;
        let mut builder = Bus::builder().name("tidings").server(given.server);
        if let Some(replicas) = replicas {
            builder = builder.stream_replicas(replicas);
        }
        builder = match given.identity {
            Some(Identity::Credentials(file)) => builder.credentials_file(file),
            Some(Identity::Nkey(seed)) => builder.nkey(seed),
            Some(Identity::Token(token)) => builder.token(token),
            Some(Identity::User(user, password)) => builder.user_and_password(user, password),
            None => builder,
        };
        if let Some(file) = given.ca {
            builder = builder.root_certificates(file);
        }
        if let Some((certificate, key)) = given.certificate {
            builder = builder.client_certificate(certificate, key);
        }
        if let Some(prefix) = given.inbox_prefix {
            builder = builder.inbox_prefix(prefix);
        }
        builder.connect().await.context("no connection")
    }
}
