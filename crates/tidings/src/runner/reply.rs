//! Answering a request: the reply, or an error as ADR-32 writes it.

use bytes::Bytes;
use tokio::time::timeout;

use super::handled::Handled;
use super::settle::Why;
use crate::header::{self, Headers};
use crate::link::Link;
use crate::message::Outcome;
use crate::request;
use crate::subject::Subject;
use crate::text::Text;
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

/// Sends the answer; an asker is never left waiting. Nor is the handler's place kept for a server
/// that is away: whoever asked has given up when it comes back.
pub(super) async fn reply(link: &Link, to: Subject, handled: Handled) -> Result<(), Fault> {
    timeout(link.patience.request, send(link, to, handled)).await.map_err(|_| Fault::Timeout)?
}

async fn send(link: &Link, to: Subject, handled: Handled) -> Result<(), Fault> {
    let (headers, payload) = answer(handled);
    let subject = to.clone();
    let sent = link.transport.publish(&Outgoing { subject: to, headers, payload }).await;
    let Err(Fault::TooLarge { size, limit }) = sent else { return sent };
    let (headers, payload) =
        error(FAILED, &format!("the reply has {size} bytes, the server takes {limit}"), None);
    let report = Outgoing { subject, headers, payload };
    Box::pin(link.transport.publish(&report)).await
}

fn answer(handled: Handled) -> (Headers, Bytes) {
    match handled {
        Handled::Returned(Outcome::Reply(body)) => (marks(&body), body.into()),
        Handled::Returned(Outcome::Done) => (Headers::new(), Bytes::new()),
        Handled::Returned(Outcome::Declared { description, body }) => {
            error(DECLARED, &description, Some(body))
        }
        Handled::Returned(Outcome::Failed(failure)) => error(FAILED, &failure.to_string(), None),
        Handled::Panicked(text) => error(FAILED, &format!("the handler panicked: {text}"), None),
        Handled::Undecodable(why) => error(UNREADABLE, &why.to_string(), None),
        Handled::Overdue(_) => error(OVERDUE, &Why(&handled).to_string(), None),
        Handled::UsedUp => error(FAILED, &Why(&handled).to_string(), None),
        Handled::Aborted => error(UNAVAILABLE, "the service is shutting down", None),
    }
}

/// What tells a reply from a stream's confirmation, where its text does not.
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

/// One line of bounded length: a line break would end the header.
fn line(text: &str) -> Text {
    let line: String =
        text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MOST_DESCRIPTION).collect();
    match line.trim() {
        "" => Text::from("no description"),
        line => Text::from(line.to_owned()),
    }
}

/// Logs what went wrong with a message that does not come again, asked or told.
pub(super) fn report(route: &str, handled: &Handled) {
    match handled {
        Handled::Returned(Outcome::Failed(failure)) => {
            tracing::error!(route, %failure, "a handler failed");
        }
        Handled::Panicked(panic) => {
            tracing::error!(route, panic, "a handler panicked");
        }
        Handled::Undecodable(error) => {
            tracing::error!(route, %error, "a message could not be decoded");
        }
        Handled::Overdue(_) | Handled::UsedUp => {
            tracing::error!(route, why = %Why(handled), "a handler did not end");
        }
        Handled::Aborted => tracing::warn!(route, "a handler was dropped by the shutdown"),
        Handled::Returned(_) => {}
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
