//! Messages of one subject in order, several with one question (ADR-31, server 2.11).

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use async_nats::{Message, StatusCode, Subscriber};
use bytes::Bytes;
use futures_util::{FutureExt as _, StreamExt as _};
use tokio::time::timeout;

use crate::header::Headers;
use crate::subject::Subject;
use crate::transport::nats::codec::subject::{checked, subject_of};
use crate::transport::nats::connection::nats::Nats;
use crate::transport::nats::jetstream::direct::direct;
use crate::transport::{Fault, Outgoing, StoredMessage};

/// Longest time in which nothing may come.
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
    /// Messages that have come and are not yielded.
    come: VecDeque<StoredMessage>,
    end: Option<End>,
    /// The sequence of the first message that came.
    first: Option<u64>,
    /// That of the last one.
    last: Option<u64>,
}

/// End of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// The run is whole: all came that was asked for, or that there is.
    Whole,
    /// The run is broken: the server has no such way, or something came between.
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
        let (nats, come) = (self.clone(), VecDeque::new());
        Ok(NatsRun { nats, answers, come, end: None, first: None, last: None })
    }
}

impl NatsRun {
    /// The next message; `None` after the last.
    ///
    /// Nothing is lost if the future is dropped.
    pub(crate) async fn next(&mut self) -> Result<Option<StoredMessage>, Fault> {
        while self.come.is_empty() && self.end.is_none() {
            let Ok(answer) = timeout(QUIET, self.answers.next()).await else {
                self.end = Some(End::Broken);
                break;
            };
            self.read(answer.ok_or_else(|| self.nats.gone())?);
        }
        // Messages that have come meanwhile tell whether the run is whole.
        while self.end.is_none()
            && let Some(Some(answer)) = self.answers.next().now_or_never()
        {
            self.read(answer);
        }
        Ok(self.come.pop_front())
    }

    fn read(&mut self, answer: Message) {
        if let Some(status) = answer.status {
            let is_end = status == StatusCode::NOT_FOUND || status.as_u16() == END;
            self.end = Some(if is_end { End::Whole } else { End::Broken });
            return;
        }
        match direct(answer) {
            Some(message) => {
                self.first.get_or_insert(message.sequence);
                self.last = Some(message.sequence);
                self.come.push_back(message);
            }
            // An older server takes the question for another one.
            None => self.end = Some(End::Broken),
        }
    }

    /// Number of messages that have come and are not yielded.
    pub(crate) fn waiting(&self) -> usize {
        self.come.len()
    }

    /// The last message that it has, once all of it has come: what is behind that can be asked for.
    pub(crate) fn whole_until(&self) -> Option<u64> {
        self.last.filter(|_| self.end == Some(End::Whole))
    }

    /// Returns `true` if it ended before anything came, and not because there is nothing.
    pub(crate) fn is_useless(&self) -> bool {
        self.last.is_none() && self.end == Some(End::Broken)
    }

    /// The sequence of the first message that came, if one did.
    pub(crate) fn first(&self) -> Option<u64> {
        self.first
    }
}

impl fmt::Debug for NatsRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NatsRun").field("end", &self.end).finish_non_exhaustive()
    }
}
