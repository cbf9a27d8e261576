//! CloudEvents in both modes, attribute by attribute. The rules and the examples are those of the JSON
//! schema of CloudEvents 1.0 and of its NATS binding (1.0.2, and 1.0.3's draft).

use bytes::Bytes;
use serde_json::{Value, json};

use super::*;
use crate::message::Declaration;
use crate::subject::Subject;
use crate::transport::Outgoing;

/// An attribute: its name, whether it must be there, values that it can have, and texts that it can't.
const ATTRIBUTES: [(&str, bool, &[&str], &[&str]); 8] = [
    ("id", true, &["A234-1234-1234", "Euro € 😀"], &[""]),
    (
        "source",
        true,
        &[
            "https://github.com/cloudevents",
            "mailto:cncf-wg-serverless@lists.cncf.io",
            "urn:uuid:6e8bc430-9c3a-11d9-9669-0800200c9a66",
            "cloudevents/spec/pull/123",
            "/sensors/tn-1234567/alerts",
            "1-555-123-4567",
        ],
        &["", "two words", "a#b#c"],
    ),
    ("specversion", true, &["1.0"], &["", "0.3", "1.1", "2.0"]),
    ("type", true, &["com.github.pull_request.opened", "com.example.object.deleted.v2"], &[""]),
    (
        "datacontenttype",
        false,
        &["application/json", "application/json; charset=utf-8"],
        &["", "text/xml"],
    ),
    ("dataschema", false, &["https://shop.example/schemas/a.v1"], &["", "relative/a.v1"]),
    ("subject", false, &["mynewfile.jpg", "Euro € 😀", "100 %\"x\""], &[""]),
    ("time", false, &["2018-04-05T17:31:00Z", "2018-04-05T17:31:00.5+02:00"], &["", "yesterday"]),
];

fn valid() -> Vec<(&'static str, String)> {
    let with = |(name, _, values, _): &(&'static str, bool, &[&str], &[&str])| {
        (*name, values[0].to_owned())
    };
    ATTRIBUTES.iter().map(with).collect()
}

fn outgoing() -> Outgoing {
    let payload =
        Bytes::from_static(b"{\"text\":\"Euro \xe2\x82\xac\",\"n\":18446744073709551615}");
    Outgoing { subject: Subject::from_static("notes.written"), headers: Headers::new(), payload }
}

/// One event in each mode, and in binary mode with header names in capitals.
fn written(attributes: &[(&str, String)]) -> [(Headers, Bytes); 3] {
    let (mut structured, mut binary) = (outgoing(), outgoing());
    structured::write(&mut structured, attributes);
    binary::write(&mut binary, attributes);
    let mut loud = Headers::new();
    for (name, value) in binary.headers.iter() {
        loud.push(name.to_ascii_uppercase(), value.to_owned());
    }
    [
        (structured.headers, structured.payload),
        (binary.headers, binary.payload.clone()),
        (loud, binary.payload),
    ]
}

fn read(attributes: &[(&str, String)]) -> [Result<Opened, CloudEventFault>; 3] {
    written(attributes).map(|(headers, payload)| open(&headers, &payload).expect("it is marked"))
}

#[test]
fn every_value_comes_back_in_both_modes() {
    for (place, (name, _, values, _)) in ATTRIBUTES.iter().enumerate() {
        for value in *values {
            let mut attributes = valid();
            attributes[place].1 = (*value).to_owned();
            for opened in read(&attributes) {
                let opened = opened.unwrap();
                assert_eq!(opened.event.attribute(name), Some(*value));
                assert_eq!(opened.data, outgoing().payload);
            }
        }
    }
}

#[test]
fn what_an_attribute_can_not_be_is_told_by_its_name() {
    for (place, (name, required, _, wrong)) in ATTRIBUTES.iter().enumerate() {
        for value in *wrong {
            let mut attributes = valid();
            attributes[place].1 = (*value).to_owned();
            for opened in read(&attributes) {
                let error = opened.unwrap_err().to_string();
                let names = error.contains(name) || error.contains("text/xml");
                assert!(names, "{name} {value:?}: {error}");
            }
        }
        let mut attributes = valid();
        attributes.remove(place);
        let [structured, binary, loud] = written(&attributes);
        assert_eq!(open(&structured.0, &structured.1).unwrap().is_err(), *required, "{name}");
        for (headers, payload) in [binary, loud] {
            // Without a version it is no CloudEvent.
            let opened = open(&headers, &payload);
            assert_eq!(opened.is_none(), *name == "specversion");
            assert_eq!(
                opened.is_some_and(|opened| opened.is_err()),
                *required && *name != "specversion"
            );
        }
    }
}

