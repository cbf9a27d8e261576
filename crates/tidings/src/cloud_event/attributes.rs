//! Attributes of a CloudEvent that arrived.

use std::time::SystemTime;

use super::error::CloudEventFault;
use super::mode::CloudEventMode;
use super::{media_type, uri};
use crate::timestamp;

/// The version of CloudEvents that is written and read.
pub(super) const SPEC_VERSION: &str = "1.0";
/// Attributes that an event must have.
const REQUIRED: [&str; 4] = ["specversion", "id", "source", "type"];
/// Attributes that an event may have, and that are no extensions.
const OPTIONAL: [&str; 4] = ["subject", "time", "datacontenttype", "dataschema"];

/// Returns `true` for an attribute of the specification, which no extension can be.
pub(super) fn is_core(name: &str) -> bool {
    REQUIRED.contains(&name) || OPTIONAL.contains(&name)
}

/// Attributes of a message that came as a CloudEvent, beside the message that its data is.
///
/// Other programs write them: [`id`](Self::id) is not the id by which a stream knows the message, nor
/// does it count for anything that a redrive signs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloudEvent {
    mode: CloudEventMode,
    /// Sorted by name: headers come in any order.
    attributes: Vec<(String, String)>,
}

impl CloudEvent {
    /// Checks the attributes of an event.
    pub(super) fn new(
        mode: CloudEventMode,
        mut attributes: Vec<(String, String)>,
    ) -> Result<Self, CloudEventFault> {
        attributes.sort_unstable();
        let event = Self { mode, attributes };
        let wrong = |name: &str, problem| {
            Err(CloudEventFault::Attribute { name: name.to_owned(), problem })
        };
        for (place, (name, value)) in event.attributes.iter().enumerate() {
            if event.attributes[..place].iter().any(|(before, _)| before == name) {
                return wrong(name, "is there twice");
            }
            if is_core(name) && value.is_empty() {
                return wrong(name, "is empty");
            }
        }
        if let Some(missing) = REQUIRED.iter().find(|name| event.attribute(name).is_none()) {
            return wrong(missing, "is missing");
        }
        match event.attribute("specversion") {
            Some(SPEC_VERSION) | None => {}
            Some(found) => {
                return Err(CloudEventFault::SpecVersion { found: found.to_owned() });
            }
        }
        if !uri::is_reference(event.source()) {
            return wrong("source", "is no URI-reference (RFC 3986)");
        }
        if event.data_schema().is_some_and(|schema| !uri::is_absolute(schema)) {
            return wrong("dataschema", "is no absolute URI (RFC 3986)");
        }
        if event.attribute("time").is_some() && event.time().is_none() {
            return wrong("time", "is no time of RFC 3339");
        }
        Ok(event)
    }

    /// Checks that its data is JSON.
    pub(super) fn check_data(&self) -> Result<(), CloudEventFault> {
        match self.data_content_type() {
            Some(found) if !media_type::is_json(found) => {
                Err(CloudEventFault::DataContentType { found: found.to_owned() })
            }
            _ => Ok(()),
        }
    }

    /// Mode in which the event came.
    pub fn mode(&self) -> CloudEventMode {
        self.mode
    }

    /// The value of an attribute, an extension's too, as text.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Id of the event, unique within its source.
    pub fn id(&self) -> &str {
        self.attribute("id").unwrap_or_default()
    }

    /// Source of the event, as a URI-reference.
    pub fn source(&self) -> &str {
        self.attribute("source").unwrap_or_default()
    }

    /// `type` of the event, which for a message of Tidings is `<name>.v<version>`.
    pub fn event_type(&self) -> &str {
        self.attribute("type").unwrap_or_default()
    }

    /// Subject of the event within its source.
    pub fn subject(&self) -> Option<&str> {
        self.attribute("subject")
    }

    /// Time at which the event happened.
    pub fn time(&self) -> Option<SystemTime> {
        self.attribute("time").and_then(timestamp::read)
    }

    /// Content type of its data; JSON where it says none.
    pub fn data_content_type(&self) -> Option<&str> {
        self.attribute("datacontenttype")
    }

    /// The schema of its data, as a URI.
    pub fn data_schema(&self) -> Option<&str> {
        self.attribute("dataschema")
    }

    /// Attributes that are none of the specification's, such as `traceparent`.
    pub fn extensions(&self) -> impl Iterator<Item = (&str, &str)> {
        let all = self.attributes.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        all.filter(|(name, _)| !is_core(name))
    }
}
