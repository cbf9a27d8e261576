//! Reading a stream's messages without a consumer. They come as JSON, so that headers which no
//! client can read harm nobody.

use std::collections::HashMap;

use data_encoding::BASE64;
use serde::{Deserialize, Serialize};

use crate::subject::Subject;
use crate::timestamp;
use crate::transport::nats::connection::nats::Nats;
use crate::transport::{ApiError, Fault, StoredHeaders, StoredMessage, Which};

#[derive(Default, Serialize)]
struct Get<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_by_subj: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_by_subj: Option<&'a str>,
}

#[derive(Deserialize)]
struct Got {
    message: WireMessage,
}

#[derive(Deserialize)]
struct WireMessage {
    subject: String,
    seq: u64,
    /// Headers in base64, as `data` is.
    #[serde(default)]
    hdrs: String,
    #[serde(default)]
    data: String,
    time: String,
}

#[derive(Serialize)]
struct Subjects<'a> {
    subjects_filter: &'a str,
    offset: u64,
}

#[derive(Deserialize)]
struct SubjectPage {
    #[serde(default)]
    total: u64,
    state: SubjectCounts,
}

#[derive(Deserialize)]
struct SubjectCounts {
    #[serde(default)]
    subjects: HashMap<String, u64>,
}

impl Nats {
    pub(crate) async fn stored(
        &self,
        stream: &str,
        which: Which<'_>,
    ) -> Result<Option<StoredMessage>, Fault> {
        let get = match which {
            Which::At(sequence) => Get { seq: Some(sequence), ..Get::default() },
            Which::Next { from, filter } => {
                Get { seq: Some(from), next_by_subj: Some(filter), ..Get::default() }
            }
            Which::Last { filter } => Get { last_by_subj: Some(filter), ..Get::default() },
            Which::Since { time, filter } => {
                let no_time = || Fault::client("a server reads no such time");
                let time = timestamp::write(time).ok_or_else(no_time)?;
                Get { start_time: Some(time), next_by_subj: Some(filter), ..Get::default() }
            }
        };
        let got: Got = match self.api(format!("STREAM.MSG.GET.{stream}"), &get).await {
            Ok(got) => got,
            Err(Fault::Api(error)) if error.code == ApiError::NO_MESSAGE => return Ok(None),
            Err(fault) => return Err(fault),
        };
        let WireMessage { subject, seq, hdrs, data, time } = got.message;
        let bytes = |text: String| BASE64.decode(text.as_bytes()).map_err(Fault::client);
        Ok(Some(StoredMessage {
            subject: Subject::from(subject),
            sequence: seq,
            stored_at: timestamp::read(&time)
                .ok_or_else(|| Fault::client("a server wrote a time that can't be read"))?,
            headers: StoredHeaders::read(bytes(hdrs)?),
            payload: bytes(data)?.into(),
        }))
    }

    pub(crate) async fn count_messages(&self, stream: &str, filter: &str) -> Result<u64, Fault> {
        let mut count = 0;
        self.read_subjects(stream, filter, |_, messages| count += messages).await?;
        Ok(count)
    }

    /// The subjects of a stream's messages that the filter matches.
    pub(crate) async fn subjects(&self, stream: &str, filter: &str) -> Result<Vec<String>, Fault> {
        let mut subjects = Vec::new();
        self.read_subjects(stream, filter, |subject, _| subjects.push(subject)).await?;
        Ok(subjects)
    }

    async fn read_subjects(
        &self,
        stream: &str,
        filter: &str,
        mut take: impl FnMut(String, u64),
    ) -> Result<(), Fault> {
        let mut offset = 0;
        loop {
            let request = Subjects { subjects_filter: filter, offset };
            let page: SubjectPage = self.api(format!("STREAM.INFO.{stream}"), &request).await?;
            // The server gives so many subjects at a time, and says how many there are.
            let count = page.state.subjects.len() as u64;
            offset += count;
            page.state.subjects.into_iter().for_each(|(subject, count)| take(subject, count));
            if count == 0 || offset >= page.total {
                return Ok(());
            }
        }
    }
}
