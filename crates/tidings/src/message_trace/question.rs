//! Question for the way of a message: sent with the headers that make servers tell it.

use std::future::IntoFuture;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use tokio::time::{Instant, timeout_at};

use super::error::TraceError;
use super::report::{MessageTraceReport, ServerTrace};
use crate::header::{self, HeaderError, Headers};
use crate::jitter::FAR;
use crate::link::Link;
use crate::subject::Subject;
use crate::transport::{Fault, Outgoing, Transport};

/// Maximum number of servers that are listened to: whoever can publish can answer.
const MOST: usize = 10_000;

/// Tracing of a message's way, made by `Bus::trace`: await it, or first say more.
///
/// # Errors
/// Awaited, [`TraceError`].
///
/// # Cancel safety
/// Dropping the future forgets the answers. The message may have been sent; only with
/// [`deliver`](Self::deliver) anybody gets it.
#[derive(Debug)]
#[must_use = "await it to trace a message"]
pub struct MessageTrace {
    link: Link,
    subject: String,
    headers: Headers,
    refused: Option<HeaderError>,
    payload: Bytes,
    delivers: bool,
    within: Duration,
}

impl MessageTrace {
    pub(crate) fn new(link: Link, subject: String) -> Self {
        Self {
            link,
            subject,
            headers: Headers::new(),
            refused: None,
            payload: Bytes::new(),
            delivers: false,
            within: Duration::from_secs(2),
        }
    }

    /// Sends this payload; the default is none. Only its size matters, unless it is delivered.
    pub fn payload(mut self, payload: impl Into<Bytes>) -> Self {
        self.payload = payload.into();
        self
    }

    /// Adds a header. One that can't be sent is refused when the message is.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        if let Err(error) = self.headers.append(name, value) {
            self.refused.get_or_insert(error);
        }
        self
    }

    /// Delivers the message, too: subscriptions get it, and streams store it. Without this it reaches nobody.
    pub fn deliver(mut self) -> Self {
        self.delivers = true;
        self
    }

    /// Waits for the servers' answers so long at most; the default is 2 s. It ends sooner where all have answered.
    pub fn within(mut self, time: Duration) -> Self {
        self.within = time.min(FAR);
        self
    }

    async fn ask(self) -> Result<MessageTraceReport, TraceError> {
        let Self { link, subject, mut headers, refused, payload, delivers, within } = self;
        if let Some(error) = refused {
            return Err(error.into());
        }
        if let Err(problem) = tidings_subject::check_subject(&subject) {
            return Err(TraceError::Subject { subject, problem: problem.to_string() });
        }
        if !matches!(link.transport, Transport::Nats(_)) {
            return Err(TraceError::InMemory);
        }
        let failed = |fault| TraceError::of(fault, &subject, within);
        let (inbox, end) = (link.transport.new_inbox(), Instant::now() + within);
        headers.push(header::TRACE_DEST, inbox.to_string());
        if !delivers {
            headers.push(header::TRACE_ONLY, "true");
        }
        let message = Outgoing { subject: Subject::from(subject.clone()), headers, payload };
        let asked = async {
            let answers = link.transport.subscribe(inbox, None).await?;
            link.transport.publish(&message).await?;
            Ok(answers)
        };
        let Ok(asked) = timeout_at(end, asked).await else {
            let fault = link.transport.outage().map_or(Fault::Timeout, Fault::Away);
            return Err(failed(fault));
        };
        let mut answers = asked.map_err(failed)?;
        let mut report = MessageTraceReport::default();
        while !report.is_complete()
            && report.servers.len() < MOST
            && let Ok(Some(answer)) = timeout_at(end, answers.next()).await
        {
            // Somebody else's words on this inbox are none of a server.
            if let Some(server) = ServerTrace::read(&answer.map_err(failed)?.payload) {
                report.servers.push(server);
            }
        }
        if report.servers.is_empty() {
            return Err(TraceError::Unanswered { subject, waited: within });
        }
        report.sort();
        Ok(report)
    }
}

impl IntoFuture for MessageTrace {
    type Output = Result<MessageTraceReport, TraceError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.ask())
    }
}
