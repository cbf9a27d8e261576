//! Making the connection: credentials, TLS, and coming back after a loss.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_nats::{Client, ClientError, Event, ServerAddr, ServerError};

use crate::transport::nats::connection::address::{self, Address};
use crate::transport::nats::connection::announce::announce;
use crate::transport::nats::connection::auth::Auth;
use crate::transport::nats::connection::certificate;
use crate::transport::nats::connection::connect_fault::ConnectFault;
use crate::transport::nats::connection::event_listener::EventListener;
use crate::transport::nats::connection::reconnect_policy::ReconnectPolicy;
use crate::transport::nats::connection::role::Role;
use crate::transport::nats::connection::supervisor::Supervisor;
use crate::user_code::log;

/// Prefix of the subjects of the JetStream API, where no other is said.
pub(crate) const API: &str = "$JS.API";

/// Maximum number of messages of one subscription that async-nats may hold until its keeper has
/// come to it. What is over it drops without counting; the bound that counts is the keeper's own.
const READ_AHEAD: usize = 1 << 20;

/// Options of a connection: servers, credentials, TLS, waits and bounds.
#[derive(Clone)]
pub(crate) struct ConnectOptions {
    /// Addresses, each of one server or of several with commas between them.
    pub(crate) servers: Vec<String>,
    pub(crate) name: Option<String>,
    pub(crate) auth: Auth,
    pub(crate) root_certificates: Vec<PathBuf>,
    pub(crate) client_certificate: Option<(PathBuf, PathBuf)>,
    pub(crate) require_tls: bool,
    pub(crate) tls_first: bool,
    pub(crate) inbox_prefix: Option<String>,
    /// Prefix of the subjects of the JetStream API, where it is another than `$JS.API`.
    pub(crate) jetstream_prefix: Option<String>,
    /// `true` if the bus is there before a connection is.
    pub(crate) lazily: bool,
    pub(crate) connect_timeout: Duration,
    pub(crate) ping_interval: Duration,
    pub(crate) reconnect: ReconnectPolicy,
    /// Number of messages that a core subscription holds and nobody has taken yet.
    pub(crate) subscription_capacity: usize,
}

/// Addresses and identity of a bus, the same for each of its connections, whatever becomes of the
/// file that the credentials were in.
#[derive(Clone)]
pub(crate) struct Access {
    addresses: Vec<ServerAddr>,
    options: ConnectOptions,
}

impl Access {
    pub(crate) fn read(mut options: ConnectOptions) -> Result<Self, ConnectFault> {
        let mut addresses = Vec::with_capacity(options.servers.len());
        let mut read = Vec::with_capacity(options.servers.len());
        for list in &options.servers {
            read.extend(address::read(list).map_err(ConnectFault::Address)?);
        }
        for Address { address, auth: in_url } in read {
            if address.is_websocket() && !cfg!(feature = "websockets") {
                let address = address.as_url_str().to_owned();
                return Err(ConnectFault::Feature { address, feature: "websockets" });
            }
            addresses.push(address);
            // async-nats does not use what a URL holds; every server of a cluster takes the same.
            match (in_url, &options.auth) {
                (None, _) => {}
                (Some(in_url), Auth::None) => options.auth = in_url,
                (Some(in_url), known) if in_url.same(known) => {}
                (Some(_), _) => return Err(ConnectFault::TwoCredentials),
            }
        }
        if let Auth::CredentialsFile(path) = options.auth {
            match fs::read_to_string(&path) {
                Ok(text) => options.auth = Auth::Credentials(text),
                Err(source) => return Err(ConnectFault::File { path, source }),
            }
        }
        options.auth = options.auth.checked().map_err(ConnectFault::Credentials)?;
        Ok(Self { addresses, options })
    }

    /// Prefix of the subjects of the JetStream API.
    pub(crate) fn api_prefix(&self) -> Arc<str> {
        self.options.jetstream_prefix.as_deref().unwrap_or(API).into()
    }
}

