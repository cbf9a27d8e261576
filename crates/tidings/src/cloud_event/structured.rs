//! Structured mode: the payload is the envelope, in the JSON format of CloudEvents.

use bytes::Bytes;
use data_encoding::BASE64;
use serde::de::{Error as _, IgnoredAny};

use super::attributes::{CloudEvent, is_core};
use super::error::CloudEventFault;
use super::media_type;
use super::members::members;
use super::mode::CloudEventMode;
use super::opened::Opened;
use crate::header;
use crate::transport::Outgoing;
use crate::write_buffer;

/// Puts a message into an envelope.
pub(super) fn write(outgoing: &mut Outgoing, attributes: &[(&str, String)]) {
    let data = &outgoing.payload;
    let written = write_buffer::payload(|room| {
        let mut before = b'{';
        for (name, value) in attributes {
            room.push(before);
            serde_json::to_writer(&mut *room, name)?;
            room.push(b':');
            serde_json::to_writer(&mut *room, value)?;
            before = b',';
        }
        if !data.is_empty() {
            room.extend_from_slice(b",\"data\":");
            room.extend_from_slice(data);
        }
        room.push(b'}');
        Ok::<(), serde_json::Error>(())
    });
    // Texts are always written.
    if let Ok(payload) = written {
        outgoing.payload = payload;
    }
    outgoing.headers.set(header::CONTENT_TYPE, media_type::STRUCTURED);
}

/// Takes an envelope apart.
pub(super) fn read(payload: &Bytes) -> Result<Opened, CloudEventFault> {
    let envelope = |source| CloudEventFault::Envelope { source };
    let no_text = |_| envelope(serde_json::Error::custom("it is not UTF-8"));
    let text = std::str::from_utf8(payload).map_err(no_text)?;
    serde_json::from_str::<IgnoredAny>(text).map_err(envelope)?;
    let no_object = || envelope(serde_json::Error::custom("it is another value"));
    let mut attributes = Vec::new();
    let (mut data, mut base64) = (None, None);
    for (name, value) in members(text).ok_or_else(no_object)? {
        let name: String = serde_json::from_str(name).map_err(envelope)?;
        match name.as_str() {
            "data" if data.is_some() => {
                return Err(CloudEventFault::Data { problem: "is there twice" });
            }
            "data_base64" if base64.is_some() => {
                return Err(CloudEventFault::Data { problem: "is there twice" });
            }
            "data" => data = Some(payload.slice_ref(value.as_bytes())),
            _ if value == "null" => {}
            "data_base64" => base64 = Some(decoded(value)?),
            _ => attributes.push((name.clone(), attribute(&name, value)?)),
        }
    }
    let event = CloudEvent::new(CloudEventMode::Structured, attributes)?;
    let data = match (data, base64) {
        (Some(_), Some(_)) => {
            return Err(CloudEventFault::Data { problem: "is there twice, once as base64" });
        }
        (None, None) => Bytes::new(),
        (Some(data), None) | (None, Some(data)) => {
            event.check_data()?;
            data
        }
    };
    Ok(Opened { event, data })
}

fn decoded(value: &str) -> Result<Bytes, CloudEventFault> {
    let no_base64 = || CloudEventFault::Data { problem: "is no base64 (RFC 4648)" };
    let text: String = serde_json::from_str(value).map_err(|_| no_base64())?;
    let bytes = BASE64.decode(text.as_bytes()).map_err(|_| no_base64())?;
    Ok(bytes.into())
}

/// An attribute's value as text: a number and a boolean as they are written.
fn attribute(name: &str, value: &str) -> Result<String, CloudEventFault> {
    let wrong = |problem| CloudEventFault::Attribute { name: name.to_owned(), problem };
    match value.as_bytes().first() {
        Some(b'"') => {
            serde_json::from_str(value).map_err(|source| CloudEventFault::Envelope { source })
        }
        Some(b'{' | b'[') => Err(wrong("is neither a text nor a number nor a boolean")),
        _ if is_core(name) => Err(wrong("is no text")),
        _ => Ok(value.to_owned()),
    }
}
