//! Reading a stream's messages without a consumer. They come as JSON, so that headers which no
//! client can read harm nobody.

use std::time::SystemTime;

use data_encoding::BASE64;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::Nats;
use crate::subject::Subject;
use crate::transport::{ApiError, Fault, StoredHeaders, StoredMessage, Which};

#[derive(Serialize, Default)]
struct Get<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<u64>,
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
    /// In base64, as is `data`.
    #[serde(default)]
    hdrs: String,
    #[serde(default)]
    data: String,
    time: String,
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
            stored_at: OffsetDateTime::parse(&time, &Rfc3339)
                .map(SystemTime::from)
                .map_err(Fault::client)?,
            headers: StoredHeaders::read(bytes(hdrs)?),
            payload: bytes(data)?.into(),
        }))
    }
}
