//! Sources of a stream, beside what is published to it.

use std::time::SystemTime;

use serde::{Deserialize, Serialize, Serializer, ser};

use super::SubjectTransform;
use super::json_field;

/// A stream that another is filled from.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "WireSource")]
#[non_exhaustive]
pub struct Source {
    /// Name of the source stream.
    pub name: String,
    /// Start in the source; `None` is the beginning.
    pub start: Option<SourceStart>,
    /// Filter of the subjects; `None` is all. Not together with `subject_transforms`.
    pub filter_subject: Option<String>,
    /// Transforms of its subjects on the way.
    pub subject_transforms: Vec<SubjectTransform>,
    /// The JetStream domain in which the source lives.
    pub domain: Option<String>,
    /// The account it lives in, as it is imported.
    pub external: Option<External>,
    /// A durable consumer, made beforehand, to read it through (server 2.14, ADR-60).
    pub consumer: Option<SourceConsumer>,
}

impl Source {
    /// The whole of the stream of this name, in this account and domain.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            start: None,
            filter_subject: None,
            subject_transforms: Vec::new(),
            domain: None,
            external: None,
            consumer: None,
        }
    }
}

/// Start in a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SourceStart {
    /// The message of this sequence.
    Sequence(u64),
    /// The first message at or after this time.
    Time(SystemTime),
}

/// A stream in another account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct External {
    /// The prefix under which its API is imported.
    #[serde(rename = "api")]
    pub api_prefix: String,
    /// The prefix under which its messages are delivered.
    #[serde(
        rename = "deliver",
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "json_field::not_empty"
    )]
    pub delivery_prefix: Option<String>,
}

/// A durable consumer through which a source is read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceConsumer {
    /// Name of the durable consumer.
    #[serde(default)]
    pub name: String,
    /// The subject to which the consumer delivers.
    #[serde(default)]
    pub deliver_subject: String,
}

/// A source as NATS writes it.
#[derive(Serialize, Deserialize)]
struct WireSource {
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    opt_start_seq: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "json_field::time")]
    opt_start_time: Option<SystemTime>,
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "json_field::not_empty"
    )]
    filter_subject: Option<String>,
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "json_field::nullable"
    )]
    subject_transforms: Vec<SubjectTransform>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    external: Option<External>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    consumer: Option<SourceConsumer>,
}

impl Serialize for Source {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (opt_start_seq, opt_start_time) = match self.start {
            None => (None, None),
            Some(SourceStart::Sequence(sequence)) => (Some(sequence), None),
            Some(SourceStart::Time(time)) => (None, Some(time)),
        };
        // A server knows no domain: it is the prefix of another JetStream's API.
        let external = match (&self.domain, &self.external) {
            (Some(domain), None) => {
                Some(External { api_prefix: format!("$JS.{domain}.API"), delivery_prefix: None })
            }
            (None, external) => external.clone(),
            (Some(_), Some(_)) => {
                let name = &self.name;
                return Err(ser::Error::custom(format!(
                    "source `{name}` has a domain and an external prefix; give one"
                )));
            }
        };
        let wire = WireSource {
            name: self.name.clone(),
            opt_start_seq,
            opt_start_time,
            filter_subject: self.filter_subject.clone(),
            subject_transforms: self.subject_transforms.clone(),
            external,
            consumer: self.consumer.clone(),
        };
        wire.serialize(serializer)
    }
}

impl From<WireSource> for Source {
    fn from(wire: WireSource) -> Self {
        let mut source = Self::new(wire.name);
        source.start = match (wire.opt_start_seq, wire.opt_start_time) {
            (Some(sequence), _) if sequence > 0 => Some(SourceStart::Sequence(sequence)),
            (_, Some(time)) => Some(SourceStart::Time(time)),
            _ => None,
        };
        source.filter_subject = wire.filter_subject;
        source.subject_transforms = wire.subject_transforms;
        if let Some(external) = wire.external {
            let domain = domain_of(&external.api_prefix);
            match domain.filter(|_| external.delivery_prefix.is_none()) {
                Some(domain) => source.domain = Some(domain.to_owned()),
                None => source.external = Some(external),
            }
        }
        source.consumer = wire.consumer;
        source
    }
}

/// `$JS.<domain>.API`
fn domain_of(api_prefix: &str) -> Option<&str> {
    let domain = api_prefix.strip_prefix("$JS.")?.strip_suffix(".API")?;
    (!domain.is_empty() && !domain.contains('.')).then_some(domain)
}
