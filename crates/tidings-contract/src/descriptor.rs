//! A message's promise.

mod form;
mod large;

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;
use tidings_subject::{Template, TemplateError};

use crate::canonical;
use crate::contract::Contract;
use crate::definition::Ambiguity;
use crate::fingerprint::Fingerprint;

use form::Form;
pub use large::LargePayload;

/// The template of a subject, and what stands before it: of the server's own names a bucket's alone can be that
/// of messages, `$KV.sessions.{user}`, of which a template has no `$`.
pub(crate) fn template_of(
    subject: &str,
) -> (&'static str, Result<Template<'_>, TemplateError<'_>>) {
    match subject.strip_prefix('$').filter(|rest| rest.starts_with("KV.")) {
        Some(rest) => ("$", Template::parse(rest)),
        None => ("", Template::parse(subject)),
    }
}

/// Kind of a message: an event tells, a request asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Kind {
    /// Something that happened.
    Event,
    /// Something that is asked.
    Request,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Event => "event",
            Self::Request => "request",
        })
    }
}

/// Contract of one message, as data.
///
/// Serialized it is one file of a `schemas` folder: canonical, and with the same bytes on every
/// machine.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Descriptor {
    /// Event or request.
    pub kind: Kind,
    /// The wire name, such as `orders.created`.
    pub name: String,
    /// The version of its contract, from 1.
    pub version: u32,
    /// The subject template, such as `orders.{region}.created`.
    pub subject: String,
    /// The name of the stream that keeps it.
    #[serde(default)]
    pub stream: Option<String>,
    /// The configuration of that stream, as NATS's JSON; a catalog keeps it once for all messages,
    /// see [`Catalog::streams`](crate::Catalog::streams).
    #[serde(skip)]
    pub stream_config: Option<Value>,
    /// `true` if a header always says which message it is, because its subject does not.
    #[serde(default)]
    pub tagged: bool,
    /// The older message that its handlers receive as one of it, such as `orders.created.v1`.
    #[serde(default)]
    pub upcasts: Option<String>,
    /// The fields that identify it, by their names in the payload: of two with the same values in them a
    /// stream keeps one.
    #[serde(default)]
    pub id: Vec<String>,
    /// Store of its payload, where that may be too large for a message; `None` if it always stands in its message.
    #[serde(default)]
    pub large: Option<LargePayload>,
    /// The contract of its payload.
    #[serde(default)]
    pub payload: Option<Contract>,
    /// The contract of a request's reply.
    #[serde(default)]
    pub reply: Option<Contract>,
    /// The contract of the error that a request declares.
    #[serde(default)]
    pub error: Option<Contract>,
    /// Reason that a catalog refuses one of the contracts.
    #[serde(skip)]
    pub(crate) ambiguity: Option<Ambiguity>,
}

impl Descriptor {
    /// An event of this wire name, version and subject template.
    ///
    /// Nothing is checked before it is added to a [`Catalog`](crate::Catalog).
    pub fn event(name: impl Into<String>, version: u32, template: impl Into<String>) -> Self {
        Self::new(Kind::Event, name.into(), version, template.into())
    }

    /// A request of this wire name, version and subject template.
    ///
    /// Nothing is checked before it is added to a [`Catalog`](crate::Catalog).
    pub fn request(name: impl Into<String>, version: u32, template: impl Into<String>) -> Self {
        Self::new(Kind::Request, name.into(), version, template.into())
    }

    fn new(kind: Kind, name: String, version: u32, subject: String) -> Self {
        Self {
            kind,
            name,
            version,
            subject,
            stream: None,
            stream_config: None,
            tagged: false,
            upcasts: None,
            id: Vec::new(),
            large: None,
            payload: None,
            reply: None,
            error: None,
            ambiguity: None,
        }
    }

    /// Adds that the stream of this name keeps it.
    #[must_use]
    pub fn stream(mut self, name: impl Into<String>) -> Self {
        self.stream = Some(name.into());
        self
    }

    /// Adds the configuration of its stream, as NATS's JSON.
    #[must_use]
    pub fn stream_config(mut self, config: Value) -> Self {
        self.stream_config = Some(config);
        self
    }

    /// Adds that a header always says which message it is.
    #[must_use]
    pub fn tagged(mut self) -> Self {
        self.tagged = true;
        self
    }

    /// Adds that its handlers receive the older message of this tag too, as one of it.
    #[must_use]
    pub fn upcasts(mut self, older: impl Into<String>) -> Self {
        self.upcasts = Some(older.into());
        self
    }

    /// Sets the fields that identify it, by their names in the payload.
    #[must_use]
    pub fn id(mut self, fields: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.id = fields.into_iter().map(Into::into).collect();
        self
    }

