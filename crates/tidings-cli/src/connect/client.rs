//! Plain client, for subjects and payloads that no type of this program stands for.

use std::time::Duration;

use anyhow::{Context as _, bail};
use async_nats::{
    ConnectOptions, Event, HeaderMap, Message, Request, RequestErrorKind, ServerAddr, Subscriber,
};
use bytes::Bytes;
use futures_util::StreamExt as _;
use percent_encoding::percent_decode_str;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::timeout;

use super::{Connection, Identity};
use crate::exit::Usage;

/// Longest time that a connection, or an answer of the server itself, may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Connection to a server, with what it tells apart from answers.
pub(crate) struct Client {
    pub(crate) nats: async_nats::Client,
    pub(crate) events: UnboundedReceiver<Event>,
}

/// Reason that a question has no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AskError {
    #[error("the server does not allow it: {0}; ask its operator for the permission")]
    Denied(String),
    #[error("nobody answers on {0}")]
    Nobody(String),
    #[error("no answer on {0} within {1:?}")]
    TimedOut(String, Duration),
    #[error("{0}")]
    Other(String),
}

impl Connection {
    /// Connects a plain client.
    pub(crate) async fn client(&self) -> anyhow::Result<Client> {
        let (sender, events) = unbounded_channel();
        let mut options = ConnectOptions::new()
            .name("tidings")
            .connection_timeout(PATIENCE)
            .request_timeout(Some(PATIENCE))
            .event_callback(move |event| {
                // Who looks no more has ended.
                let _ = sender.send(event);
                std::future::ready(())
            });
        let given = self.given()?;
        let mut servers = Vec::new();
        for (address, place) in addresses(&given.server)?.into_iter().zip(1..) {
            let unreadable = || {
                Usage(format!(
                    "address {place} of the servers can't be read: give nats://host:port"
                ))
            };
            let mut url = address.parse::<ServerAddr>().map_err(|_| unreadable())?.into_inner();
            let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
            // async-nats takes no credentials from a URL, and logs what it holds.
            match (decoded(url.username()), url.password().map(decoded)) {
                (user, None) if user.is_empty() => {}
                (token, None) => options = options.token(token),
                (user, Some(password)) => options = options.user_and_password(user, password),
            }
            url.set_username("")
                .and_then(|()| url.set_password(None))
                .map_err(|()| unreadable())?;
            servers.push(ServerAddr::from_url(url).map_err(|_| unreadable())?);
        }
        options = match given.identity {
            Some(Identity::Credentials(file)) => {
                let shown = file.display().to_string();
                let read = options.credentials_file(file).await;
                read.with_context(|| format!("can't read the credentials in {shown}"))?
            }
            Some(Identity::Nkey(seed)) => options.nkey(seed),
            Some(Identity::Token(token)) => options.token(token),
            Some(Identity::User(user, password)) => options.user_and_password(user, password),
            None => options,
        };
        if let Some(file) = given.ca {
            options = options.add_root_certificates(file);
        }
        if let Some((certificate, key)) = given.certificate {
            options = options.add_client_certificate(certificate, key);
        }
        if let Some(prefix) = given.inbox_prefix {
            options = options.custom_inbox_prefix(prefix);
        }
        let connecting = timeout(PATIENCE * 2, options.connect(servers)).await;
        let nats = connecting.context("no connection in time")?.context("no connection")?;
        Ok(Client { nats, events })
    }
}

/// The addresses of a list. A comma in a password would end one in the midst of it.
fn addresses(list: &str) -> anyhow::Result<Vec<&str>> {
    let parts: Vec<&str> = list.split(',').map(str::trim).collect();
    if parts.iter().skip(1).any(|part| part.contains('@') && !part.contains("://")) {
        let why = "a comma in a password is written %2C, and an address with credentials behind a \
                   comma needs its scheme";
        return Err(Usage(why.to_owned()).into());
    }
    Ok(parts)
}

impl Client {
    /// Asks, and waits no longer than `within`. A denial is told at once.
    pub(crate) async fn ask(
        &mut self,
        subject: &str,
        headers: HeaderMap,
        payload: Bytes,
        within: Duration,
    ) -> Result<Message, AskError> {
        let mut request = Request::new().payload(payload).timeout(Some(within));
        if !headers.is_empty() {
            request = request.headers(headers);
        }
        let Self { nats, events } = self;
        let asked = timeout(within, nats.send_request(subject.to_owned(), request));
        tokio::pin!(asked);
        loop {
            let answer = tokio::select! {
                answer = &mut asked => answer,
                Some(event) = events.recv() => match denial(&event) {
                    Some(text) => return Err(AskError::Denied(text)),
                    None => continue,
                },
            };
            let late = || AskError::TimedOut(subject.to_owned(), within);
            return match answer {
                Ok(Ok(message)) => Ok(message),
                Err(_) => Err(late()),
                Ok(Err(error)) => Err(match error.kind() {
                    RequestErrorKind::NoResponders => AskError::Nobody(subject.to_owned()),
                    RequestErrorKind::TimedOut => late(),
                    _ => AskError::Other(error.to_string()),
                }),
            };
        }
    }

    /// Asks the server's own API, in JSON.
    pub(crate) async fn ask_json(
        &mut self,
        subject: &str,
        question: Option<serde_json::Value>,
    ) -> Result<serde_json::Value, AskError> {
        let question = question.map(|question| question.to_string()).unwrap_or_default();
        let answer = self.ask(subject, HeaderMap::new(), question.into(), PATIENCE).await?;
        serde_json::from_slice(&answer.payload)
            .map_err(|error| AskError::Other(format!("{subject} is not answered in JSON: {error}")))
    }

    /// Waits until the server has seen all that was sent, and gives the subject that it was asked by: who
    /// listens to all subjects hears of it.
    ///
    /// Asked is this client itself, since a question that nobody is to answer reaches whoever listens to
    /// everything.
    ///
    /// # Errors
    /// If something of it was denied.
    pub(crate) async fn settle(&mut self) -> anyhow::Result<String> {
        let inbox = self.nats.new_inbox();
        let mut heard = self.nats.subscribe(inbox.clone()).await?;
        // A denial is handed over by a task of its own: it is here by the second answer.
        for _ in 0..2 {
            self.nats.publish(inbox.clone(), Bytes::new()).await?;
            let answered = timeout(PATIENCE, self.answered(&inbox, &mut heard)).await;
            answered.map_err(|_| AskError::TimedOut(inbox.clone(), PATIENCE))??;
        }
        Ok(inbox)
    }

    /// Waits for what was sent to itself, or to hear that it may not be.
    async fn answered(&mut self, inbox: &str, heard: &mut Subscriber) -> anyhow::Result<()> {
        loop {
            tokio::select! {
                biased;
                Some(event) = self.events.recv() => match denial(&event) {
                    Some(text) if text.contains(inbox) => return Ok(()),
                    Some(text) => bail!(AskError::Denied(text)),
                    None => {}
                },
                message = heard.next() => {
                    return message.map(drop).context("the connection was closed");
                }
            }
        }
    }
}

/// The server's words of what it does not allow.
pub(crate) fn denial(event: &Event) -> Option<String> {
    match event {
        Event::ServerError(error) => {
            let text = error.to_string();
            text.to_ascii_lowercase().contains("permissions violation").then_some(text)
        }
        _ => None,
    }
}
