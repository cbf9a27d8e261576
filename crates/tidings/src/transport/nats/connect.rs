//! Making the connection: addresses, credentials, TLS, and coming back after a loss.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_nats::{ConnectErrorKind, Event, ServerAddr, ServerError};
use percent_encoding::percent_decode_str;

use super::tether::Tether;

/// A dead peer is noticed after two pings without an answer; async-nats's minute is too long.
const PING_INTERVAL: Duration = Duration::from_secs(15);
/// How much async-nats may hold of one subscription until its keeper has come to it. What is over
/// it drops without counting; the bound that counts is the keeper's own.
const READ_AHEAD: usize = 1 << 20;

/// Where and how to connect.
#[derive(Clone)]
pub(crate) struct ConnectOptions {
    pub(crate) servers: Vec<String>,
    pub(crate) name: Option<String>,
    pub(crate) auth: Auth,
    pub(crate) root_certificates: Vec<PathBuf>,
    pub(crate) client_certificate: Option<(PathBuf, PathBuf)>,
    pub(crate) require_tls: bool,
    pub(crate) tls_first: bool,
    pub(crate) inbox_prefix: Option<String>,
    pub(crate) connect_timeout: Duration,
    /// How many messages a core subscription holds that nobody has taken yet.
    pub(crate) subscription_capacity: usize,
}

/// Who is connecting.
#[derive(Clone)]
pub(crate) enum Auth {
    None,
    Token(String),
    UserAndPassword(String, String),
    Nkey(String),
    Credentials(String),
    CredentialsFile(PathBuf),
    Jwt { jwt: String, seed: String },
}

/// Why there is no connection. None of it holds a password.
#[derive(Debug)]
pub(crate) enum ConnectFault {
    Address { index: usize, source: io::Error },
    TwoCredentials,
    Credentials(io::Error),
    File { path: PathBuf, source: io::Error },
    Refused(async_nats::ConnectError),
    Failed(async_nats::ConnectError),
    Timeout,
}

/// A URL's text, safe to show: what stands before the last `@` is left out. It may be no URL at
/// all, with a password that holds what ends a host's name in one.
pub(crate) fn without_credentials(server: &str) -> String {
    let Some((credentials, host)) = server.rsplit_once('@') else { return server.to_owned() };
    match credentials.split_once("://") {
        Some((scheme, _)) if scheme.chars().all(|c| c.is_ascii_alphabetic()) => {
            format!("{scheme}://{host}")
        }
        _ => host.to_owned(),
    }
}

/// Connects. Events go to `hear` first, which says whether more is to be said about one.
pub(super) async fn connect(
    options: ConnectOptions,
    tether: &Arc<Tether>,
    hear: impl Fn(&Event) -> bool + Send + Sync + 'static,
) -> Result<async_nats::Client, ConnectFault> {
    let mut auth = options.auth;
    let mut addresses = Vec::with_capacity(options.servers.len());
    for (index, server) in options.servers.iter().enumerate() {
        let (address, in_url) =
            parse(server).map_err(|source| ConnectFault::Address { index, source })?;
        addresses.push(address);
        // async-nats does not use what a URL holds; every server of a cluster takes the same.
        match (in_url, &auth) {
            (None, _) => {}
            (Some(in_url), Auth::None) => auth = in_url,
            (Some(in_url), known) if in_url.same(known) => {}
            (Some(_), _) => return Err(ConnectFault::TwoCredentials),
        }
    }

    // A server that says nothing must leave time for the others.
    let each = options.connect_timeout / u32::try_from(addresses.len()).unwrap_or(u32::MAX).max(1);
    let (heard, back) = (Arc::clone(tether), Arc::clone(tether));
    let mut nats = async_nats::ConnectOptions::new()
        .connection_timeout(each)
        .ping_interval(PING_INTERVAL)
        .subscription_capacity(READ_AHEAD)
        // They are looked at where they are sent.
        .skip_subject_validation(true)
        // The wait is the tether's.
        .reconnect_delay_callback(|_| Duration::ZERO)
        .reconnect_to_server_callback(move |servers, _| {
            let back = Arc::clone(&back);
            async move { back.next(&servers).await }
        })
        .event_callback(move |event| {
            if hear(&event) {
                report(&event);
            }
            heard.hear(&event);
            std::future::ready(())
        })
        .require_tls(options.require_tls);
    nats = match auth {
        Auth::None => nats,
        Auth::Token(token) => nats.token(token),
        Auth::UserAndPassword(user, password) => nats.user_and_password(user, password),
        Auth::Nkey(seed) => nats.nkey(seed),
        Auth::Credentials(text) => nats.credentials(&text).map_err(ConnectFault::Credentials)?,
        Auth::CredentialsFile(path) => {
            readable(&path)?;
            nats.credentials_file(path).await.map_err(ConnectFault::Credentials)?
        }
        Auth::Jwt { jwt, seed } => {
            let text = format!(
                "-----BEGIN NATS USER JWT-----\n{jwt}\n------END NATS USER JWT------\n\
                 -----BEGIN USER NKEY SEED-----\n{seed}\n------END USER NKEY SEED------\n"
            );
            nats.credentials(&text).map_err(ConnectFault::Credentials)?
        }
    };
    for path in options.root_certificates {
        readable(&path)?;
        nats = nats.add_root_certificates(path);
    }
    if let Some((certificate, key)) = options.client_certificate {
        readable(&certificate)?;
        readable(&key)?;
        nats = nats.add_client_certificate(certificate, key);
    }
    if options.tls_first {
        nats = nats.tls_first();
    }
    if let Some(name) = options.name {
        nats = nats.name(name);
    }
    if let Some(prefix) = options.inbox_prefix {
        nats = nats.custom_inbox_prefix(prefix);
    }

    // Boxed: its 16 KiB are nothing that a caller's own future should grow by.
    let connecting = Box::pin(nats.connect(addresses));
    match tokio::time::timeout(options.connect_timeout, connecting).await {
        Ok(Ok(client)) => Ok(client),
        Ok(Err(error)) => Err(match error.kind() {
            ConnectErrorKind::AuthorizationViolation => ConnectFault::Refused(error),
            // The seed is none: the server has not seen it.
            ConnectErrorKind::Authentication => {
                ConnectFault::Credentials(io::Error::new(io::ErrorKind::InvalidInput, error))
            }
            ConnectErrorKind::TimedOut => ConnectFault::Timeout,
            _ => ConnectFault::Failed(error),
        }),
        Err(_) => Err(ConnectFault::Timeout),
    }
}

