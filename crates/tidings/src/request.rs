//! Asking: one request, one reply, one deadline around everything.

mod confirmation;
mod kind;
pub(crate) mod reply_subject;

pub(crate) use confirmation::stream_of;

use std::error::Error;
use std::time::Duration;

use bytes::Bytes;

use crate::cloud_event::{self, CloudEvents};
use crate::envelope::{self, EncodeFault};
use crate::header::{self, Headers};
use crate::link::Link;
use crate::message::{DeclaredError, ReadBackError, Request};
use crate::observe::SendError as _;
use crate::payload;
use crate::publish::PublishError;
use crate::subject::SubjectError;
use crate::traces::{Operation, Parent, Sent};
use crate::transport::{Denial, Fault, Incoming, Outage, because};

/// A request got no reply, or not the one that was asked for.
///
/// `E` is the error that the request declares, [`Request::Declared`]; where it declares none that is
/// [`Undeclared`](crate::Undeclared), of which there is no value.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError<E> {
    /// The handler answered with the error that the request declares.
    #[error(transparent)]
    Declared(E),
    /// The service answered with an error that the request does not declare.
    #[error("the service on `{subject}` failed: {description} (code {code})")]
    Service {
        /// Subject of the request.
        subject: String,
        /// 400 for a request that the service can't read, 500 for a handler that failed; other
        /// services have their own.
        code: u16,
        /// The service's own description.
        description: String,
        /// The body of its answer.
        payload: Bytes,
    },
    /// The request has no handler. This is known at once, without waiting for the deadline.
    #[error("nobody handles `{subject}`")]
    NoResponders {
        /// Subject of the request.
        subject: String,
    },
    /// The server does not allow it: the request's subject, and nothing was sent, or where its
    /// reply would come.
    #[error("can't ask `{subject}`: {source}")]
    Denied {
        /// Subject of the request.
        subject: String,
        /// The denied permission.
        source: Denial,
    },
    /// No reply came in time. Whether the request was handled is unknown.
    #[error("no reply from `{subject}` within {waited:?}{}", because(source.as_deref()))]
    Timeout {
        /// Subject of the request.
        subject: String,
        /// Time that was waited.
        waited: Duration,
        /// Reason why there was no connection at the end; `None` where there was one.
        source: Option<Box<Outage>>,
    },
    /// The connection is gone for good. Whether the request was handled is unknown if it was sent before.
    #[error("no reply from `{subject}`: {source}")]
    Disconnected {
        /// Subject of the request.
        subject: String,
        /// Reason why there is no connection.
        source: Outage,
    },
    /// A stream answered in place of a service: it keeps the request's subject, has stored the
    /// request, or refused to, and told so. A handler may have it all the same; its reply is lost.
    ///
    /// A stream's answer has the fields `stream` and `seq`, nothing that a server does not add, and
    /// no headers. A Tidings service gives a reply that looks like it a header; so must others.
    #[error(
        "stream `{stream}` keeps `{subject}` and answered the request; move the request to a subject outside the stream, or take it out of the stream"
    )]
    AnsweredByStream {
        /// Subject of the request.
        subject: String,
        /// The stream.
        stream: String,
    },
    /// The reply is not of the declared type. Its bytes are kept.
    #[error("the reply from `{subject}` can't be read: {source}")]
    Decode {
        /// Subject of the request.
        subject: String,
        /// The received data, as it came.
        payload: Bytes,
        /// Error of serde.
        source: serde_json::Error,
    },
    /// A field's value can't be a token of the subject. Nothing was sent.
    #[error(transparent)]
    Subject(SubjectError),
    /// An option of the message can't hold. Nothing was sent.
    #[error(transparent)]
    Option(PublishError),
    /// The request can't be written as JSON. Nothing was sent.
    #[error("`{name}` can't be written as JSON: {source}")]
    Encode {
        /// The request's wire name.
        name: &'static str,
        /// Error of serde.
        source: serde_json::Error,
    },
    /// The request could not be read from what would be sent. Nothing was sent. This is looked at in a debug
    /// build, and on a test's bus, as [`PublishError::Unreadable`] says.
    #[error("`{name}` can't be read back from what would be sent: {source}")]
    Unreadable {
        /// The request's wire name.
        name: &'static str,
        /// The value that can't be read, and the way out.
        source: Box<ReadBackError>,
    },
    /// Payload and headers are larger than the server takes. Nothing was sent.
    #[error(
        "the request for `{subject}` has {size} bytes with its headers, the server takes {limit} (`max_payload`)"
    )]
    TooLarge {
        /// Subject of the request.
        subject: String,
        /// The message's size in bytes.
        size: usize,
        /// The server's limit in bytes.
        limit: usize,
    },
    /// The bus was closed, before the request was sent or before its reply came.
    #[error("the bus is closed")]
    Closed,
    /// The client failed.
    #[error("can't ask `{subject}`")]
    Client {
        /// Subject of the request.
        subject: String,
        /// The cause.
        source: Box<dyn Error + Send + Sync>,
    },
}