    /// Adds that a payload which is too large for a message stands in an object store.
    #[must_use]
    pub fn large(mut self, large: LargePayload) -> Self {
        self.large = Some(large);
        self
    }

    /// Sets the payload to `T`.
    #[must_use]
    pub fn payload<T: JsonSchema + ?Sized>(mut self) -> Self {
        self.payload = Some(self.contract::<T>(""));
        self
    }

    /// Sets the reply to `T`.
    #[must_use]
    pub fn reply<T: JsonSchema + ?Sized>(mut self) -> Self {
        self.reply = Some(self.contract::<T>(":reply"));
        self
    }

    /// Sets the declared error to `T`.
    #[must_use]
    pub fn error<T: JsonSchema + ?Sized>(mut self) -> Self {
        self.error = Some(self.contract::<T>(":error"));
        self
    }

    fn contract<T: JsonSchema + ?Sized>(&mut self, part: &str) -> Contract {
        let id = format!("urn:tidings:{}:v{}{part}", self.name, self.version);
        let (contract, ambiguity) = Contract::of::<T>(&id);
        self.ambiguity = self.ambiguity.take().or(ambiguity);
        contract
    }

    /// `<name>.v<version>`, such as `orders.created.v1`.
    pub fn tag(&self) -> String {
        format!("{}.v{}", self.name, self.version)
    }

    /// The filter that matches every subject of it, such as `orders.*.created`; a subject that is
    /// no template is given back as it is.
    pub fn filter(&self) -> String {
        let (before, template) = template_of(&self.subject);
        template.map_or_else(
            |_| self.subject.clone(),
            |template| before.to_owned() + &template.filter(),
        )
    }

    /// Returns `true` if it is the value of a bucket, which is stored under a key and has no version.
    #[cfg(feature = "compat")]
    pub(crate) fn is_value(&self) -> bool {
        self.subject.starts_with("$KV.")
    }

    /// The names of the tokens that its fields fill, in the order of the subject.
    pub fn tokens(&self) -> Vec<&str> {
        let (_, template) = template_of(&self.subject);
        template.map_or_else(|_| Vec::new(), |template| template.fields().collect())
    }

    /// The description from the type's documentation.
    pub fn description(&self) -> Option<&str> {
        self.payload.as_ref()?.read().get("description")?.as_str()
    }

    /// The canonical JSON of it, with a newline at its end.
    pub fn to_json(&self) -> String {
        canonical::text(&self.to_value())
    }

    pub(crate) fn to_value(&self) -> Value {
        // Nothing of it can't be written.
        canonical::data(serde_json::to_value(Form::Whole(self)).unwrap_or_default())
    }

    /// The fingerprint of all that it says but its descriptions.
    pub(crate) fn fingerprint(&self) -> Fingerprint {
        self.fingerprints().whole
    }

    /// The fingerprints of all that it says but its descriptions, and of its contracts.
    pub(crate) fn fingerprints(&self) -> Fingerprints {
        let (whole, members) = Fingerprint::of_text(&Form::Undescribed(self));
        // What stands before each, in the order in which they are written.
        let optional = [self.error.is_some(), !self.id.is_empty(), self.large.is_some()];
        let before_payload = optional.into_iter().filter(|is_there| *is_there).count() + 3;
        let before_reply = before_payload + usize::from(self.payload.is_some());
        let of = |contract: &Option<Contract>, at: usize| {
            contract.as_ref().and_then(|_| members.get(at).copied())
        };
        Fingerprints {
            whole,
            payload: of(&self.payload, before_payload),
            reply: of(&self.reply, before_reply),
            error: of(&self.error, 0),
        }
    }

    /// The contracts it has, with the name of each.
    pub(crate) fn contracts(&self) -> impl Iterator<Item = (&'static str, &Contract)> {
        [("payload", &self.payload), ("reply", &self.reply), ("error", &self.error)]
            .into_iter()
            .filter_map(|(part, contract)| Some((part, contract.as_ref()?)))
    }

    /// Puts its contracts into canonical form.
    pub(crate) fn canonical(mut self) -> Self {
        for contract in [&mut self.payload, &mut self.reply, &mut self.error] {
            *contract = contract.take().map(Contract::canonical);
        }
        self
    }
}

/// Fingerprints of a message and of its contracts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fingerprints {
    pub(crate) whole: Fingerprint,
    pub(crate) payload: Option<Fingerprint>,
    pub(crate) reply: Option<Fingerprint>,
    pub(crate) error: Option<Fingerprint>,
}

impl Serialize for Descriptor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_value().serialize(serializer)
    }
}
