//! A letter as it is shown.

use std::fmt::Write as _;
use std::time::SystemTime;

use data_encoding::BASE64;
use serde_json::{Value, json};
use tidings::DeadLetter;

use crate::moment;
use crate::output::tame;

/// In a line.
pub(super) fn line(letter: &DeadLetter) -> String {
    format!(
        "{:>6}  {}  {:<11}  {}/{}  {}  {}",
        letter.sequence(),
        moment::write(letter.put_aside_at()),
        letter.reason().as_str(),
        letter.stream(),
        letter.consumer(),
        tame(letter.subject()),
        tame(letter.error()),
    )
}

/// With everything.
pub(super) fn whole(letter: &DeadLetter) -> String {
    let mut text = String::new();
    let time = |time: Option<SystemTime>| time.map(moment::write);
    let number = |number: Option<u64>| number.map(|number| number.to_string());
    for (name, value) in [
        ("sequence", Some(letter.sequence().to_string())),
        ("put aside at", Some(moment::write(letter.put_aside_at()))),
        ("reason", Some(letter.reason().to_string())),
        ("error", Some(letter.error().to_owned()).filter(|error| !error.is_empty())),
        ("attempts", number(letter.attempts())),
        ("first failed at", time(letter.first_failed_at())),
        ("last failed at", time(letter.last_failed_at())),
        ("consumer", Some(letter.consumer().to_owned())),
        ("stream", Some(letter.stream().to_owned())),
        ("its sequence", number(letter.original_sequence())),
        ("stored at", time(letter.stored_at())),
        ("subject", Some(letter.subject().to_owned())),
        ("message id", letter.message_id().map(str::to_owned)),
        ("redriven", Some(letter.redriven().to_string())),
    ] {
        if let Some(value) = value {
            // Writing to a text can't fail.
            let _ = writeln!(text, "{name:<16} {}", tame(&value));
        }
    }
    for (name, value) in letter.headers().iter() {
        let _ = writeln!(text, "{:<16} {}: {}", "header", tame(name), tame(value));
    }
    if let Some(raw) = letter.raw_headers() {
        let _ = writeln!(text, "{:<16} {} (base64)", "raw headers", BASE64.encode(raw));
    }
    text.push_str(&payload(letter));
    text
}

/// The payload as text, where it is.
fn payload(letter: &DeadLetter) -> String {
    let bytes = letter.payload();
    if let Ok(value) = serde_json::from_slice::<Value>(bytes)
        && let Ok(pretty) = serde_json::to_string_pretty(&value)
    {
        return pretty;
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => tame(text),
        Err(_) => format!("{} (base64)", BASE64.encode(bytes)),
    }
}

/// As JSON; headers and payload where everything is asked for.
pub(super) fn json(letter: &DeadLetter, whole: bool) -> Value {
    let time = |time: Option<SystemTime>| time.map(moment::write);
    let mut value = json!({
        "sequence": letter.sequence(),
        "put_aside_at": moment::write(letter.put_aside_at()),
        "reason": letter.reason().as_str(),
        "error": letter.error(),
        "attempts": letter.attempts(),
        "first_failed_at": time(letter.first_failed_at()),
        "last_failed_at": time(letter.last_failed_at()),
        "consumer": letter.consumer(),
        "stream": letter.stream(),
        "original_sequence": letter.original_sequence(),
        "stored_at": time(letter.stored_at()),
        "subject": letter.subject(),
        "message_id": letter.message_id(),
        "redriven": letter.redriven(),
    });
    if whole {
        let headers: Vec<_> = letter.headers().iter().map(|(name, value)| [name, value]).collect();
        value["headers"] = json!(headers);
        value["raw_headers"] = json!(letter.raw_headers().map(|raw| BASE64.encode(raw)));
        value["payload"] = serde_json::from_slice(letter.payload()).unwrap_or(Value::Null);
        value["payload_base64"] = BASE64.encode(letter.payload()).into();
    }
    value
}
