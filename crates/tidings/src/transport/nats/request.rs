//! Messages on their way to the client, and what is to be answered.

pub(crate) mod publish_ack;

use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use async_nats::Message;
use async_nats::client::{PublishError, PublishErrorKind};
use tokio::time::Instant;

use crate::subject::Subject;
use crate::transport::nats::codec::header;
use crate::transport::nats::codec::message;
use crate::transport::nats::codec::subject::{Moved, checked};
use crate::transport::nats::connection::nats::Nats;
use crate::transport::nats::connection::role::Role;
use crate::transport::nats::connection::timeout::SEND_TIMEOUT;
use crate::transport::nats::reply::coalescer::Put;
use crate::transport::nats::reply::queued_request::QueuedRequest;
use crate::transport::nats::reply::{Replies, Reply};
use crate::transport::nats::request::publish_ack::NatsAck;
use crate::transport::{Fault, Incoming, Outgoing, PendingAck};

/// Gives a message to the client: `$given` is the pinned future of that, which nobody can name.
macro_rules! give {
    ($self:ident, $message:ident, $subject:expr, $reply:expr, $given:ident => $await:expr) => {{
        if $self.shared.closed.load(Ordering::Relaxed) {
            return Err(Fault::Closed).into();
        }
        let headers = match header::to_nats(&$message.headers) {
            Ok(headers) => headers,
            Err(fault) => return Err(fault).into(),
        };
        let (client, payload) = ($self.client(), $message.payload.clone());
        let subject = Moved::from($subject);
        match ($reply.map(Moved::from), headers) {
            (None, None) => {
                let $given = pin!(client.publish(subject, payload));
                $await
            }
            (None, Some(headers)) => {
                let $given = pin!(client.publish_with_headers(subject, headers, payload));
                $await
            }
            (Some(reply), None) => {
                let $given = pin!(client.publish_with_reply(subject, reply, payload));
                $await
            }
            (Some(reply), Some(headers)) => {
                let $given =
                    pin!(client.publish_with_reply_and_headers(subject, reply, headers, payload));
                $await
            }
        }
    }};
}

