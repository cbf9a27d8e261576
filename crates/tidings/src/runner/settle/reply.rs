//! Answering a request: the reply, or an error as ADR-32 writes it.
//!
//! Of a handler's own errors an asker is told a reference, under which the log has the text; see
//! [`Failure`](crate::Failure).

use std::fmt;

use bytes::Bytes;
use tokio::time::timeout;
use tracing::field::display;
use uuid::Uuid;

use crate::header::{self, Headers};
use crate::link::Link;
use crate::message::Outcome;
use crate::request;
use crate::runner::active_route::ErrorDetail;
use crate::runner::policy::handler_exit::HandlerExit;
use crate::subject::Subject;
use crate::text::Text;
use crate::traces::HandlerSpan;
use crate::transport::{Fault, Outgoing};

/// The request can't be read.
const UNREADABLE: &str = "400";
/// The handler answered with the declared error.
const DECLARED: &str = "422";
/// The handler failed.
const FAILED: &str = "500";
/// The handler did not end in time.
const OVERDUE: &str = "504";
/// The service is shutting down.
const UNAVAILABLE: &str = "503";

/// The most of a description that goes into a header, in characters.
const MOST_DESCRIPTION: usize = 512;

/// Sends the answer; an asker is never left waiting. Nor is the handler's permit kept for a server
/// that is away: whoever asked has given up when it comes back.
pub(crate) async fn reply(
    link: &Link,
    to: Subject,
    handled: HandlerExit,
    told: Option<&ErrorReply>,
    span: &HandlerSpan,
) -> Result<(), Fault> {
    let sent = timeout(link.timeouts.request, send(link, to, handled, told, span));
    sent.await.map_err(|_| Fault::Timeout)?
}

async fn send(
    link: &Link,
    to: Subject,
    handled: HandlerExit,
    told: Option<&ErrorReply>,
    span: &HandlerSpan,
) -> Result<(), Fault> {
    let (mut headers, payload) = answer(handled, told);
    span.inject(&mut headers);
    let subject = to.clone();
    let sent = link.transport.publish(&Outgoing { subject: to, headers, payload }).await;
    let Err(Fault::TooLarge { size, limit }) = sent else { return sent };
    let (headers, payload) =
        error(FAILED, &format!("the reply has {size} bytes, the server takes {limit}"), None);
    let report = Outgoing { subject, headers, payload };
    Box::pin(link.transport.publish(&report)).await
}

/// An error of which a handler did not say what askers are to know.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reference(Uuid);

impl fmt::Display for Reference {
    /// Writes as many digits as no two errors of a log have in common.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.simple().to_string();
        f.write_str(&digits[digits.len() - 12..])
    }
}

/// The error that whoever asked is told, if it is one.
#[derive(Debug)]
pub(crate) struct ErrorReply {
    code: &'static str,
    description: String,
    /// Reference under which the log has what they are not told.
    reference: Option<Reference>,
}

impl ErrorReply {
    pub(crate) fn of(handled: &HandlerExit, telling: ErrorDetail) -> Option<Self> {
        let everything = telling == ErrorDetail::Full;
        let told = |code, description| Self { code, description, reference: None };
        Some(match handled {
            HandlerExit::Returned(Outcome::Reply(_) | Outcome::Done) => return None,
            HandlerExit::Returned(Outcome::Declared { description, .. }) => {
                told(DECLARED, description.clone())
            }
            HandlerExit::Returned(Outcome::Failed(failure)) => match failure.for_askers() {
                Some(text) => told(FAILED, text.to_owned()),
                None if everything => told(FAILED, failure.to_string()),
                None => Self::referring(),
            },
            HandlerExit::Panicked(text) if everything => {
                told(FAILED, format!("the handler panicked: {text}"))
            }
            HandlerExit::Panicked(_) => Self::referring(),
            HandlerExit::Undecodable(why) => told(UNREADABLE, why.to_string()),
            HandlerExit::Overdue(_) => told(OVERDUE, handled.to_string()),
            HandlerExit::UsedUp => told(FAILED, handled.to_string()),
            HandlerExit::Aborted => told(UNAVAILABLE, "the service is shutting down".to_owned()),
        })
    }

    fn referring() -> Self {
        let reference = Reference(Uuid::now_v7());
        let description = format!("the service failed; its log has the reason under {reference}");
        Self { code: FAILED, description, reference: Some(reference) }
    }

    pub(crate) fn description(&self) -> &str {
        &self.description
    }
}

fn answer(handled: HandlerExit, told: Option<&ErrorReply>) -> (Headers, Bytes) {
    match (handled, told) {
        (HandlerExit::Returned(Outcome::Reply(body)), _) => (marks(&body), body.into()),
        (HandlerExit::Returned(Outcome::Declared { body, .. }), Some(told)) => {
            error(told.code, &told.description, Some(body))
        }
        (_, Some(told)) => error(told.code, &told.description, None),
        (_, None) => (Headers::new(), Bytes::new()),
    }
}

/// Marks a reply as none of a stream's confirmations, where its text does not.
fn marks(body: &[u8]) -> Headers {
    let mut headers = Headers::new();
    if request::stream_of(body).is_some() {
        headers.push(header::REPLY, "1");
    }
    headers
}

fn error(code: &'static str, description: &str, body: Option<Vec<u8>>) -> (Headers, Bytes) {
    let mut headers = Headers::new();
    headers.push(header::SERVICE_ERROR, line(description));
    headers.push(header::SERVICE_ERROR_CODE, code);
    (headers, body.unwrap_or_default().into())
}

/// Text as one line of bounded length: a line break would end the header.
fn line(text: &str) -> Text {
    let line: String =
        text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MOST_DESCRIPTION).collect();
    match line.trim() {
        "" => Text::from("no description"),
        line => Text::from(line.to_owned()),
    }
}

/// Logs what went wrong with a message that does not come again, asked or told.
pub(crate) fn report(route: &str, handled: &HandlerExit, told: Option<&ErrorReply>) {
    let reference = told.and_then(|told| told.reference).map(display);
    match handled {
        HandlerExit::Returned(Outcome::Failed(failure)) => {
            tracing::error!(route, reference, %failure, "a handler failed");
        }
        HandlerExit::Panicked(panic) => {
            tracing::error!(route, reference, panic, "a handler panicked");
        }
        HandlerExit::Undecodable(error) => {
            tracing::error!(route, %error, "a message could not be decoded");
        }
        HandlerExit::Overdue(_) | HandlerExit::UsedUp => {
            tracing::error!(route, why = %handled, "a handler did not end");
        }
        HandlerExit::Aborted => tracing::warn!(route, "a handler was dropped by the shutdown"),
        HandlerExit::Returned(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_is_one_line() {
        assert_eq!(line("a\r\nb").as_str(), "a  b");
        assert_eq!(line(" \n").as_str(), "no description");
        assert_eq!(line(&"x".repeat(9999)).as_str().len(), MOST_DESCRIPTION);
    }
}
