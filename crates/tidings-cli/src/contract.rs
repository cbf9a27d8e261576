//! Contracts of a schemas folder, and which of them a message has.

use std::cell::OnceCell;
use std::path::{Path, PathBuf};

use clap::Args;
use jsonschema::Validator;
use serde_json::Value;
use tidings::Headers;
use tidings_contract::{Catalog, Descriptor};
use tidings_subject::matches;

use crate::exit::Usage;
use crate::finding::Level;
use crate::validator::{self, Problem};

/// Folder with the contracts.
#[derive(Debug, Args)]
pub(crate) struct Schemas {
    /// The folder with the contracts [default: schemas].
    #[arg(long, value_name = "FOLDER")]
    schemas: Option<PathBuf>,
}

impl Schemas {
    pub(crate) fn folder(&self) -> &Path {
        self.schemas.as_deref().unwrap_or(Path::new("schemas"))
    }

    /// The catalog of the folder.
    pub(crate) fn read(&self) -> anyhow::Result<Catalog> {
        Ok(Catalog::read_from(self.folder())?)
    }

    /// The catalog of the folder; none where no folder was named and there is none.
    pub(crate) fn read_if_there(&self) -> anyhow::Result<Option<Catalog>> {
        if self.schemas.is_none() && !self.folder().is_dir() {
            return Ok(None);
        }
        self.read().map(Some)
    }

    /// The message that is meant by its name, for the highest version, or by `<name>.v<N>`.
    pub(crate) fn find<'a>(
        &self,
        catalog: &'a Catalog,
        name: &str,
    ) -> Result<&'a Descriptor, Usage> {
        let tagged = catalog.iter().find(|message| message.tag() == name);
        let found = tagged.or_else(|| catalog.versions(name).next_back());
        found.ok_or_else(|| {
            let names: Vec<_> = catalog.iter().map(Descriptor::tag).collect();
            let shown = self.folder().display();
            Usage(format!("{shown} has no {name}, but {}", names.join(", ")))
        })
    }
}

/// Result of reading a message by its contract.
#[derive(Debug)]
pub(crate) struct Reading {
    pub(crate) verdict: Verdict,
    /// The message, such as `orders.created.v1`.
    pub(crate) message: Option<String>,
    pub(crate) problems: Vec<Problem>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Verdict {
    /// The message's contract takes it.
    Valid,
    /// The message's contract refuses it.
    Invalid,
    /// The message has no contract.
    Unknown,
    NotJson,
    /// A stream's word that the last message of the subject is gone.
    Marker,
    /// The message's payload is an object: it is too large for a message.
    Large,
    /// The message is not checked: there are no contracts.
    Unchecked,
}

impl Verdict {
    /// The weight of it for who looks on; none where there is nothing to say.
    pub(crate) fn level(self) -> Option<Level> {
        match self {
            Self::Valid | Self::Marker | Self::Large | Self::Unchecked => None,
            Self::Unknown => Some(Level::Warning),
            Self::Invalid | Self::NotJson => Some(Level::Failure),
        }
    }
}

/// Contracts, with what validates by each.
pub(crate) struct Contracts(Option<Vec<Known>>);

struct Known {
    message: Descriptor,
    filter: String,
    validator: OnceCell<Result<Option<Validator>, String>>,
}

impl Contracts {
    pub(crate) fn new(catalog: Option<&Catalog>) -> Self {
        let known = |message: &Descriptor| Known {
            filter: message.filter(),
            message: message.clone(),
            validator: OnceCell::new(),
        };
        Self(catalog.map(|catalog| catalog.iter().map(known).collect()))
    }

