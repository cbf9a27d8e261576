//! The last messages of many subjects, with one question (ADR-31, server 2.11).

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use async_nats::StatusCode;
use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use tokio::time::timeout;

use crate::header::Headers;
use crate::subject::Subject;
use crate::transport::nats::codec::subject::{checked, subject_of};
use crate::transport::nats::connection::nats::Nats;
use crate::transport::nats::jetstream::direct::direct;
use crate::transport::{Fault, Outgoing, StoredMessage};

/// Maximum number of subjects of a question; a server answers no more than 1,024.
const AT_ONCE: usize = 1000;
/// Longest time in which nothing may come.
const QUIET: Duration = Duration::from_secs(5);
/// Number of times that what is left is asked for once more.
const ROUNDS: usize = 8;
/// Number of questions at a time, where each is about one.
const ONE_BY_ONE: usize = 64;

/// The status of the end of what was asked for.
const END: u16 = 204;

#[derive(serde::Serialize)]
struct MultiLast<'a> {
    multi_last: &'a [&'a str],
}

/// Answer to a question.
enum Answered {
    /// A whole answer: what did not come is not there.
    All,
    /// The first part of an answer: there is more.
    Some,
    /// No answer: the server has no such way, or something came between.
    Broken,
}

impl Nats {
    /// The last message of each subject that has one, in no order.
    pub(crate) async fn last_of_each(
        &self,
        name: &str,
        subjects: &[Subject],
    ) -> Result<Vec<StoredMessage>, Fault> {
        let mut found = HashMap::with_capacity(subjects.len());
        let distinct: HashSet<&str> = subjects.iter().map(Subject::as_str).collect();
        let mut distinct = distinct.into_iter().peekable();
        while distinct.peek().is_some() {
            // A question has no more bytes than a message may.
            let (mut asked, mut bytes) = (Vec::new(), 0);
            while asked.len() < AT_ONCE
                && let Some(next) =
                    distinct.next_if(|s| bytes + s.len() + 3 < self.max_payload() / 2)
            {
                bytes += next.len() + 3;
                asked.push(next);
            }
            if asked.is_empty() {
                asked.extend(distinct.next());
            }
            self.last_of_these(name, asked, &mut found).await?;
        }
        Ok(found.into_values().collect())
    }

    async fn last_of_these(
        &self,
        name: &str,
        mut asked: Vec<&str>,
        found: &mut HashMap<String, StoredMessage>,
    ) -> Result<(), Fault> {
        for _ in 0..ROUNDS {
            match self.ask_for_last(name, &asked, found).await? {
                Answered::All => return Ok(()),
                Answered::Some => asked.retain(|subject| !found.contains_key(*subject)),
                Answered::Broken => break,
            }
        }
        asked.retain(|subject| !found.contains_key(*subject));
        // Made before the first await, or the future could not be sent to another thread.
        let each: Vec<_> = asked.into_iter().map(|subject| self.last(name, subject)).collect();
        let each: Vec<_> = stream::iter(each).buffer_unordered(ONE_BY_ONE).try_collect().await?;
        found.extend(each.into_iter().flatten().map(|m| (m.subject.to_string(), m)));
        Ok(())
    }

    async fn ask_for_last(
        &self,
        name: &str,
        asked: &[&str],
        found: &mut HashMap<String, StoredMessage>,
    ) -> Result<Answered, Fault> {
        let payload =
            serde_json::to_vec(&MultiLast { multi_last: asked }).map_err(Fault::client)?;
        let question = Outgoing {
            subject: self.shared.api_subject(format_args!("DIRECT.GET.{name}")),
            headers: Headers::new(),
            payload: Bytes::from(payload),
        };
        let inbox = self.new_inbox();
        let (to, reply) = (checked(&question.subject)?, subject_of(inbox.clone()));
        let subscribing = self.client().subscribe(subject_of(inbox));
        let answers = self.in_time(async { subscribing.await.map_err(|_| self.gone()) }).await?;
        let mut answers = answers;
        self.in_time(self.give(&question, to, Some(reply))).await?;
        loop {
            let Ok(answer) = timeout(QUIET, answers.next()).await else {
                return Ok(Answered::Broken);
            };
            let answer = answer.ok_or_else(|| self.gone())?;
            match answer.status {
                None => {}
                // The end of what was asked for.
                Some(status) if status.as_u16() == END => {
                    let left = answer.headers.as_ref().and_then(|headers| {
                        headers.get(crate::header::DIRECT_PENDING)?.as_str().parse().ok()
                    });
                    return Ok(if left == Some(0_u64) { Answered::All } else { Answered::Some });
                }
                Some(StatusCode::NOT_FOUND) => {
                    let none = answer.description.as_deref() == Some("No Results");
                    return Ok(if none { Answered::All } else { Answered::Some });
                }
                Some(_) => return Ok(Answered::Broken),
            }
            match direct(answer) {
                Some(message) => {
                    found.insert(message.subject.to_string(), message);
                }
                // An older server takes the question for another one.
                None => return Ok(Answered::Broken),
            }
        }
    }
}
