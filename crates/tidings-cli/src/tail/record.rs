//! Message as it is shown.

use std::fmt::Write as _;
use std::time::SystemTime;

use async_nats::Message;
use data_encoding::BASE64;
use serde::Serialize;
use serde_json::value::RawValue;
use tidings::Headers;

use crate::contract::{Reading, Verdict};
use crate::validator::Problem;
use crate::{moment, terminal};

/// Record of a message, of a subject or of a stream.
#[derive(Debug)]
pub(super) struct Record {
    /// RFC 3339.
    pub(super) time: String,
    pub(super) sequence: Option<u64>,
    pub(super) subject: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) payload: Vec<u8>,
}

impl Record {
    pub(super) fn live(message: Message, time: SystemTime) -> Self {
        let headers = message.headers.unwrap_or_default();
        let headers = headers
            .iter()
            .flat_map(|(name, values)| {
                values.iter().map(|value| (name.to_string(), value.to_string()))
            })
            .collect();
        Self {
            time: moment::write(time),
            sequence: None,
            subject: message.subject.to_string(),
            headers,
            payload: message.payload.to_vec(),
        }
    }

    pub(super) fn text(&self, reading: &Reading, with_headers: bool) -> String {
        let mut text = terminal::line(&self.time);
        // Writing to a text can't fail.
        if let Some(sequence) = self.sequence {
            let _ = write!(text, "  #{sequence}");
        }
        let name = reading.message.as_deref().unwrap_or("?");
        let payload = match std::str::from_utf8(&self.payload) {
            _ if reading.verdict == Verdict::Marker => "(deleted)".to_owned(),
            _ if reading.verdict == Verdict::Large => self.large(),
            Ok(text) => terminal::line(text),
            Err(_) => format!("{} (base64)", BASE64.encode(&self.payload)),
        };
        let subject = terminal::line(&self.subject);
        let _ = write!(text, "  {subject}  {}  {payload}", terminal::line(name));
        if with_headers {
            for (name, value) in &self.headers {
                let _ = write!(text, "\n    {}: {}", terminal::line(name), terminal::line(value));
            }
        }
        for problem in &reading.problems {
            let _ = write!(text, "\n    ! {}", terminal::line(&problem.to_string()));
        }
        text
    }

    /// Words for a payload that is an object.
    fn large(&self) -> String {
        let header = |name: &str| {
            let same = self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
            terminal::line(same.map_or("?", |(_, value)| value.as_str()))
        };
        let (size, object) = (header(Headers::LARGE_SIZE), header(Headers::LARGE_OBJECT));
        format!("({size} bytes: object {object} of store {})", header(Headers::LARGE_STORE))
    }

    pub(super) fn json<'a>(&'a self, reading: &'a Reading, with_headers: bool) -> Shown<'a> {
        // Line ends stand in JSON between tokens alone: in a text they are escaped.
        let text = std::str::from_utf8(&self.payload).ok();
        let payload =
            text.and_then(|text| RawValue::from_string(text.replace(['\n', '\r'], " ")).ok());
        Shown {
            time: &self.time,
            sequence: self.sequence,
            subject: &self.subject,
            message: reading.message.as_deref(),
            verdict: reading.verdict,
            problems: &reading.problems,
            headers: with_headers.then_some(&self.headers),
            payload_base64: payload.is_none().then(|| BASE64.encode(&self.payload)),
            payload,
        }
    }
}

/// A message as JSON.
#[derive(Serialize)]
pub(super) struct Shown<'a> {
    time: &'a str,
    sequence: Option<u64>,
    subject: &'a str,
    message: Option<&'a str>,
    verdict: Verdict,
    problems: &'a [Problem],
    #[serde(skip_serializing_if = "Option::is_none")]
    headers: Option<&'a Vec<(String, String)>>,
    payload: Option<Box<RawValue>>,
    /// The payload where it is no JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    payload_base64: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::Contracts;

    #[test]
    fn what_is_large_is_told_by_its_object() {
        let headers = [
            (Headers::LARGE_STORE, "SCANS-large"),
            (Headers::LARGE_OBJECT, "scans.taken/7.abc"),
            (Headers::LARGE_SIZE, "5000037"),
        ];
        let record = Record {
            time: "2026-01-01T00:00:00Z".to_owned(),
            sequence: Some(7),
            subject: "scans.taken".to_owned(),
            headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            payload: Vec::new(),
        };
        let reading = Contracts::new(None).read(&record.subject, &record.headers, &record.payload);
        assert_eq!(reading.verdict, Verdict::Large);
        assert_eq!(
            record.text(&reading, false),
            "2026-01-01T00:00:00Z  #7  scans.taken  ?  (5000037 bytes: object scans.taken/7.abc of store \
             SCANS-large)"
        );
    }
}