impl Nats {
    /// Sends a message if the client has room for it now, as it nearly always has. Where it is
    /// pending nothing has happened, and [`publish`](Self::publish) is to be awaited.
    pub(crate) fn publish_at_once(
        &self,
        message: &mut Outgoing,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Fault>> {
        // What is held goes first.
        let is_next = self.shared.coalescer.is_closed();
        if !is_next || self.shared.main.denials.has_publish(message.subject.as_str()) {
            return Poll::Pending;
        }
        let subject = checked(&message.subject)?;
        self.give_at_once(message, subject, None, cx)
    }

    /// Sends a message; `Ok` means handed to the connection. Where the subject was denied before,
    /// it waits until the server has seen this one too, and so knows whether it is allowed now.
    pub(crate) async fn publish(
        &self,
        message: &Outgoing,
        reply: Option<Subject>,
    ) -> Result<(), Fault> {
        let reply = reply.as_ref().map(checked).transpose()?;
        let subject = checked(&message.subject)?;
        self.shared.coalescer.closed().await;
        if !self.shared.main.denials.has_publish(message.subject.as_str()) {
            return self.give(message, subject, reply).await;
        }
        // Boxed: it is rare, and a publish of its own.
        Box::pin(self.publish_where_denied(message, subject, reply)).await
    }

    async fn publish_where_denied(
        &self,
        message: &Outgoing,
        to: async_nats::Subject,
        reply: Option<async_nats::Subject>,
    ) -> Result<(), Fault> {
        let (denials, subject) = (&self.shared.main.denials, message.subject.as_str());
        let before = denials.last();
        self.give(message, to, reply).await?;
        self.allowed_on(Role::Main, SEND_TIMEOUT).await?;
        let denial = denials.publish_after(before, subject);
        denials.settle(subject, denial.is_none());
        denial.map_or(Ok(()), |denial| Err(Fault::Denied(denial)))
    }

    /// Sends the message if the client has room for it now. Where it is pending nothing has
    /// happened, and [`store`](Self::store) is to be awaited.
    pub(crate) fn store_at_once(
        &self,
        message: &Outgoing,
        by: Instant,
        cx: &mut Context<'_>,
    ) -> Poll<Result<PendingAck, Fault>> {
        let reply =
            ready!(self.question_at_once(message, &self.shared.main.answers, Some(by), cx))?;
        Poll::Ready(Ok(PendingAck::Nats(NatsAck { reply, timed: true })))
    }

    /// Sends the message now; its ack is awaited apart, so that the next can follow at once.
    pub(crate) async fn store(&self, message: &Outgoing) -> Result<PendingAck, Fault> {
        Ok(PendingAck::Nats(NatsAck { reply: self.question(message).await?, timed: false }))
    }

    /// Sends a message that is to be answered by then, if the client has room for it now.
    fn question_at_once(
        &self,
        message: &Outgoing,
        answered: &Replies,
        by: Option<Instant>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Reply, Fault>> {
        // Who tells that it is late may not run while this does: then whoever asks looks.
        if !self.is_on_own_runtime() {
            return Poll::Pending;
        }
        let subject = checked(&message.subject)?;
        let Some(expected) = answered.expect_now(subject.clone(), by) else {
            return Poll::Pending;
        };
        let (inbox, reply) = expected.map_err(|fault| self.told(fault))?;
        if !self.shared.coalescer.is_closed() {
            ready!(self.hold(message, subject, inbox, cx))?;
            return Poll::Ready(Ok(reply));
        }
        ready!(self.give_at_once(message, subject, Some(inbox), cx))?;
        Poll::Ready(Ok(reply))
    }

    /// Holds a question for a moment, while others are held too.
    fn hold(
        &self,
        message: &Outgoing,
        subject: async_nats::Subject,
        reply: async_nats::Subject,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Fault>> {
        if self.is_closed() {
            return Poll::Ready(Err(Fault::Closed));
        }
        self.check_size(message)?;
        let headers = header::to_nats(&message.headers)?;
        let question = QueuedRequest { subject, reply, headers, payload: message.payload.clone() };
        match self.shared.coalescer.put(question) {
            Put::Held => Poll::Ready(Ok(())),
            Put::PassedOn(question) => {
                let given = pin!(question.give(self.client())).poll(cx);
                given.map_err(|error| self.refused(message, error))
            }
            Put::Full => Poll::Pending,
        }
    }

    /// Sends a message that the server itself is to answer; gives the answer to come.
    pub(crate) async fn question(&self, message: &Outgoing) -> Result<Reply, Fault> {
        self.question_to(message, &self.shared.main.answers).await
    }

    async fn question_to(&self, message: &Outgoing, answered: &Replies) -> Result<Reply, Fault> {
        let subject = checked(&message.subject)?;
        let expected = answered.expect(subject.clone()).await;
        let (inbox, reply) = expected.map_err(|fault| self.told(fault))?;
        // Questions do not overtake each other.
        self.shared.coalescer.closed().await;
        self.give(message, subject, Some(inbox)).await?;
        Ok(reply)
    }

    /// Asks another program.
    pub(crate) async fn request(
        &self,
        message: Outgoing,
        within: Duration,
    ) -> Result<Incoming, Fault> {
        self.answered(message, &self.shared.replies, within, message::incoming).await
    }

    /// Asks the server.
    pub(crate) async fn ask_server(
        &self,
        message: Outgoing,
        within: Duration,
    ) -> Result<Incoming, Fault> {
        self.answered(message, &self.shared.main.answers, within, message::incoming).await
    }

    /// Asks the server, and gives its answer with its status.
    pub(crate) async fn ask_server_for_status(
        &self,
        message: Outgoing,
        within: Duration,
    ) -> Result<Message, Fault> {
        self.answered(message, &self.shared.main.answers, within, |answer| answer).await
    }

    async fn answered<T>(
        &self,
        message: Outgoing,
        by_whom: &Replies,
        within: Duration,
        read: impl Fn(Message) -> T,
    ) -> Result<T, Fault> {
        // Later than there is any time is never.
        if let Some(by) = Instant::now().checked_add(within) {
            let sent =
                poll_fn(|cx| Poll::Ready(self.question_at_once(&message, by_whom, Some(by), cx)));
            if let Poll::Ready(sent) = sent.await {
                let answer = sent?;
                // A request without time has no answer, however fast the server is.
                if within.is_zero() {
                    return Err(self.too_late());
                }
                return match answer.await {
                    Ok(answer) => Ok(read(answer)),
                    Err(fault) => Err(self.told(fault)),
                };
            }
        }
        // One deadline around everything: offline, the send itself can wait for ever.
        let asked = async {
            let answer = self.question_to(&message, by_whom).await?;
            if within.is_zero() {
                return Err(Fault::Timeout);
            }
            answer.await.map(&read)
        };
        let in_time = Box::pin(tokio::time::timeout(within, asked));
        in_time.await.unwrap_or(Err(Fault::Timeout)).map_err(|fault| self.told(fault))
    }

    /// Adds to a fault what is known of the connection.
    #[cold]
    pub(crate) fn told(&self, fault: Fault) -> Fault {
        match fault {
            Fault::Timeout => self.too_late(),
            Fault::Closed => self.gone(),
            fault => fault,
        }
    }

    pub(crate) async fn give(
        &self,
        message: &Outgoing,
        subject: async_nats::Subject,
        reply: Option<async_nats::Subject>,
    ) -> Result<(), Fault> {
        let given = give!(self, message, subject, reply, given => given.await);
        given.map_err(|error| self.refused(message, error))
    }

    pub(crate) fn give_at_once(
        &self,
        message: &Outgoing,
        subject: async_nats::Subject,
        reply: Option<async_nats::Subject>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Fault>> {
        let given = give!(self, message, subject, reply, given => given.poll(cx));
        given.map_err(|error| self.refused(message, error))
    }

    #[cold]
    fn refused(&self, message: &Outgoing, error: PublishError) -> Fault {
        match error.kind() {
            // The server would answer it by closing the connection.
            PublishErrorKind::MaxPayloadExceeded => {
                Fault::TooLarge { size: size_of(message), limit: self.max_payload() }
            }
            // The client takes no more messages.
            PublishErrorKind::Send => self.gone(),
            PublishErrorKind::InvalidSubject => Fault::client(error),
        }
    }

    /// Refuses what the client would refuse, before anything of it is sent.
    pub(crate) fn check_size(&self, message: &Outgoing) -> Result<(), Fault> {
        let (size, limit) = (size_of(message), self.max_payload());
        if size > limit { Err(Fault::TooLarge { size, limit }) } else { Ok(()) }
    }
}

/// Size of a message as the server counts it, in bytes.
fn size_of(message: &Outgoing) -> usize {
    message.payload.len() + message.headers.wire_len()
}
