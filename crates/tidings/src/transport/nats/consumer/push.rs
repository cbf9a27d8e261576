//! Messages that an ordered consumer pushes, with the server's flow control: it halts while whoever reads
//! has not come as far as what it asked last.

mod silence;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use async_nats::{Message, StatusCode, Subscriber};
use bytes::Bytes;
use futures_util::{FutureExt as _, StreamExt as _};
use tokio::task::coop::has_budget_remaining;
use tokio::time::Instant;

use self::silence::Silence;
use crate::header::{self, Headers};
use crate::subject::Subject;
use crate::transport::nats::codec::ack_subject::ACK;
use crate::transport::nats::codec::header::NatsHeaders;
use crate::transport::nats::codec::subject::{from_nats, subject_of};
use crate::transport::nats::connection::nats::Nats;
use crate::transport::nats::consumer::receipt::Receipts;
use crate::transport::{
    Denial, DeniedAction, Fault, Incoming, IncomingHeaders, Outgoing, PollInto,
};

/// Beginning of the subjects on which flow control is answered.
const FLOW_CONTROL: &str = "$JS.FC.";

/// Time that a reader may take for what lies between two questions, a megabyte at least.
const SLOW: Duration = Duration::from_secs(1);

/// An answer on its way out.
type Answering = Pin<Box<dyn Future<Output = Result<(), Fault>> + Send>>;

/// The messages that a consumer pushes.
pub(crate) struct NatsPush {
    nats: Nats,
    consumer: String,
    messages: Subscriber,
    receipts: Receipts,
    /// Number of deliveries, with the message that was yielded last.
    number: u64,
    silence: Silence,
    /// Instant since which there was always something to read.
    behind: Option<Instant>,
    answering: Option<Answering>,
    /// `true` if a message has come since all else was looked at.
    has_come: bool,
    /// Resolves when the connection has come back: what was pushed meanwhile is lost.
    reconnected: Pin<Box<dyn Future<Output = ()> + Send>>,
    /// Resolves when the server does not allow the inbox, or the answers.
    denied: Pin<Box<dyn Future<Output = Denial> + Send>>,
}

/// Meaning of what came.
enum Came {
    Message,
    /// A sign of life, or what is no concern of this consumer.
    Nothing,
    /// Messages were lost before this one.
    Gap,
    /// The reader is slow.
    Slow,
}

impl NatsPush {
    /// Listens on an inbox, to which a consumer of this name is then to push.
    pub(crate) async fn listen(
        nats: &Nats,
        stream: &str,
        consumer: &str,
        inbox: &Subject,
    ) -> Result<Self, Fault> {
        let subscribing = nats.client().subscribe(subject_of(inbox.clone()));
        let messages = nats.in_time(async { subscribing.await.map_err(|_| nats.gone()) }).await?;
        Ok(Self {
            nats: nats.clone(),
            consumer: consumer.to_owned(),
            messages,
            receipts: Receipts::of(stream, consumer),
            number: 0,
            silence: Silence::new(),
            behind: None,
            answering: None,
            has_come: false,
            reconnected: nats.reconnected(),
            denied: denied(nats, inbox, consumer),
        })
    }

    /// Name of its consumer.
    pub(crate) fn consumer(&self) -> &str {
        &self.consumer
    }

