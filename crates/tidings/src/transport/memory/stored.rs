//! Reading a stream's messages without a consumer.

use super::{Fault, Memory};
use crate::subject::Subject;
use crate::transport::{StoredHeaders, StoredMessage, Which};

#[expect(clippy::unused_async, reason = "the same signatures as over NATS, where a call waits")]
impl Memory {
    /// The message of a stream; `None` if there is none such.
    pub(crate) async fn stored(
        &self,
        stream: &str,
        which: Which<'_>,
    ) -> Result<Option<StoredMessage>, Fault> {
        self.connection.with(|state, now| {
            let stream = state.streams.expect(stream)?;
            stream.expire(now, &mut state.effects);
            stream.set_alarm(&mut state.effects);
            let log = &stream.log;
            let sequence = match which {
                Which::At(sequence) => Some(sequence),
                Which::Next { from, filter } => log.next_matching(from, filter),
                Which::Last { filter } => log.last_matching(filter),
                Which::Since { time, filter } => {
                    let since = stream.clock.instant(time).map(|at| log.first_since(at));
                    since.and_then(|from| log.next_matching(from, filter))
                }
            };
            let found = sequence.and_then(|sequence| Some((sequence, log.get(sequence)?)));
            Ok(found.map(|(sequence, message)| StoredMessage {
                subject: message.subject.clone(),
                sequence,
                stored_at: stream.clock.system_time(message.at),
                headers: StoredHeaders::Read(message.headers.clone()),
                payload: message.payload.clone(),
            }))
        })?
    }

    /// The last message of each subject that has one.
    pub(crate) async fn last_of_each(
        &self,
        stream: &str,
        subjects: &[Subject],
    ) -> Result<Vec<StoredMessage>, Fault> {
        let mut found = Vec::with_capacity(subjects.len());
        for subject in subjects {
            found.extend(self.last(stream, subject.as_str()).await?);
        }
        Ok(found)
    }

    /// The last message of a subject.
    pub(crate) async fn last(
        &self,
        stream: &str,
        subject: &str,
    ) -> Result<Option<StoredMessage>, Fault> {
        self.stored(stream, Which::Last { filter: subject }).await
    }

    /// The subjects of a stream's messages that the filter matches.
    pub(crate) async fn subjects(&self, stream: &str, filter: &str) -> Result<Vec<String>, Fault> {
        self.connection.with(|state, now| {
            let stream = state.streams.expect(stream)?;
            stream.expire(now, &mut state.effects);
            stream.set_alarm(&mut state.effects);
            let subject_of = |last| stream.log.get(last).map(|found| found.subject.to_string());
            let lasts = stream.log.last_of_each(&[Subject::from(filter.to_owned())]);
            Ok(lasts.into_iter().filter_map(subject_of).collect())
        })?
    }

    /// Number of messages in a stream whose subject matches the filter.
    pub(crate) async fn count_messages(&self, stream: &str, filter: &str) -> Result<u64, Fault> {
        self.connection.with(|state, now| {
            let stream = state.streams.expect(stream)?;
            stream.expire(now, &mut state.effects);
            stream.set_alarm(&mut state.effects);
            Ok(stream.log.matching(filter).len() as u64)
        })?
    }
}