pub(crate) async fn request<R: Request>(
    link: &Link,
    message: &R,
    headers: Headers,
    timeout: Option<Duration>,
    (cloud_events, parent): (Option<&CloudEvents>, &Parent),
) -> Result<R::Reply, RequestError<R::Declared>> {
    let encoded = envelope::encode(message, link.reads_back()).map_err(|fault| match fault {
        EncodeFault::Subject(error) => RequestError::Subject(error),
        EncodeFault::Payload { name, source } => RequestError::Encode { name, source },
        EncodeFault::Unreadable { name, source } => RequestError::Unreadable { name, source },
    })?;
    let declaration = encoded.declaration;
    let mut outgoing = envelope::seal(encoded, headers, || None);
    if let Some(options) = cloud_events {
        envelope::wrap(&mut outgoing, message, options, link.transport.now());
    }
    let request = Sent::new(Operation::Request, declaration, &link.transport);
    let span = link.traces.send(request, parent, &outgoing);
    span.inject(&mut outgoing.headers);
    let sending = link.asks(declaration, &mut outgoing);
    let subject = outgoing.subject.clone();
    let waited = timeout.unwrap_or(link.timeouts.request);
    let replied = match link.transport.request(outgoing, waited).await {
        Ok(reply) => read(subject.as_str(), &reply),
        Err(fault) => {
            let subject = subject.to_string();
            Err(match fault {
                Fault::NoResponders => RequestError::NoResponders { subject },
                Fault::Timeout => RequestError::Timeout { subject, waited, source: None },
                Fault::Away(source @ Outage::RuntimeEnded) => {
                    RequestError::Disconnected { subject, source }
                }
                Fault::Away(outage) => {
                    RequestError::Timeout { subject, waited, source: Some(outage.into()) }
                }
                Fault::TooLarge { size, limit } => RequestError::TooLarge { subject, size, limit },
                Fault::Denied(source) => RequestError::Denied { subject, source },
                Fault::Closed => RequestError::Closed,
                Fault::Client(source) => RequestError::Client { subject, source },
                other @ (Fault::Api(_) | Fault::Unreadable(_) | Fault::WrongStream(_)) => {
                    RequestError::Client { subject, source: other.into() }
                }
            })
        }
    };
    span.end(&replied, |error| error.kind().into());
    sending.replied(replied.as_ref().map(|_| ()));
    replied
}

fn read<T: serde::de::DeserializeOwned, E: DeclaredError>(
    subject: &str,
    reply: &Incoming,
) -> Result<T, RequestError<E>> {
    let code = reply.headers.get(header::SERVICE_ERROR_CODE);
    let description = reply.headers.get(header::SERVICE_ERROR);
    if code.is_some() || description.is_some() {
        // A body that is the declared error is one, whatever its code: services in other
        // languages choose their own.
        return Err(E::from_body(&reply.payload).map_or_else(
            || RequestError::Service {
                subject: subject.to_owned(),
                code: code.and_then(|code| code.parse().ok()).unwrap_or(500),
                description: description.unwrap_or("no description").to_owned(),
                payload: reply.payload.clone(),
            },
            RequestError::Declared,
        ));
    }
    if let Some(stream) = confirmation::of_stream(reply) {
        return Err(RequestError::AnsweredByStream { subject: subject.to_owned(), stream });
    }
    let opened;
    let body = if reply.headers.identify() {
        opened = cloud_event::data_of(&reply.headers, &reply.payload);
        &opened
    } else {
        &reply.payload
    };
    payload::read(body).map_err(|source| RequestError::Decode {
        subject: subject.to_owned(),
        payload: reply.payload.clone(),
        source,
    })
}