    /// Number of deliveries, with the message that was yielded last.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    fn read(&mut self, message: Message, into: &mut Incoming) -> Came {
        let is_acked = message.reply.as_ref().is_some_and(|reply| reply.starts_with(ACK));
        if message.status.is_some() && !is_acked {
            return self.status(&message);
        }
        let receipt = message.reply.as_ref().and_then(|reply| self.receipts.read(reply));
        let Some((receipt, number)) = receipt else {
            let (consumer, subject) = (&*self.consumer, message.subject.as_str());
            tracing::warn!(
                consumer,
                subject,
                "a message that its consumer did not deliver is left out"
            );
            return Came::Nothing;
        };
        self.silence.end();
        self.behind.get_or_insert_with(Instant::now);
        self.number = number;
        let Message { subject, headers, payload, .. } = message;
        into.subject = from_nats(subject);
        into.reply = None;
        into.headers = IncomingHeaders::nats(headers.map(NatsHeaders::new));
        into.payload = payload;
        into.receipt = Some(receipt);
        into.settle = None;
        Came::Message
    }

    /// Takes the server's word: a heartbeat, or a question whether so much has been read.
    #[cold]
    fn status(&mut self, message: &Message) -> Came {
        if message.status != Some(StatusCode::IDLE_HEARTBEAT) {
            return Came::Nothing;
        }
        self.silence.end();
        let header = |name| message.headers.as_ref().and_then(|headers| headers.get(name));
        let stalled = header(header::CONSUMER_STALLED).map(async_nats::HeaderValue::as_str);
        let asked = message.reply.as_deref().or(stalled);
        if let Some(asked) = asked {
            // Each answer lets the server send more ahead.
            let now = Instant::now();
            if self.behind.replace(now).is_some_and(|since| now - since >= SLOW) {
                return Came::Slow;
            }
            self.answer(asked);
        }
        let last: Option<u64> =
            header(header::LAST_CONSUMER).and_then(|last| last.as_str().parse().ok());
        if last.is_some_and(|last| last != self.number) { Came::Gap } else { Came::Nothing }
    }

    /// Lets the server go on: all is read that came before it asked.
    fn answer(&mut self, subject: &str) {
        // Whoever knows the inbox could have anything published else.
        let is_own = subject.split('.').any(|token| token == self.consumer);
        if !subject.starts_with(FLOW_CONTROL) || !is_own {
            return;
        }
        let subject = Subject::from(subject.to_owned());
        let answer = Outgoing { subject, headers: Headers::new(), payload: Bytes::new() };
        let nats = self.nats.clone();
        self.answering = Some(Box::pin(async move { nats.publish(&answer, None).await }));
    }

    /// Notices what goes wrong, while nothing comes.
    fn poll_other(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<(), Fault>>> {
        self.behind = None;
        if self.reconnected.poll_unpin(cx).is_ready() {
            return Poll::Ready(Some(Err(Fault::NoResponders)));
        }
        if let Poll::Ready(denial) = self.denied.poll_unpin(cx) {
            return Poll::Ready(Some(Err(match denial.action {
                DeniedAction::Subscribe => Fault::Denied(denial),
                // A pull consumer works where flow control may not be answered.
                DeniedAction::Publish => Fault::client("flow control may not be answered"),
            })));
        }
        self.silence.poll(cx).map(|()| Some(Err(self.nats.too_late())))
    }
}

/// Resolves when the server does not allow to listen on `inbox`, or to answer a consumer's flow control.
fn denied(
    nats: &Nats,
    inbox: &Subject,
    consumer: &str,
) -> Pin<Box<dyn Future<Output = Denial> + Send>> {
    let (inbox, consumer) = (inbox.clone(), consumer.to_owned());
    nats.shared.main.denials.next(move |denial| match denial.action {
        DeniedAction::Publish => {
            denial.subject.starts_with(FLOW_CONTROL) && denial.subject.contains(&consumer)
        }
        DeniedAction::Subscribe => denial.subject == inbox.as_str(),
    })
}

impl PollInto for NatsPush {
    #[inline]
    fn poll_into(
        &mut self,
        cx: &mut Context<'_>,
        into: &mut Incoming,
    ) -> Poll<Option<Result<(), Fault>>> {
        loop {
            if let Some(answering) = &mut self.answering
                && let Poll::Ready(answered) = answering.poll_unpin(cx)
            {
                self.answering = None;
                if let Err(fault) = answered {
                    return Poll::Ready(Some(Err(fault)));
                }
            }
            match self.messages.poll_next_unpin(cx) {
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Ready(Some(message)) => match self.read(message, into) {
                    Came::Message => {
                        self.has_come = true;
                        return Poll::Ready(Some(Ok(())));
                    }
                    Came::Nothing => {}
                    Came::Gap => return Poll::Ready(Some(Err(Fault::Timeout))),
                    Came::Slow => {
                        return Poll::Ready(Some(Err(Fault::client("whoever reads is slow"))));
                    }
                },
                // Those that come in a moment are read together, before all else is looked at; and a task that has had its
                // turn is told nothing of what is here (tokio's budget).
                Poll::Pending if !has_budget_remaining() || std::mem::take(&mut self.has_come) => {
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Poll::Pending => return self.poll_other(cx),
            }
        }
    }
}

impl fmt::Debug for NatsPush {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NatsPush").field("consumer", &self.consumer).finish_non_exhaustive()
    }
}