    /// Reads a message by its subject, its headers and its payload.
    pub(crate) fn read(
        &self,
        subject: &str,
        headers: &[(String, String)],
        payload: &[u8],
    ) -> Reading {
        let header = |name: &str| {
            let mut same = headers.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
            same.next().map(|(_, value)| value.as_str())
        };
        let reading = |verdict, message, problems| Reading { verdict, message, problems };
        if payload.is_empty() && header(Headers::MARKER_REASON).is_some() {
            return reading(Verdict::Marker, None, Vec::new());
        }
        let tag = header(Headers::MESSAGE);
        let mut candidates: Vec<&Known> = self.0.iter().flatten().collect();
        candidates.retain(|known| {
            let is_tagged = |tag: &str| known.message.tag() == tag;
            matches(&known.filter, subject) && tag.map_or(!known.message.tagged, is_tagged)
        });
        let only = || match &candidates[..] {
            [one] => Some(one.message.tag()),
            _ => None,
        };
        if payload.is_empty() && header(Headers::LARGE_OBJECT).is_some() {
            return reading(Verdict::Large, only(), Vec::new());
        }
        let document: Value = match serde_json::from_slice(payload) {
            Ok(document) => document,
            Err(error) => {
                let message = only();
                let problem = Problem::new(format!("it is no JSON: {error}"));
                return reading(Verdict::NotJson, message, vec![problem]);
            }
        };
        if self.0.is_none() {
            return reading(Verdict::Unchecked, None, Vec::new());
        }
        let mut first = None;
        // The newest that takes it, else the newest.
        for known in candidates.iter().rev() {
            let problems = known.problems(&document);
            if problems.is_empty() {
                return reading(Verdict::Valid, Some(known.message.tag()), problems);
            }
            first.get_or_insert((known.message.tag(), problems));
        }
        if let Some((tag, problems)) = first {
            return reading(Verdict::Invalid, Some(tag), problems);
        }
        let why = tag.map_or_else(
            || format!("no contract has the subject {subject}"),
            |tag| format!("no contract has the subject {subject} and the tag {tag}"),
        );
        reading(Verdict::Unknown, None, vec![Problem::new(why)])
    }
}

impl Known {
    fn problems(&self, document: &Value) -> Vec<Problem> {
        let validator = self.validator.get_or_init(|| {
            let contract = self.message.payload.as_ref();
            let built = contract.map(|contract| validator::build(contract.read())).transpose();
            built.map_err(|error| error.to_string())
        });
        match validator {
            Ok(Some(validator)) => validator::problems(validator, document),
            Ok(None) => Vec::new(),
            Err(why) => vec![Problem::new(format!("its schema can't be used: {why}"))],
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tidings_contract::{Catalog, Descriptor};

    use super::{Contracts, Verdict};

    #[test]
    fn a_message_is_known_by_its_subject_and_its_tag() {
        #[derive(schemars::JsonSchema)]
        #[expect(dead_code, reason = "only its schema is wanted")]
        struct Order {
            number: u32,
        }
        let one = Descriptor::event("orders.created", 1, "orders.{region}.created");
        let two = Descriptor::event("orders.created", 2, "orders.{region}.created").tagged();
        let catalog = Catalog::of([one.payload::<Order>(), two.payload::<String>()]).unwrap();
        let contracts = Contracts::new(Some(&catalog));
        let read = |subject: &str, tag: Option<&str>, payload: &str| {
            let headers: Vec<_> =
                tag.map(|tag| ("tidings-message".to_owned(), tag.to_owned())).into_iter().collect();
            let reading = contracts.read(subject, &headers, payload.as_bytes());
            let pointers: Vec<_> = reading.problems.into_iter().map(|one| one.pointer).collect();
            (reading.verdict, reading.message.unwrap_or_default(), pointers)
        };
        let order = json!({"number": 1}).to_string();
        let [v1, v2] = ["orders.created.v1", "orders.created.v2"].map(str::to_owned);
        let subject = "orders.eu.created";
        assert_eq!(read(subject, None, &order), (Verdict::Valid, v1.clone(), vec![]));
        assert_eq!(read(subject, Some(&v2), "\"a\""), (Verdict::Valid, v2, vec![]));
        let wrong = json!({"number": -1}).to_string();
        assert_eq!(read(subject, None, &wrong).0, Verdict::Invalid);
        assert_eq!(read(subject, None, &wrong).2[0], "/number");
        assert_eq!(read(subject, Some("orders.created.v3"), &order).0, Verdict::Unknown);
        assert_eq!(read("stock.low", None, &order).0, Verdict::Unknown);
        assert_eq!(read(subject, None, "{"), (Verdict::NotJson, v1, vec![String::new()]));
        let none = Contracts::new(None).read(subject, &[], order.as_bytes());
        assert_eq!(none.verdict, Verdict::Unchecked);
    }
}
