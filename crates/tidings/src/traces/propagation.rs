//! The context of a trace in the headers of a message: W3C Trace Context and Baggage.

use std::fmt::Write as _;
use std::str::FromStr as _;

use opentelemetry::Context;
use opentelemetry::baggage::{Baggage, BaggageExt as _};
use opentelemetry::trace::{
    SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState,
};
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

use crate::header;
use crate::text::Text;

/// Length of a `traceparent` that has no more than what the first version has.
const LENGTH: usize = 55;

/// Characters that a value of baggage may not hold as they are.
const ENCODED: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b',').add(b';').add(b'\\').add(b'%');

/// The context that a message came with; `None` if there is none, or none that can be read.
pub(super) fn extract<'a>(get: impl Fn(&str) -> Option<&'a str>) -> Option<SpanContext> {
    let (trace, span, flags) = read(get(header::TRACE_PARENT)?)?;
    let state = get(header::TRACE_STATE).and_then(|state| TraceState::from_str(state).ok());
    Some(SpanContext::new(trace, span, flags, true, state.unwrap_or_default()))
}

/// Reads a `traceparent`. Of a later version what this one knows is read.
fn read(text: &str) -> Option<(TraceId, SpanId, TraceFlags)> {
    let is_hex = |text: &str| text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    let mut parts = text.trim().splitn(5, '-');
    let mut part = |length: usize| parts.next().filter(|part| part.len() == length && is_hex(part));
    let (version, trace, span, flags) = (part(2)?, part(32)?, part(16)?, part(2)?);
    if version == "ff" || version == "00" && text.trim().len() != LENGTH {
        return None;
    }
    let (trace, span) = (TraceId::from_hex(trace).ok()?, SpanId::from_hex(span).ok()?);
    if trace == TraceId::INVALID || span == SpanId::INVALID {
        return None;
    }
    let flags = u8::from_str_radix(flags, 16).ok()?;
    Some((trace, span, TraceFlags::new(flags) & TraceFlags::SAMPLED))
}

/// Writes a `traceparent`.
pub(super) fn write(span: &SpanContext) -> String {
    let mut text = String::with_capacity(LENGTH);
    let flags = (span.trace_flags() & TraceFlags::SAMPLED).to_u8();
    // Writing to a String can't fail.
    let _ = write!(text, "00-{}-{}-{flags:02x}", span.trace_id(), span.span_id());
    text
}

/// The context with the baggage of a message.
pub(super) fn with_baggage(context: Context, text: Option<&str>) -> Context {
    let Some(text) = text else { return context };
    let mut baggage = Baggage::new();
    for member in text.split(',') {
        let (pair, metadata) = member.split_once(';').unwrap_or((member, ""));
        let Some((key, value)) = pair.split_once('=') else { continue };
        if let Ok(value) = percent_decode_str(value.trim()).decode_utf8() {
            let (key, value) = (key.trim().to_owned(), value.into_owned());
            baggage.insert_with_metadata(key, value, metadata.trim());
        }
    }
    if baggage.is_empty() { context } else { context.with_baggage(baggage) }
}

/// Writes the baggage of a context; `None` if it has none.
pub(super) fn baggage(context: &Context) -> Option<String> {
    let mut text = String::new();
    for (key, (value, metadata)) in context.baggage() {
        let comma = if text.is_empty() { "" } else { "," };
        let value = utf8_percent_encode(value.as_str(), ENCODED);
        let _ = write!(text, "{comma}{}={value}", key.as_str());
        if !metadata.as_str().is_empty() {
            let _ = write!(text, ";{metadata}");
        }
    }
    Some(text).filter(|text| !text.is_empty() && header::is_value(text))
}

/// Headers by which a receiver goes on with the trace.
pub(super) fn headers_of(context: &Context) -> Vec<(&'static str, Text)> {
    let mut headers = Vec::new();
    let span = context.span();
    let span = span.span_context();
    if span.is_valid() {
        headers.push((header::TRACE_PARENT, Text::from(write(span))));
        let state = span.trace_state().header();
        if !state.is_empty() && header::is_value(&state) {
            headers.push((header::TRACE_STATE, state.into()));
        }
    }
    if let Some(baggage) = baggage(context) {
        headers.push((header::BAGGAGE, baggage.into()));
    }
    headers
}

/// Context with this span as the active one.
pub(super) fn remote(span: SpanContext) -> Context {
    Context::new().with_remote_span_context(span)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
    const SPAN: &str = "b7ad6b7169203331";

    #[test]
    fn what_is_written_is_read() {
        for flags in ["00", "01"] {
            let text = format!("00-{TRACE}-{SPAN}-{flags}");
            let get = |name: &str| match name {
                header::TRACE_PARENT => Some(text.as_str()),
                header::TRACE_STATE => Some("a=1, b=2"),
                _ => None,
            };
            let context = extract(get).unwrap();
            assert_eq!(write(&context), text);
            assert_eq!(context.trace_state().header(), "a=1,b=2");
            assert!(context.is_remote());
        }
    }

    #[test]
    fn of_a_later_version_what_is_known_is_read() {
        let text = format!("cc-{TRACE}-{SPAN}-03-more-of-it");
        let (trace, span, flags) = read(&text).unwrap();
        assert_eq!(
            (trace.to_string(), span.to_string(), flags.to_u8()),
            (TRACE.into(), SPAN.into(), 1)
        );
    }

    #[test]
    fn what_is_malformed_is_ignored() {
        let zeros = ("0".repeat(32), "0".repeat(16));
        for text in [
            String::new(),
            "00".to_owned(),
            format!("00-{TRACE}-{SPAN}"),
            format!("00-{TRACE}-{SPAN}-01-x"),
            format!("ff-{TRACE}-{SPAN}-01"),
            format!("00-{}-{SPAN}-01", TRACE.to_uppercase()),
            format!("00-{}-{SPAN}-01", zeros.0),
            format!("00-{TRACE}-{}-01", zeros.1),
            format!("00-{TRACE}-{SPAN}-0x"),
            format!("00-{TRACE}-{SPAN}0-01"),
            format!("0é-{TRACE}-{SPAN}-01"),
        ] {
            assert_eq!(read(&text), None, "{text:?}");
        }
        let unreadable = |name: &str| match name {
            header::TRACE_PARENT => Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
            _ => Some("no state"),
        };
        assert_eq!(extract(unreadable).unwrap().trace_state().header(), "");
    }

    #[test]
    fn baggage_goes_there_and_back() {
        let context = with_baggage(Context::new(), Some("user=a%2Cb%20%25, tier=1;public,broken"));
        let value = |key: &str| context.baggage().get(key).map(|value| value.as_str().to_owned());
        assert_eq!(value("user").as_deref(), Some("a,b %"));
        assert_eq!(value("tier").as_deref(), Some("1"));
        let text = baggage(&context).unwrap();
        let mut members: Vec<_> = text.split(',').collect();
        members.sort_unstable();
        assert_eq!(members, ["tier=1;public", "user=a%2Cb%20%25"]);
        assert_eq!(baggage(&Context::new()), None);
    }
}
