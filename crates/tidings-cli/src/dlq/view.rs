//! A letter as it is shown.

use std::fmt::Write as _;
use std::time::SystemTime;

use data_encoding::BASE64;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tidings::DeadLetter;

use crate::moment;
use crate::terminal;

/// Dead letter in a line.
pub(super) fn line(letter: &DeadLetter) -> String {
    format!(
        "{:>6}  {}  {:<11}  {}/{}  {}  {}",
        letter.sequence(),
        moment::write(letter.put_aside_at()),
        terminal::line(letter.reason().as_str()),
        terminal::line(letter.stream()),
        terminal::line(letter.consumer()),
        terminal::line(letter.subject()),
        terminal::line(letter.error()),
    )
}

/// Dead letter with everything: headers and payload too.
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
            let _ = writeln!(text, "{name:<16} {}", terminal::line(&value));
        }
    }
    for (name, value) in letter.headers().iter() {
        let _ =
            writeln!(text, "{:<16} {}: {}", "header", terminal::line(name), terminal::line(value));
    }
    if let Some(raw) = letter.raw_headers() {
        let _ = writeln!(text, "{:<16} {} (base64)", "raw headers", BASE64.encode(raw));
    }
    if letter.is_gone() {
        let _ = writeln!(
            text,
            "{:<16} too large for a letter, and not in its stream any more",
            "original"
        );
    } else if letter.refers() {
        let _ = writeln!(text, "{:<16} too large for a letter, read from its stream", "original");
    }
    text.push_str(&payload(letter));
    text
}

/// The payload as it is stored, where it is text.
fn payload(letter: &DeadLetter) -> String {
    let bytes = letter.payload();
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => format!("{} (base64)", BASE64.encode(bytes)),
    }
}

/// A payload that is JSON, digit by digit and key by key as it is stored, in one line.
///
/// Parsed into values, a key that is there twice would be gone, and the last digits of a long number.
fn stored(payload: &[u8]) -> Option<Box<RawValue>> {
    // Line ends stand in JSON between tokens alone: in a text they are escaped.
    let text = std::str::from_utf8(payload).ok()?.replace(['\n', '\r'], " ");
    RawValue::from_string(text).ok()
}

/// Dead letter as JSON; headers and payload where everything is asked for.
pub(super) fn json(letter: &DeadLetter, whole: bool) -> Shown {
    let time = |time: Option<SystemTime>| time.map(moment::write);
    let letter_json = json!({
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
    let whole = whole.then(|| Whole {
        headers: letter
            .headers()
            .iter()
            .map(|(name, value)| [name, value].map(str::to_owned))
            .collect(),
        raw_headers: letter.raw_headers().map(|raw| BASE64.encode(raw)),
        payload: stored(letter.payload()),
        payload_base64: BASE64.encode(letter.payload()),
    });
    Shown { letter: letter_json, whole }
}

/// A letter as JSON.
#[derive(Serialize)]
pub(super) struct Shown {
    #[serde(flatten)]
    letter: Value,
    #[serde(flatten)]
    whole: Option<Whole>,
}

/// The part of it that is shown of one letter alone.
#[derive(Serialize)]
struct Whole {
    headers: Vec<[String; 2]>,
    raw_headers: Option<String>,
    payload: Option<Box<RawValue>>,
    payload_base64: String,
}
