//! Content types: which are a CloudEvent's envelope, and which are JSON.

/// Content type of a structured event.
pub(super) const STRUCTURED: &str = "application/cloudevents+json";
/// Content type of what is written.
pub(super) const JSON: &str = "application/json";

/// An envelope, by its content type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Envelope {
    Json,
    Batch,
    Other,
}

/// The envelope that a content type says; `None` for one that says none.
pub(super) fn envelope(content_type: &str) -> Option<Envelope> {
    const PREFIX: &str = "application/cloudevents";
    let content_type = bare(content_type);
    let rest = content_type.strip_prefix(PREFIX)?;
    match rest {
        "" | "+json" => Some(Envelope::Json),
        _ if rest.starts_with("-batch") => Some(Envelope::Batch),
        _ => Some(Envelope::Other),
    }
}

/// Returns `true` if data of this content type is JSON.
pub(super) fn is_json(content_type: &str) -> bool {
    let content_type = bare(content_type);
    let subtype = content_type.split_once('/').map_or("", |(_, subtype)| subtype);
    subtype == "json" || subtype.ends_with("+json")
}

/// The type without its parameters, in lower case.
fn bare(content_type: &str) -> String {
    let bare = content_type.split(';').next().unwrap_or_default();
    bare.trim().to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn envelopes_are_told_from_data() {
        for (content_type, expected) in [
            ("application/cloudevents+json", Some(Envelope::Json)),
            ("Application/CloudEvents+JSON; charset=UTF-8", Some(Envelope::Json)),
            ("application/cloudevents", Some(Envelope::Json)),
            ("application/cloudevents-batch+json", Some(Envelope::Batch)),
            ("application/cloudevents+avro", Some(Envelope::Other)),
            ("application/json", None),
            ("", None),
        ] {
            assert_eq!(envelope(content_type), expected, "{content_type}");
        }
    }

    #[test]
    fn json_has_several_names() {
        let is = ["application/json", "Text/JSON;charset=utf-8", "application/problem+json"];
        assert!(is.into_iter().all(is_json));
        let is_not = ["", "json", "text/xml", "application/jsonl", "application/json-seq"];
        assert!(!is_not.into_iter().any(is_json));
    }
}
