//! Sending a stream's message until the stream says that it has it, or has it not.

mod copies;
mod own;
mod question;
mod stream_ack;
mod stream_check;

pub(crate) use copies::Copies;
pub(crate) use own::is_own;
pub(crate) use question::ask;
pub(crate) use stream_ack::of_stream;
pub(crate) use stream_check::{StreamCheck, check_stream};

use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use crate::link::Link;
use crate::publish_ack::PublishAck;
use crate::subject::Subject;
use crate::transport::{ApiError, Fault, Outgoing};

/// The duplicate window of a stream that declares none, as NATS's.
pub(crate) const WINDOW: Duration = Duration::from_secs(120);

/// Reason why a message is not confirmed.
#[derive(Debug)]
pub(crate) enum Unstored {
    /// Refused by the server, with its words.
    Refused(Fault),
    /// Unstored: nobody led the stream.
    Leaderless,
    /// Not sent: the connection did not take the message.
    Unsent,
    /// Sent, and neither confirmed nor refused.
    Unconfirmed,
}

/// A message that was sent once.
#[derive(Debug)]
pub(crate) struct Resend<'a> {
    pub(crate) link: &'a Link,
    pub(crate) stream: &'a str,
    pub(crate) message: &'a Outgoing,
    /// Subject by which the stream keeps it: another than the message's own where that leads elsewhere first.
    pub(crate) subject: &'a Subject,
    /// Time for which the stream knows its id, as declared.
    pub(crate) window: Duration,
    /// Instant of the first sending.
    pub(crate) at: Instant,
    pub(crate) deadline: Instant,
}

impl Resend<'_> {
    /// Goes on after this came of the first copy: the same message with the same id is sent again,
    /// until the deadline. Once a copy may be stored, it is sent no more when the stream may have
    /// forgotten its id.
    pub(crate) async fn until_confirmed(&self, mut fault: Fault) -> Result<PublishAck, Unstored> {
        let mut copies = Copies::until(self.deadline);
        let (mut unanswered, mut leaderless) = (false, false);
        loop {
            match &fault {
                Fault::Timeout => {
                    unanswered = true;
                    // Somebody else may listen on its subject.
                    if let StreamCheck::Uncovered(_) = self.check_stream().await {
                        return Err(Unstored::Refused(Fault::NoResponders));
                    }
                }
                // It was sent, and nobody will say what became of it.
                Fault::Closed | Fault::Away(_) => return Err(Unstored::Unconfirmed),
                Fault::NoResponders => match self.check_stream().await {
                    StreamCheck::Covered | StreamCheck::Unanswered => leaderless = true,
                    StreamCheck::Uncovered(_) => return Err(Unstored::Refused(fault)),
                    StreamCheck::Unknown => leaderless = false,
                },
                // An earlier copy waits for a quorum: it may be stored yet.
                Fault::Api(error) if error.code == ApiError::IN_PROCESS => unanswered = true,
                Fault::Api(error) if error.is_passing() => {}
                // What is expected of sequences is looked at before the id: the message that is in
                // the way may be the earlier copy.
                Fault::Api(error) if unanswered && error.is_conflict() => {
                    match ask(self.link, self.stream, self.message, self.answer_deadline()).await {
                        Ok(Some(ack)) => return Ok(self.without_own_duplicate(ack).await),
                        Ok(None) => return Err(Unstored::Refused(fault)),
                        Err(_) => {}
                    }
                }
                _ => return Err(Unstored::Refused(fault)),
            }
            if unanswered {
                copies.shorten(self.at.checked_add(self.window));
            }
            if !copies.wait().await {
                return Err(match fault {
                    _ if unanswered => Unstored::Unconfirmed,
                    Fault::NoResponders if leaderless => Unstored::Leaderless,
                    fault => Unstored::Refused(fault),
                });
            }
            let ack = match timeout_at(self.deadline, self.link.transport.store(self.message)).await
            {
                Ok(Ok(ack)) => ack,
                // An earlier copy may be stored, whatever happens to this one.
                _ if unanswered => return Err(Unstored::Unconfirmed),
                Ok(Err(fault)) => return Err(Unstored::Refused(fault)),
                Err(_) => return Err(Unstored::Unsent),
            };
            let answer = timeout_at(self.answer_deadline(), ack).await;
            fault = match answer.map(|answer| of_stream(answer?, self.stream)) {
                Ok(Ok(ack)) if unanswered => return Ok(self.without_own_duplicate(ack).await),
                Ok(Ok(ack)) => return Ok(ack),
                Ok(Err(fault)) => fault,
                Err(_) => Fault::Timeout,
            };
        }
    }

    /// Instant until which one answer is waited for.
    fn answer_deadline(&self) -> Instant {
        self.deadline.min(Instant::now() + self.link.timeouts.ack)
    }

    async fn check_stream(&self) -> StreamCheck {
        let subjects = [self.subject.as_str()];
        // Half as long as an ack: where nobody answers, the next copy is due.
        let by = self.deadline.min(Instant::now() + self.link.timeouts.ack / 2);
        check_stream(self.link, self.stream, subjects, by).await
    }

    /// Judges a duplicate: what a later copy was told is a duplicate may be the duplicate of an
    /// earlier copy.
    async fn without_own_duplicate(&self, mut ack: PublishAck) -> PublishAck {
        if ack.duplicate
            && is_own(self.link, &ack, self.message, self.at, self.answer_deadline()).await
        {
            ack.duplicate = false;
        }
        ack
    }
}