/// Connects. Events go to `ear` first, which says whether more is to be said about one. The main
/// connection is made when this returns; the listening one makes itself, for as long as it takes.
pub(crate) async fn connect(
    access: Access,
    supervisor: &Arc<Supervisor>,
    which: Role,
    ear: EventListener,
) -> Result<Client, ConnectFault> {
    let Access { addresses, options } = access;
    let is_listening = which == Role::Listening;
    // A server that says nothing must leave time for the others.
    let each = options.connect_timeout / u32::try_from(addresses.len()).unwrap_or(u32::MAX).max(1);
    let (heard, back) = (Arc::clone(supervisor), Arc::clone(supervisor));
    let mut nats = async_nats::ConnectOptions::new()
        .connection_timeout(each)
        .ping_interval(options.ping_interval)
        .subscription_capacity(READ_AHEAD)
        // Subjects are checked where they are sent.
        .skip_subject_validation(true)
        // The wait is the supervisor's.
        .reconnect_delay_callback(|_| Duration::ZERO)
        .reconnect_to_server_callback(move |servers, _| {
            let back = Arc::clone(&back);
            async move { back.next(&servers).await }
        })
        .event_callback(move |event| {
            if ear.on_event(&event) {
                log(|| report(&event, which));
            }
            heard.on_event(&event);
            announce(&event, which, &ear, &heard);
            std::future::ready(())
        })
        .require_tls(options.require_tls);
    if is_listening || options.lazily {
        nats = nats.retry_on_initial_connect();
    }
    if addresses.iter().any(ServerAddr::is_websocket) {
        // The client takes the addresses that a server tells as those of plain TCP, which they are not.
        nats = nats.ignore_discovered_servers();
    }
    let (given, expires) = (options.auth.kind(), options.auth.expires());
    nats = match options.auth {
        // A file's text has been read.
        Auth::None | Auth::CredentialsFile(_) => nats,
        Auth::Token(token) => nats.token(token),
        Auth::UserAndPassword(user, password) => nats.user_and_password(user, password),
        Auth::Nkey(seed) => nats.nkey(seed),
        Auth::Credentials(text) => nats.credentials(&text).map_err(ConnectFault::Credentials)?,
        Auth::Jwt { jwt, seed } => {
            let text = format!(
                "-----BEGIN NATS USER JWT-----\n{jwt}\n------END NATS USER JWT------\n\
                 -----BEGIN USER NKEY SEED-----\n{seed}\n------END USER NKEY SEED------\n"
            );
            nats.credentials(&text).map_err(ConnectFault::Credentials)?
        }
    };
    nats = certificate::add(nats, options.root_certificates, options.client_certificate)?;
    if options.tls_first {
        nats = nats.tls_first();
    }
    if let Some(name) = options.name {
        nats = nats.name(if is_listening { format!("{name} (listening)") } else { name });
    }
    if let Some(prefix) = options.inbox_prefix {
        nats = nats.custom_inbox_prefix(prefix);
    }

    // Boxed: its 16 KiB are nothing that a caller's own future should grow by.
    let connecting = Box::pin(nats.connect(addresses));
    match tokio::time::timeout(options.connect_timeout, connecting).await {
        Ok(Ok(client)) => {
            supervisor.counts(&client);
            Ok(client)
        }
        Ok(Err(error)) => Err(ConnectFault::of(error, given, expires)),
        Err(_) => Err(ConnectFault::Timeout),
    }
}

fn report(event: &Event, which: Role) {
    match event {
        // Somebody may make it come and go many times a second. The supervisor says it.
        Event::Connected | Event::Disconnected | Event::LameDuckMode | Event::ClientError(_)
            if which == Role::Listening =>
        {
            tracing::debug!(%event, "connection of the core subscriptions");
        }
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
        // An attempt that failed: the supervisor warns of these.
        Event::ClientError(ClientError::Other(error)) => {
            tracing::debug!(error, "a server can't be reached");
        }
        Event::ClientError(error) => tracing::error!(%error, "NATS client error"),
        Event::Draining | Event::Closed => tracing::debug!(%event, "NATS connection"),
    }
}
