//! Messages that a stream keeps, read one by one: JSON, which headers that no client can read do not break.
//!
//! A consumer would tell of what is added at once, but it delivers headers as they are, and over a header block
//! that the client can't read it gives up the connection; it would also need the right to make one. So what is
//! added is asked for, the more seldom the longer nothing came.

use std::str::FromStr;
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, bail};
use data_encoding::BASE64;
use serde::Deserialize;
use serde_json::{Value, json};
use tidings_subject::check_stream_name;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::record::Record;
use crate::connect::Client;
use crate::exit::Usage;
use crate::moment;

/// Time that a stream is left alone once all was read: at first, and twice as long each time up to
/// the most.
const WAIT: (Duration, Duration) = (Duration::from_millis(25), Duration::from_secs(1));

/// The server's number for a stream that has no such message.
const NO_MESSAGE: u64 = 10037;

/// Place in a stream.
#[derive(Debug, Clone, Copy)]
pub(super) enum From {
    Sequence(u64),
    Time(SystemTime),
}

impl FromStr for From {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "beginning" {
            return Ok(Self::Sequence(1));
        }
        if let Ok(sequence) = text.parse() {
            return Ok(Self::Sequence(sequence));
        }
        let read = moment::read(text).map(Self::Time);
        read.map_err(|_| {
            "give `beginning`, a sequence, a time such as 2026-08-21T14:50:11Z, or how long ago, such as 2h"
                .to_owned()
        })
    }
}

/// A stream's messages of a filter, from one on.
pub(super) struct History {
    stream: String,
    filter: String,
    next: u64,
}

#[derive(Deserialize)]
struct Stored {
    subject: String,
    seq: u64,
    #[serde(default)]
    data: String,
    #[serde(default)]
    hdrs: String,
    time: String,
}

impl History {
    pub(super) async fn open(
        client: &mut Client,
        stream: &str,
        filter: &str,
        from: &From,
    ) -> anyhow::Result<Self> {
        check_stream_name(stream)
            .map_err(|error| Usage(format!("{stream:?} is no name of a stream: {error}")))?;
        let mut history = Self { stream: stream.to_owned(), filter: filter.to_owned(), next: 1 };
        // It is there, and may be read.
        let last = history.ask(client, &json!({"last_by_subj": filter})).await?;
        history.next = match *from {
            From::Sequence(sequence) => sequence.max(1),
            From::Time(time) => {
                let end = last.map_or(1, |last| last.seq + 1);
                history.since(client, time.into(), end).await?
            }
        };
        Ok(history)
    }

    /// The first sequence from which on everything is of this time or later.
    async fn since(
        &self,
        client: &mut Client,
        time: OffsetDateTime,
        end: u64,
    ) -> anyhow::Result<u64> {
        let (mut low, mut high) = (1, end);
        while low < high {
            let middle = low + (high - low) / 2;
            match self.at(client, middle).await? {
                Some(stored) if OffsetDateTime::parse(&stored.time, &Rfc3339)? < time => {
                    low = stored.seq + 1;
                }
                _ => high = middle,
            }
        }
        Ok(low)
    }

    /// The next message; waits for it.
    pub(super) async fn next(&mut self, client: &mut Client) -> anyhow::Result<Record> {
        let (mut wait, most) = WAIT;
        loop {
            if let Some(stored) = self.at(client, self.next).await? {
                self.next = stored.seq + 1;
                return stored.read();
            }
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(most);
        }
    }

    /// The first message from a sequence on.
    async fn at(&self, client: &mut Client, sequence: u64) -> anyhow::Result<Option<Stored>> {
        self.ask(client, &json!({"seq": sequence, "next_by_subj": self.filter})).await
    }

    async fn ask(&self, client: &mut Client, which: &Value) -> anyhow::Result<Option<Stored>> {
        let stream = &self.stream;
        let subject = format!("$JS.API.STREAM.MSG.GET.{stream}");
        let asked = client.ask_json(&subject, Some(which.clone())).await;
        let mut answer = asked.with_context(|| format!("can't read stream {stream}"))?;
        let error = &answer["error"];
        if error["err_code"] == NO_MESSAGE {
            return Ok(None);
        }
        if let Some(description) = error["description"].as_str() {
            bail!("can't read stream {stream}: {description}");
        }
        let stored = serde_json::from_value(answer["message"].take());
        stored.with_context(|| format!("stream {stream} gave no message")).map(Some)
    }
}

impl Stored {
    fn read(self) -> anyhow::Result<Record> {
        let decode = |text: &str| BASE64.decode(text.as_bytes()).context("a message is no base64");
        let headers = decode(&self.hdrs)?;
        let headers = String::from_utf8_lossy(&headers);
        // The first line is the protocol's version.
        let headers = headers.split("\r\n").skip(1).filter_map(|line| line.split_once(':'));
        let headers =
            headers.map(|(name, value)| (name.to_owned(), value.trim().to_owned())).collect();
        Ok(Record {
            time: self.time,
            sequence: Some(self.seq),
            subject: self.subject,
            headers,
            payload: decode(&self.data)?,
        })
    }
}
