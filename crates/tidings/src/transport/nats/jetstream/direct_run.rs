//! Messages of one subject in order, several with one question (ADR-31, server 2.11).

use std::fmt;
use std::time::Duration;

use async_nats::{StatusCode, Subscriber};
use bytes::Bytes;
use futures_util::StreamExt as _;
use tokio::time::timeout;

use crate::header::Headers;
use crate::subject::Subject;
use crate::transport::nats::codec::subject::{checked, subject_of};
use crate::transport::nats::connection::nats::Nats;
use crate::transport::nats::jetstream::direct::direct;
use crate::transport::{Fault, Outgoing, StoredMessage};

/// How long nothing may come.
const QUIET: Duration = Duration::from_secs(5);
/// The status of the end of what was asked for.
const END: u16 = 204;

#[derive(serde::Serialize)]
struct Question<'a> {
    seq: u64,
    next_by_subj: &'a str,
    batch: usize,
    max_bytes: usize,
}

/// The answers to one question.
pub(crate) struct NatsRun {
    nats: Nats,
    answers: Subscriber,
    end: Option<End>,
    any: bool,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// All came that was asked for, or that there is.
    Whole,
    /// There is no such way, or something came between.
    Broken,
}

impl Nats {
    /// Asks for the messages of a subject from a sequence on: so many at most, and so many bytes.
    pub(crate) async fn run(
        &self,
        stream: &str,
        subject: &Subject,
        from: u64,
        count: usize,
        bytes: usize,
    ) -> Result<NatsRun, Fault> {
        let question =
            Question { seq: from, next_by_subj: subject.as_str(), batch: count, max_bytes: bytes };
        let payload = serde_json::to_vec(&question).map_err(Fault::client)?;
        let question = Outgoing {
            subject: self.shared.api_subject(format_args!("DIRECT.GET.{stream}")),
            headers: Headers::new(),
            payload: Bytes::from(payload),
        };
        let inbox = self.new_inbox();
        let (to, reply) = (checked(&question.subject)?, subject_of(inbox.clone()));
        let subscribing = self.client().subscribe(subject_of(inbox));
        let answers = self.in_time(async { subscribing.await.map_err(|_| self.gone()) }).await?;
        self.in_time(self.give(&question, to, Some(reply))).await?;
        Ok(NatsRun { nats: self.clone(), answers, end: None, any: false })
    }
}

impl NatsRun {
    /// The next message; `None` after the last.
    pub(crate) async fn next(&mut self) -> Result<Option<StoredMessage>, Fault> {
        if self.end.is_some() {
            return Ok(None);
        }
        let Ok(answer) = timeout(QUIET, self.answers.next()).await else {
            return Ok(self.ended(End::Broken));
        };
        let answer = answer.ok_or_else(|| self.nats.gone())?;
        match answer.status {
            None => {}
            Some(StatusCode::NOT_FOUND) => return Ok(self.ended(End::Whole)),
            Some(status) if status.as_u16() == END => return Ok(self.ended(End::Whole)),
            Some(_) => return Ok(self.ended(End::Broken)),
        }
        let message = direct(answer);
        self.any |= message.is_some();
        // An older server takes the question for another one.
        Ok(message.or_else(|| self.ended(End::Broken)))
    }

    fn ended(&mut self, end: End) -> Option<StoredMessage> {
        self.end = Some(end);
        None
    }

    /// Returns `true` if it ended before anything came, and not because there is nothing.
    pub(crate) fn is_useless(&self) -> bool {
        !self.any && self.end == Some(End::Broken)
    }

    /// Returns `true` if a message came.
    pub(crate) fn has_yielded(&self) -> bool {
        self.any
    }
}

impl fmt::Debug for NatsRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NatsRun").field("end", &self.end).finish_non_exhaustive()
    }
}