#[test]
fn values_are_percent_encoded_in_headers() {
    let mut attributes = valid();
    attributes.push(("note", "Euro € 😀".to_owned()));
    attributes.push(("more", "a \"b\" 100%~!\u{7f}".to_owned()));
    let [_, (headers, _), _] = written(&attributes);
    assert_eq!(headers.get("ce-note"), Some("Euro%20%E2%82%AC%20%F0%9F%98%80"));
    assert_eq!(headers.get("ce-more"), Some("a%20%22b%22%20100%25~!%7F"));
    assert!(headers.iter().all(|(name, value)| {
        header::is_value(value) && (name.starts_with("ce-") || name == "content-type")
    }));
    assert_eq!(headers.get("content-type"), Some("application/json"));
}

#[test]
fn headers_of_others_are_read() {
    let headers = |more: &[(&str, &str)]| {
        let mut headers = Headers::new();
        for (name, value) in
            [("ce-specversion", "1.0"), ("ce-source", "/x"), ("ce-type", "t")].iter().chain(more)
        {
            headers.push((*name).to_owned(), (*value).to_owned());
        }
        open(&headers, &Bytes::from_static(b"{}")).unwrap().map(|opened| opened.event)
    };
    for (value, expected) in [
        ("Euro € 😀", "Euro € 😀"),
        ("%45uro%20%e2%82%ac", "Euro €"),
        ("100%", "100%"),
        (r#""two \"words\" \\""#, r#"two "words" \"#),
        (r#""%22""#, "\""),
    ] {
        assert_eq!(headers(&[("Ce-Id", value)]).unwrap().id(), expected);
    }
    let overlong = headers(&[("ce-id", "%C0%A0")]).unwrap_err();
    assert_eq!(overlong.to_string(), "its attribute \"id\" is not UTF-8");
    assert!(headers(&[("ce-id", "1"), ("CE-ID", "2")]).is_err());
    let text = headers(&[("ce-id", "1"), ("Content-Type", "text/xml")]).unwrap_err();
    assert!(matches!(text, CloudEventFault::DataContentType { found } if found == "text/xml"));
}

fn envelope(more: &Value) -> Result<Opened, CloudEventFault> {
    let mut envelope = json!({"specversion": "1.0", "id": "1", "source": "/x", "type": "t"});
    let object = envelope.as_object_mut().unwrap();
    object.extend(more.as_object().unwrap().clone());
    structured::read(&Bytes::from(envelope.to_string()))
}

#[test]
fn data_comes_as_json_as_base64_or_not_at_all() {
    let data = |more| envelope(&more).map(|opened| opened.data).map_err(|error| error.to_string());
    assert_eq!(data(json!({"data": {"a": [1, "}"]}})).unwrap(), r#"{"a":[1,"}"]}"#);
    assert_eq!(data(json!({"data": null})).unwrap(), "null");
    assert_eq!(data(json!({"data": "text"})).unwrap(), "\"text\"");
    assert_eq!(data(json!({"data_base64": "eyJhIjoxfQ=="})).unwrap(), "{\"a\":1}");
    assert_eq!(data(json!({})).unwrap(), "");
    assert_eq!(data(json!({"data_base64": null, "subject": null})).unwrap(), "");
    assert!(data(json!({"data_base64": "a b"})).unwrap_err().contains("base64"));
    assert!(data(json!({"data_base64": 7})).unwrap_err().contains("base64"));
    assert!(data(json!({"data": 1, "data_base64": "MQ=="})).unwrap_err().contains("twice"));
    assert!(data(json!({"data": "<x/>", "datacontenttype": "text/xml"})).is_err());
    // Nothing of it is rounded or put in another order.
    let text = r#"{"data": {"b":1.10, "a":123456789012345678901234567890}, "specversion":"1.0","id":"1","source":"/x","type":"t"}"#;
    let opened = structured::read(&Bytes::from(text)).unwrap();
    assert_eq!(opened.data, r#"{"b":1.10, "a":123456789012345678901234567890}"#);
}

#[test]
fn attributes_are_texts_numbers_and_booleans() {
    let event = envelope(&json!({"tries": 3, "urgent": true, "note": "n", "none": null})).unwrap();
    let extensions: Vec<_> = event.event.extensions().collect();
    assert!(["tries", "urgent", "note"].iter().all(|name| event.event.attribute(name).is_some()));
    assert_eq!((extensions.len(), event.event.attribute("tries")), (3, Some("3")));
    assert!(envelope(&json!({"note": {"a": 1}})).is_err());
    assert!(envelope(&json!({"id": 7})).is_err());
    assert!(envelope(&json!({"subject": []})).is_err());
}

#[test]
fn what_is_no_envelope() {
    for text in ["", "{", "[]", "7", "null", "{\"specversion\":\"1.0\"", "\u{feff}{}", "[{}]"] {
        let error = structured::read(&Bytes::from(text)).unwrap_err();
        assert!(matches!(error, CloudEventFault::Envelope { .. }), "{text:?}: {error}");
    }
    assert!(structured::read(&Bytes::from_static(b"{\"id\":\"\xff\"}")).is_err());
    let twice = r#"{"specversion":"1.0","id":"1","id":"2","source":"/x","type":"t"}"#;
    assert!(structured::read(&Bytes::from(twice)).unwrap_err().to_string().contains("twice"));
    let deep = format!("{{\"data\":{}", "[".repeat(100_000));
    assert!(structured::read(&Bytes::from(deep)).is_err());
    let mut headers = Headers::new();
    headers.set(header::CONTENT_TYPE, "application/cloudevents-batch+json");
    let batch = open(&headers, &Bytes::from_static(b"[]")).unwrap().unwrap_err();
    assert!(matches!(batch, CloudEventFault::Batch));
    headers.set(header::CONTENT_TYPE, "application/cloudevents+protobuf");
    let other = open(&headers, &Bytes::new()).unwrap().unwrap_err();
    assert!(matches!(other, CloudEventFault::Format { .. }));
    headers.set(header::CONTENT_TYPE, "application/json");
    assert!(open(&headers, &Bytes::new()).is_none());
}

#[test]
fn an_envelope_is_known_without_headers() {
    let [(_, payload), ..] = written(&valid());
    assert_eq!(
        open_unmarked(&payload).unwrap().event.event_type(),
        "com.github.pull_request.opened"
    );
    assert!(open_unmarked(&outgoing().payload).is_none());
    assert!(open_unmarked(&Bytes::from_static(b"{\"specversion\":\"1.0\"}")).is_none());
}

#[test]
fn options_are_checked() {
    for wrong in ["", "two words", "é", "1:2"] {
        assert!(
            matches!(CloudEvents::new(wrong), Err(CloudEventsError::Source { .. })),
            "{wrong:?}"
        );
    }
    let options = || CloudEvents::new("/shop").unwrap();
    for name in ["", "Tenant", "ten_ant", "é", "id", "data", "time", "specversion", "traceparent"]
    {
        let refused = options().extension(name, "x").unwrap_err();
        assert!(matches!(refused, CloudEventsError::ExtensionName { .. }), "{name:?}");
    }
    for value in ["", "a\nb", "\u{9b}", "\u{ffff}"] {
        assert!(matches!(options().extension("a1", value), Err(CloudEventsError::Value { .. })));
        assert!(options().subject(value).is_err());
    }
    assert!(options().extension("a1", "Euro € 😀").is_ok());
    assert!(matches!(options().data_schema_base("/x"), Err(CloudEventsError::DataSchema { .. })));
}

#[test]
fn a_message_says_what_it_is() {
    const WRITTEN: Declaration =
        Declaration::new("notes.written", 2, "notes.written.v2", "notes.written", "notes.written");
    let mut options = CloudEvents::new("/notes").unwrap();
    options = options.data_schema_base("https://notes.example/").unwrap();
    options = options.extension("tenant", "Euro € 😀").unwrap();
    let at = timestamp("2026-08-21T13:50:11.25Z");
    for options in [options.clone(), options.binary()] {
        let mut message = outgoing();
        message
            .headers
            .push(header::TRACE_PARENT, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
        message.headers.push("Content-Type", "application/cloudevents+json");
        let own_id = Some("notes.written/Zo%C3%AB%2Fx/7");
        options.wrap(&mut message, &WRITTEN, "the-id", own_id, at);
        let opened = open(&message.headers, &message.payload).unwrap().unwrap();
        let event = opened.event;
        assert_eq!(opened.data, outgoing().payload);
        assert_eq!((event.id(), event.source()), ("the-id", "/notes"));
        assert_eq!((event.event_type(), event.subject()), ("notes.written.v2", Some("Zoë/x/7")));
        assert_eq!(event.attribute("time"), Some("2026-08-21T13:50:11.25Z"));
        assert_eq!(event.time(), Some(at));
        assert_eq!(event.data_content_type(), Some("application/json"));
        assert_eq!(event.data_schema(), Some("https://notes.example/notes.written.v2"));
        assert_eq!(event.attribute("tenant"), Some("Euro € 😀"));
        assert!(event.attribute("traceparent").unwrap().starts_with("00-0af7"));
        let content_types: Vec<_> = message.headers.get_all("content-type").collect();
        let expected = match event.mode() {
            CloudEventMode::Structured => "application/cloudevents+json",
            CloudEventMode::Binary => "application/json",
        };
        assert_eq!(content_types, [expected]);
    }
    // Without id fields there is no subject, and one that is no text stays encoded.
    for (own_id, expected) in [(None, None), (Some("notes.written/a%0A"), Some("a%0A"))] {
        let options = CloudEvents::new("/notes").unwrap();
        let mut wrapped = outgoing();
        options.wrap(&mut wrapped, &WRITTEN, "1", own_id, at);
        let opened = open(&wrapped.headers, &wrapped.payload).unwrap().unwrap();
        assert_eq!(opened.event.subject(), expected);
    }
}

fn timestamp(text: &str) -> std::time::SystemTime {
    crate::timestamp::read(text).unwrap()
}