/// async-nats opens the file later, and its error does not name it.
fn readable(path: &Path) -> Result<(), ConnectFault> {
    let opened = File::open(path).map(drop);
    opened.map_err(|source| ConnectFault::File { path: path.to_owned(), source })
}

impl Auth {
    fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Token(a), Self::Token(b)) => a == b,
            (Self::UserAndPassword(a, b), Self::UserAndPassword(c, d)) => a == c && b == d,
            _ => false,
        }
    }
}

/// Takes the credentials out of a URL: `user:password@`, or `token@`.
fn parse(server: &str) -> io::Result<(ServerAddr, Option<Auth>)> {
    let mut url = server.parse::<ServerAddr>()?.into_inner();
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let auth = match (url.username(), url.password()) {
        ("", None) => None,
        (token, None) => Some(Auth::Token(decoded(token))),
        (user, Some(password)) => Some(Auth::UserAndPassword(decoded(user), decoded(password))),
    };
    if auth.is_some() {
        let refused = |()| io::Error::new(io::ErrorKind::InvalidInput, "the URL has no host");
        url.set_username("").map_err(refused)?;
        url.set_password(None).map_err(refused)?;
    }
    Ok((ServerAddr::from_url(url)?, auth))
}

fn report(event: &Event) {
    match event {
        Event::Connected => tracing::info!("connected to NATS"),
        Event::Disconnected => tracing::warn!("disconnected from NATS; reconnecting"),
        Event::LameDuckMode => tracing::warn!("the NATS server is about to stop"),
        Event::SlowConsumer(subscription) => {
            tracing::error!(subscription, "slow consumer: messages were dropped");
        }
        Event::ServerError(ServerError::Other(text)) => {
            tracing::error!(error = text, "NATS server error");
        }
        Event::ServerError(error) => tracing::error!(%error, "NATS server error"),
        Event::ClientError(error) => tracing::error!(%error, "NATS client error"),
        Event::Draining | Event::Closed => tracing::debug!(%event, "NATS connection"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_leave_the_url() {
        let (address, auth) = parse("nats://al:p%40ss@127.0.0.1:4333").unwrap();
        assert_eq!(address.as_url_str(), "nats://127.0.0.1:4333");
        assert!(matches!(auth, Some(Auth::UserAndPassword(u, p)) if (&*u, &*p) == ("al", "p@ss")));
        let (_, auth) = parse("tls://s3cr3t@example.com").unwrap();
        assert!(matches!(auth, Some(Auth::Token(t)) if t == "s3cr3t"));
        assert!(parse("nats://127.0.0.1").unwrap().1.is_none());
    }

    #[test]
    fn what_is_shown_has_no_credentials() {
        for (server, shown) in [
            ("nats://al:p@ss@host:4222", "nats://host:4222"),
            ("al:pass@host", "host"),
            ("nats://host:4222", "nats://host:4222"),
            ("tls://host/x", "tls://host/x"),
            ("nats://al:pa/ss@host", "nats://host"),
            ("al:pa://ss@host", "host"),
        ] {
            assert_eq!(without_credentials(server), shown);
        }
    }
}
