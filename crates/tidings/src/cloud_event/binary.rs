//! Binary mode: the payload is the data, and each attribute a header.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

use super::attributes::CloudEvent;
use super::error::CloudEventFault;
use super::media_type;
use super::mode::CloudEventMode;
use crate::header::{self, Headers};
use crate::transport::Outgoing;

/// Characters that are percent-encoded beside those that are not ASCII.
const ENCODED: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'%');

/// Adds the attributes to a message's headers.
pub(super) fn write(outgoing: &mut Outgoing, attributes: &[(&str, String)]) {
    let headers = &mut outgoing.headers;
    // An envelope's content type would say that it is in structured mode.
    headers.set(header::CONTENT_TYPE, media_type::JSON);
    for (name, value) in attributes {
        let encoded = utf8_percent_encode(value, ENCODED).to_string();
        headers.set(format!("{}{name}", header::CE), encoded);
    }
}

/// Reads the attributes off a message's headers.
pub(super) fn read(headers: &Headers) -> Result<CloudEvent, CloudEventFault> {
    let mut attributes = Vec::new();
    for (name, value) in headers.iter() {
        let Some(name) = header::cloud_event_attribute(name) else { continue };
        let name = name.to_ascii_lowercase();
        let value = unquoted(value);
        let Ok(value) = percent_decode_str(&value).decode_utf8() else {
            return Err(CloudEventFault::Attribute { name, problem: "is not UTF-8" });
        };
        attributes.push((name, value.into_owned()));
    }
    // As a binding of another protocol has it.
    let is_said = attributes.iter().any(|(name, _)| name == "datacontenttype");
    if let Some(content_type) = headers.get(header::CONTENT_TYPE).filter(|_| !is_said) {
        attributes.push(("datacontenttype".to_owned(), content_type.to_owned()));
    }
    let event = CloudEvent::new(CloudEventMode::Binary, attributes)?;
    event.check_data()?;
    Ok(event)
}

/// A header's value, without the quotes and escapes that earlier versions of the binding wrote.
fn unquoted(value: &str) -> Cow<'_, str> {
    let inner = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let Some(inner) = inner else { return Cow::Borrowed(value) };
    let mut text = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(char) = chars.next() {
        match char {
            '\\' => text.extend(chars.next()),
            char => text.push(char),
        }
    }
    Cow::Owned(text)
}
