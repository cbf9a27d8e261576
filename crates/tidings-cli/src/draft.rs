//! Message to send: found by its name, checked by its contract, with its subject.

use std::io::{self, Read as _};
use std::str::FromStr as _;

use async_nats::{HeaderMap, HeaderName, HeaderValue};
use clap::Args;
use serde_json::Value;
use tidings::Headers;
use tidings_contract::{Descriptor, Kind};
use tidings_subject::{Segment, Template, check_subject, check_token};

use crate::contract::Schemas;
use crate::exit::Usage;
use crate::pair::pair;
use crate::validator;

/// The largest payload that is read, in bytes: more than a NATS server takes.
const LARGEST: u64 = 64 << 20;

/// Message by its name and its payload.
#[derive(Debug, Args)]
pub(crate) struct Draft {
    /// The message: its name, for the highest version, or `<name>.v<N>`.
    #[arg(value_name = "NAME[.vN]")]
    name: String,
    /// The payload; `-` is the standard input.
    #[arg(long, value_name = "JSON")]
    json: String,
    /// A token of the subject where the payload has no such field: `region=eu`.
    #[arg(long = "subject-token", value_name = "FIELD=VALUE", value_parser = pair)]
    tokens: Vec<(String, String)>,
    /// A header: `tenant=a`.
    #[arg(long = "header", value_name = "NAME=VALUE", value_parser = pair)]
    headers: Vec<(String, String)>,
    #[command(flatten)]
    schemas: Schemas,
}

/// Message that is ready to be sent.
pub(crate) struct Ready {
    pub(crate) message: Descriptor,
    pub(crate) subject: String,
    pub(crate) headers: HeaderMap,
    pub(crate) payload: String,
}

impl Draft {
    /// Everything that is sent. Nothing is asked of a server.
    ///
    /// # Errors
    /// [`Usage`], which names what is wrong and the way out.
    pub(crate) fn prepare(&self, kind: Kind) -> anyhow::Result<Ready> {
        let catalog = self.schemas.read()?;
        let message = self.schemas.find(&catalog, &self.name)?.clone();
        let tag = message.tag();
        if let Some(bucket) = message.subject.strip_prefix("$KV.") {
            let bucket = bucket.split('.').next().unwrap_or_default();
            let why =
                format!("{tag} is a value of a bucket: use `tidings kv put {bucket} KEY JSON`");
            return Err(Usage(why).into());
        }
        if message.kind != kind {
            let command = match message.kind {
                Kind::Request => "request",
                _ => "publish",
            };
            let is = message.kind;
            return Err(Usage(format!("{tag} is a kind of {is}: use `tidings {command}`")).into());
        }
        let payload = self.payload()?;
        let document: Value = serde_json::from_str(&payload)
            .map_err(|error| Usage(format!("the payload is no JSON: {error}")))?;
        if let Some(contract) = &message.payload {
            let validator = validator::build(contract.written())?;
            let problems = validator::problems(&validator, &document);
            if !problems.is_empty() {
                let problems: Vec<_> = problems.iter().map(|one| format!("  {one}")).collect();
                let why = format!(
                    "nothing was sent: the contract of {tag} refuses the payload\n{}\nGive what {} asks for, \
                     or another version as `{}.vN`",
                    problems.join("\n"),
                    self.schemas.folder().display(),
                    message.name,
                );
                return Err(Usage(why).into());
            }
        }
        let subject = self.subject(&message, &document)?;
        let mut headers = self.headers()?;
        if message.tagged {
            headers.insert(Headers::MESSAGE, tag);
        }
        Ok(Ready { message, subject, headers, payload })
    }

    fn payload(&self) -> anyhow::Result<String> {
        if self.json != "-" {
            return Ok(self.json.clone());
        }
        let mut text = String::new();
        io::stdin().take(LARGEST + 1).read_to_string(&mut text)?;
        if text.len() as u64 > LARGEST {
            return Err(Usage("the payload is larger than 64 MiB".to_owned()).into());
        }
        Ok(text.trim().to_owned())
    }

    /// The subject, its tokens filled from the payload's fields or as they were given.
    fn subject(&self, message: &Descriptor, document: &Value) -> anyhow::Result<String> {
        let tag = message.tag();
        let template = Template::parse(&message.subject)
            .map_err(|error| Usage(format!("the subject of {tag} is no template: {error}")))?;
        if let Some((name, _)) =
            self.tokens.iter().find(|(name, _)| !template.fields().any(|field| field == name))
        {
            let why = format!("the subject {} of {tag} has no token {name}", message.subject);
            return Err(Usage(why).into());
        }
        let mut subject = Vec::new();
        for segment in template.segments() {
            let field = match segment {
                Segment::Literal(text) => {
                    subject.push(text.to_owned());
                    continue;
                }
                Segment::Field(field) => field,
            };
            let given = self.tokens.iter().rev().find(|(name, _)| name == field);
            let found = match (given, &document[field]) {
                (Some((_, value)), _) => Some(value.clone()),
                (None, Value::String(text)) => Some(text.clone()),
                (None, value @ (Value::Number(_) | Value::Bool(_))) => Some(value.to_string()),
                (None, _) => None,
            };
            let way_out = format!("give `--subject-token {field}=…`");
            let token = found.ok_or_else(|| {
                Usage(format!("the payload has no text or number at /{field} for the token {field} of {}: {way_out}", message.subject))
            })?;
            check_token(&token).map_err(|error| {
                Usage(format!(
                    "the token {field} of {}: {token:?} {error}: {way_out}",
                    message.subject
                ))
            })?;
            subject.push(token);
        }
        let subject = subject.join(".");
        check_subject(&subject)
            .map_err(|error| Usage(format!("{subject:?} is no subject: {error}")))?;
        Ok(subject)
    }

    fn headers(&self) -> Result<HeaderMap, Usage> {
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            if Headers::is_reserved(name) {
                let why = format!(
                    "the header {name} is reserved: NATS and Tidings set it themselves; `--id` sets the message's id"
                );
                return Err(Usage(why));
            }
            let read = HeaderName::from_str(name)
                .map_err(|error| Usage(format!("{name:?} is no header's name: {error}")))?;
            let value = HeaderValue::from_str(value).map_err(|error| {
                Usage(format!("the value of header {name} can't be sent: {error}"))
            })?;
            headers.append(read, value);
        }
        Ok(headers)
    }
}

impl Ready {
    /// Headers of the draft, in the order of their names.
    pub(crate) fn header_lines(&self) -> Vec<(String, String)> {
        let all = self.headers.iter().flat_map(|(name, values)| {
            values.iter().map(move |value| (name.to_string(), value.to_string()))
        });
        let mut lines: Vec<_> = all.collect();
        lines.sort();
        lines
    }

    /// The whole, where it is only shown.
    pub(crate) fn text(&self) -> String {
        use std::fmt::Write as _;
        let line = crate::terminal::line;
        let mut text =
            format!("{} on {}, not sent", line(&self.message.tag()), line(&self.subject));
        for (name, value) in self.header_lines() {
            // Writing to a text can't fail.
            let _ = write!(text, "\n  {}: {}", line(&name), line(&value));
        }
        let _ = write!(text, "\n  {}", line(&self.payload));
        text
    }
}
