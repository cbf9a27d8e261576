//! Making the connection: addresses, credentials, TLS, and coming back after a loss.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use async_nats::{ConnectErrorKind, Event, ServerAddr, ServerError};
use percent_encoding::percent_decode_str;
use tokio::sync::watch;

use crate::jitter::jittered;

/// A dead peer is noticed after two pings without an answer; async-nats's minute is too long.
const PING_INTERVAL: Duration = Duration::from_secs(15);
/// The first and the longest wait between two attempts to reconnect, before jitter.
const RECONNECT_FIRST: Duration = Duration::from_millis(50);
const RECONNECT_MOST: Duration = Duration::from_secs(4);

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
    Refused(async_nats::ConnectError),
    Failed(async_nats::ConnectError),
    Timeout,
}

/// A URL's text, safe to show: what stands before the `@` is left out.
pub(crate) fn without_credentials(server: &str) -> String {
    let (scheme, rest) = server.split_once("://").map_or(("", server), |(s, r)| (s, r));
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let separator = if scheme.is_empty() { "" } else { "://" };
    format!("{scheme}{separator}{host}{path}")
}

/// Connects. The count says how often the connection was made since.
pub(super) async fn connect(
    options: ConnectOptions,
) -> Result<(async_nats::Client, watch::Receiver<u64>), ConnectFault> {
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

    let (count, connected) = watch::channel(0);
    let mut nats = async_nats::ConnectOptions::new()
        .connection_timeout(options.connect_timeout)
        .ping_interval(PING_INTERVAL)
        .reconnect_delay_callback(reconnect_delay)
        .event_callback(move |event| {
            if matches!(event, Event::Connected) {
                count.send_modify(|count| *count += 1);
            }
            report(&event);
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
        nats = nats.add_root_certificates(path);
    }
    if let Some((certificate, key)) = options.client_certificate {
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

    match tokio::time::timeout(options.connect_timeout, nats.connect(addresses)).await {
        Ok(Ok(client)) => Ok((client, connected)),
        Ok(Err(error)) => Err(match error.kind() {
            ConnectErrorKind::Authentication | ConnectErrorKind::AuthorizationViolation => {
                ConnectFault::Refused(error)
            }
            ConnectErrorKind::TimedOut => ConnectFault::Timeout,
            _ => ConnectFault::Failed(error),
        }),
        Err(_) => Err(ConnectFault::Timeout),
    }
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

/// Twice as long after each attempt, and never the same for two clients of one server.
fn reconnect_delay(attempt: usize) -> Duration {
    let doublings = u32::try_from(attempt.saturating_sub(1)).unwrap_or(u32::MAX).min(16);
    jittered(RECONNECT_FIRST.saturating_mul(1 << doublings).min(RECONNECT_MOST))
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
            ("tls://tok@host/x@y", "tls://host/x@y"),
        ] {
            assert_eq!(without_credentials(server), shown);
        }
    }

    #[test]
    fn reconnects_come_later_and_later_up_to_a_bound() {
        assert!(reconnect_delay(1) >= RECONNECT_FIRST);
        assert!(reconnect_delay(1) < RECONNECT_FIRST * 2);
        assert!(reconnect_delay(1000) >= RECONNECT_MOST);
    }
}
